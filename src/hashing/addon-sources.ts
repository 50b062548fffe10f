/** What the hashing addon is made of, as one digest: an addon that says another one was compiled from other sources. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Undefined where the sources are not there. The authors' code, which is large, counts through the note that says which version it is. */
export function addonSources(): string | undefined {
  try {
    const hash = createHash('sha256')
    for (const name of [
      ...readdirSync(FOLDER)
        .filter((entry) => /\.[ch]$/.test(entry))
        .sort(),
      'build',
      'blake3/UPSTREAM.md',
    ])
      hash.update(`${name}\0`).update(readFileSync(join(FOLDER, name)))
    return hash.digest('hex')
  } catch {
    return undefined
  }
}

const FOLDER = join(import.meta.dirname, 'native')
