/** Tells who is behind the pseudonyms in the log: for holders of the key, among the identities that they know. */
import { statSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SealstoneError } from '#core'

export interface WhoIsOptions {
  /** Files of keys; default are those in the state directory. */
  readonly pseudonymKey?: readonly string[]
  /** A file with identities, one a line; empty lines and those that begin with # are none. */
  readonly identities?: string
}

/** From pseudonym to identity. Throws USAGE where there is no key, FILE_UNREADABLE, HOME_INSECURE, CONFIG_INVALID or INPUT_TOO_LARGE. */
export async function readWhoIs(
  home: string,
  { pseudonymKey, identities }: WhoIsOptions,
  more: readonly string[] = [],
): Promise<Map<string, string>> {
  const { pseudonymOf, readPseudonymKey, readPseudonymKeys } = await import('#pseudonyms')
  const keys = pseudonymKey?.map(readPseudonymKey) ?? readPseudonymKeys(join(home, 'pseudonym.key'))
  if (keys.length === 0) throw new SealstoneError('USAGE', `there is no pseudonym.key in ${home}`, { hint: 'name the key with --pseudonym-key FILE' })
  const candidates = [...more, ...(identities === undefined ? [] : readIdentities(identities))]
  return new Map(keys.flatMap((key) => candidates.map((identity) => [pseudonymOf(key, identity), identity] as const)))
}

function readIdentities(path: string): string[] {
  try {
    const { size } = statSync(path)
    if (size > MOST_BYTES) throw new SealstoneError('INPUT_TOO_LARGE', `${path} is ${size} bytes, want at most ${MOST_BYTES}`)
    return readFileSync(path, 'utf8')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('#'))
  } catch (cause) {
    if (cause instanceof SealstoneError) throw cause
    throw new SealstoneError('FILE_UNREADABLE', `${path} cannot be read (${(cause as NodeJS.ErrnoException).code})`, { cause })
  }
}

const MOST_BYTES = 64 * 1024 * 1024
