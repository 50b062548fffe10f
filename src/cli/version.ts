/** The version of this program, from the package. */
import { readFileSync } from 'node:fs'

export function readVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
  return manifest.version
}
