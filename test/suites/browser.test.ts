/** A page verifies signatures with this room: the door and the portable engine bundle for a browser, and run with nothing of Node. */
import { createContext, runInContext } from 'node:vm'
import { build } from 'esbuild'
import { expect, it } from 'vitest'

const options = { bundle: true, write: false, platform: 'browser', format: 'esm', metafile: true, logLevel: 'silent' } as const

it.each(['src/suites/index.ts', 'src/suites/portable/index.ts'])('bundles %s for a browser', async (entry) => {
  const { metafile } = await build({ ...options, entryPoints: [entry] })
  expect(Object.values(metafile.outputs).flatMap(({ imports }) => imports)).toEqual([])
  expect(Object.keys(metafile.inputs).filter((path) => path.includes('suites/native'))).toEqual([])
})

it('would see the native engine', async () => {
  await expect(build({ ...options, entryPoints: ['src/suites/native/index.ts'] })).rejects.toThrow('node:crypto')
})

it('keeps the door free of packages: an engine is loaded by who wants it', async () => {
  const { metafile } = await build({ ...options, entryPoints: ['src/suites/index.ts'] })
  expect(Object.keys(metafile.inputs).filter((path) => path.includes('node_modules'))).toEqual([])
})

it('passes its own tests where there is no Node', async () => {
  const entry = {
    contents: "import { selfTest } from '#suites'\nimport { portableEngine } from '#suites/portable'\nselfTest(portableEngine())",
    resolveDir: 'src',
  }
  const { outputFiles } = await build({ ...options, format: 'iife', stdin: entry })
  const page = createContext({ crypto, TextEncoder, TextDecoder, done: false })
  runInContext(`${outputFiles[0]?.text}\ndone = typeof process === 'undefined' && typeof require === 'undefined'`, page)
  expect(page['done']).toBe(true)
})
