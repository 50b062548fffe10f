/** Remembers the newest trust file of each log that was used here, so that an older one, or one by other log keys, is refused. */
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { excerpt, parseStrictObject, readArray, readObject, readText, readWholeNumber, SealstoneError } from '#core'
import { type TrustFile, trustSignedBytes } from '#envelopes'
import { readDocument } from './read-document.ts'

interface Seen {
  readonly serial: number
  /** Hex SHA-256 of what its signatures are over: signed twice it is the same. */
  readonly digest: string
  readonly keys: readonly string[]
}

/**
 * Compares a trust file, whose signatures were verified, with what was used before, and remembers it if it is newer.
 * @param folder made if it is not there; where it cannot be written nothing is remembered
 * Throws TRUST_ROLLBACK for an older file or another one of the same number, TRUST_INVALID for other log keys under the same name.
 */
export async function rememberTrust(folder: string, trust: TrustFile): Promise<void> {
  const { log, serial } = trust
  const path = join(folder, `${sha256(Buffer.from(log.origin))}.json`)
  const now: Seen = { serial, digest: sha256(trustSignedBytes(trust)), keys: log.keys }
  const seen = await readSeen(path)
  if (seen !== undefined) {
    if (seen.keys.join() !== log.keys.join()) {
      throw new SealstoneError('TRUST_INVALID', `trust file: the log ${excerpt(log.origin)} had other keys when it was used before`, {
        hint: `ask its operator; if the log was set up anew, remove ${path}`,
      })
    }
    if (serial < seen.serial) throw new SealstoneError('TRUST_ROLLBACK', `the trust file has number ${serial}, number ${seen.serial} was used before`)
    if (serial > seen.serial) await remember(path, now)
    else if (seen.digest !== now.digest)
      throw new SealstoneError('TRUST_ROLLBACK', `the trust file has number ${serial} and is another one than that used before`, {
        hint: 'two of one number must not be: ask the operator of the log',
      })
    return
  }
  await remember(path, now)
}

/** A file that is damaged is an answer too: nobody else writes it. */
async function readSeen(path: string): Promise<Seen | undefined> {
  const bytes = await readDocument(path, MAX_BYTES)
  if (bytes === undefined) return undefined
  try {
    const object = readObject(parseStrictObject(bytes, { maxBytes: MAX_BYTES }), 'memory', ['serial', 'digest', 'keys'])
    return {
      serial: readWholeNumber(object, 'serial', 1),
      digest: readText(object, 'digest', 64),
      keys: readArray(object, 'keys', 2, 2).map(String),
    }
  } catch (cause) {
    throw new SealstoneError('TRUST_INVALID', `${path}, which remembers the trust files used here, is damaged`, { cause, hint: 'remove it' })
  }
}

async function remember(path: string, seen: Seen): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    await mkdir(join(path, '..'), { recursive: true, mode: 0o700 })
    await writeFile(temporary, `${JSON.stringify(seen)}\n`, { mode: 0o600 })
    await rename(temporary, path)
  } catch {
    // A read-only home verifies as well; it only forgets.
    await rm(temporary, { force: true }).catch(() => {})
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

const MAX_BYTES = 16_384
