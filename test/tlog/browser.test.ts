/** The console's page loads this room: it must bundle for a browser, with no node: module in it. */
import { build } from 'esbuild'
import { expect, it } from 'vitest'

const options = { bundle: true, write: false, platform: 'browser', format: 'esm', metafile: true, logLevel: 'silent' } as const

it('bundles for a browser', async () => {
  const { metafile, outputFiles } = await build({ ...options, entryPoints: ['src/tlog/index.ts'] })
  const outside = Object.values(metafile.outputs).flatMap(({ imports }) => imports)
  expect(outside).toEqual([])
  expect(outputFiles[0]?.text).toContain('c2sp.org/tlog-proof@v1')
})

it('would see a room that needs Node', async () => {
  await expect(build({ ...options, entryPoints: ['src/db/index.ts'] })).rejects.toThrow('Could not resolve "node:')
})
