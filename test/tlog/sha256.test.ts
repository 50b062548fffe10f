/** Node hashes trees with node:crypto and a browser with @noble: each must say what the other says. */
import { randomBytes } from 'node:crypto'
import { build } from 'esbuild'
import { expect, it } from 'vitest'
import { sha256 as native } from '../../src/tlog/sha256/native.ts'
import { sha256 as portable } from '../../src/tlog/sha256/portable.ts'

it('is the same in both, for every length around the block size', () => {
  for (const length of [0, 1, 31, 32, 55, 56, 63, 64, 65, 119, 120, 1000, 65_535]) {
    const bytes = new Uint8Array(randomBytes(length))
    expect(native(bytes)).toEqual(portable(bytes))
  }
})

it('has the digest of FIPS 180-4 for "abc"', () => {
  expect(native(new TextEncoder().encode('abc')).toHex()).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
})

it('is node:crypto in Node and @noble in a browser', async () => {
  const inputs = async (platform: 'node' | 'browser') => {
    const { metafile } = await build({ entryPoints: ['src/tlog/index.ts'], bundle: true, write: false, format: 'esm', metafile: true, platform })
    return Object.keys(metafile.inputs).filter((path) => path.includes('sha256/'))
  }
  expect(await inputs('node')).toEqual(['src/tlog/sha256/native.ts'])
  expect(await inputs('browser')).toEqual(['src/tlog/sha256/portable.ts'])
})
