/** The page runs in a browser: it bundles with nothing of Node, and a module of Node behind it would be seen. */
import { build } from 'esbuild'
import { expect, it } from 'vitest'

const options = { bundle: true, write: false, platform: 'browser', format: 'esm', metafile: true, logLevel: 'silent', outdir: 'out' } as const

it.each(['src/console/page/page.tsx', 'src/console/page/verifier.ts', 'src/envelopes/trust/index.ts'])('bundles %s for a browser', async (entry) => {
  const { metafile } = await build({ ...options, jsx: 'automatic', jsxImportSource: 'preact', entryPoints: [entry] })
  expect(Object.values(metafile.outputs).flatMap(({ imports }) => imports)).toEqual([])
})

it('would see a module of Node', async () => {
  await expect(build({ ...options, entryPoints: ['src/envelopes/index.ts'] })).rejects.toThrow('node:')
})
