/** Bundles the page for browsers; run by `.ci/setup`, never by the daemon. Usage: node src/console/build-page.ts */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { build } from 'esbuild'
import { PAGE_FOLDER } from './page-files.ts'

const ROOT = join(import.meta.dirname, '../..')
const PAGE = join(import.meta.dirname, 'page')
const COPIED = ['index.html', 'icon.svg']

const { metafile, outputFiles } = await build({
  entryPoints: [join(PAGE, 'page.tsx'), join(PAGE, 'verifier.ts'), join(PAGE, 'page.css')],
  outdir: PAGE_FOLDER,
  absWorkingDir: ROOT,
  bundle: true,
  write: false,
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
for (const { path, contents } of outputFiles) put(basename(path), contents)
for (const name of COPIED) put(name, readFileSync(join(PAGE, name)))
// What the page was made of: the set-up bundles it again when one of these has changed.
const inputs = [...Object.keys(metafile.inputs), ...COPIED.map((name) => relative(ROOT, join(PAGE, name))), relative(ROOT, import.meta.filename)]
put('inputs', `${inputs.sort().join('\n')}\n`)

/** Whole or not at all: a console that starts meanwhile reads the old file or the new one. */
function put(name: string, contents: Uint8Array | string): void {
  const temporary = join(PAGE_FOLDER, `${name}.${process.pid}`)
  writeFileSync(temporary, contents)
  renameSync(temporary, join(PAGE_FOLDER, name))
}
