/** The page as `make setup` bundled it: a handful of files, read once when the console starts. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SealstoneError } from '#core'

export interface PageFile {
  readonly type: string
  readonly bytes: Buffer
}

export const PAGE_FOLDER = join(import.meta.dirname, '../../.cache/console')

/** By path. Throws CONFIG_INVALID where the page was not bundled. */
export function readPage(folder: string = PAGE_FOLDER): ReadonlyMap<string, PageFile> {
  try {
    return new Map(Object.entries(FILES).map(([path, { name, type }]) => [path, { type, bytes: readFileSync(join(folder, name)) }]))
  } catch (cause) {
    throw new SealstoneError('CONFIG_INVALID', `console.listen is set, but the console's page is not in ${folder}`, {
      cause,
      hint: 'run make setup, which bundles it, or remove [console] from config.toml',
    })
  }
}

const FILES = {
  '/': { name: 'index.html', type: 'text/html; charset=utf-8' },
  '/page.js': { name: 'page.js', type: 'text/javascript; charset=utf-8' },
  '/verifier.js': { name: 'verifier.js', type: 'text/javascript; charset=utf-8' },
  '/page.css': { name: 'page.css', type: 'text/css; charset=utf-8' },
  '/icon.svg': { name: 'icon.svg', type: 'image/svg+xml' },
} as const
