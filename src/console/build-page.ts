/** Bundles the page for browsers; run by `.ci/setup`, never by the daemon. Usage: node src/console/build-page.ts */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { build } from 'esbuild'
import { PAGE_FOLDER } from './page-files.ts'

const ROOT = join(import.meta.dirname, '../..')
const PAGE = join(import.meta.dirname, 'page')
const COPIED = ['index.html', 'icon.svg']

const { metafile } = await build({
  entryPoints: [join(PAGE, 'page.tsx'), join(PAGE, 'verifier.ts'), join(PAGE, 'page.css')],
  outdir: PAGE_FOLDER,
  absWorkingDir: ROOT,
  bundle: true,
  format: 'esm',
  platform: 'browser', // a module of Node anywhere behind the page stops here
  target: 'es2024',
  minify: true,
  legalComments: 'linked',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  metafile: true,
  logLevel: 'warning',
})
mkdirSync(PAGE_FOLDER, { recursive: true })
for (const name of COPIED) copyFileSync(join(PAGE, name), join(PAGE_FOLDER, name))
// What the page was made of: the set-up bundles it again when one of these has changed.
const inputs = [...Object.keys(metafile.inputs), ...COPIED.map((name) => relative(ROOT, join(PAGE, name))), relative(ROOT, import.meta.filename)]
writeFileSync(join(PAGE_FOLDER, 'inputs'), `${inputs.sort().join('\n')}\n`)
