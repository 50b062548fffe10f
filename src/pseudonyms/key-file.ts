/** The keys of pseudonyms as files: one line of hex each, for their owner alone. The newest is `pseudonym.key`, former ones lie beside it. */
import { existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { SealstoneError } from '#core'
import { Pseudonyms } from './pseudonym.ts'

/**
 * @param isUsed whether callers are written by pseudonyms now; a key is made if there is none. Former ones are read in either case.
 * Throws HOME_INSECURE for a file that others may read, CONFIG_INVALID for one that is no key.
 */
export function openPseudonyms(path: string, isUsed: boolean): Pseudonyms {
  if (isUsed && !existsSync(path)) makeKey(path)
  const [first, ...former] = readPseudonymKeys(path)
  if (isUsed) return new Pseudonyms(first, former)
  return new Pseudonyms(undefined, first === undefined ? former : [first, ...former])
}

/** `pseudonym.key` and all `pseudonym.key.…` beside it, by their names; those that are there. */
export function readPseudonymKeys(path: string): Uint8Array[] {
  const name = basename(path)
  if (!existsSync(dirname(path))) return []
  const names = readdirSync(dirname(path)).filter((found) => found === name || (found.startsWith(`${name}.`) && !found.endsWith('.new')))
  return names.sort().map((found) => readPseudonymKey(join(dirname(path), found)))
}

/** Throws FILE_UNREADABLE, HOME_INSECURE or CONFIG_INVALID. */
export function readPseudonymKey(path: string): Uint8Array {
  const { text, mode } = read(path)
  if ((mode & 0o077) !== 0) throw new SealstoneError('HOME_INSECURE', `${path} has mode 0${mode.toString(8)}, want 0600`)
  const [, hex] = /^([0-9a-f]{64})\n?$/.exec(text) ?? []
  if (hex === undefined)
    throw new SealstoneError('CONFIG_INVALID', `${path} is no key, want one line of ${2 * KEY_BYTES} hex digits`, {
      hint: 'put it back from where you keep a copy; a new key would give every caller another pseudonym',
    })
  return Uint8Array.fromHex(hex)
}

/** A crash in between leaves no key, and the next start makes one. */
function makeKey(path: string): void {
  const hex = crypto.getRandomValues(new Uint8Array(KEY_BYTES)).toHex()
  writeFileSync(`${path}.new`, `${hex}\n`, { mode: 0o600, flush: true })
  renameSync(`${path}.new`, path)
}

function read(path: string): { readonly text: string; readonly mode: number } {
  try {
    const { mode, size } = statSync(path)
    return { text: size > MOST_BYTES ? '' : readFileSync(path, 'utf8'), mode: mode & 0o777 }
  } catch (cause) {
    throw new SealstoneError('FILE_UNREADABLE', `${path} cannot be read (${(cause as NodeJS.ErrnoException).code})`, { cause })
  }
}

const KEY_BYTES = 32
const MOST_BYTES = 1024
