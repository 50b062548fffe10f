/** What a backup folder holds, and reading one that nobody vouches for: every file named, hashed and bounded before it is used. */
import { createHash } from 'node:crypto'
import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { describe, isJsonObject, type JsonObject, parseStrictJson, SealstoneError } from '#core'

export interface BackupManifest {
  readonly schema: typeof BACKUP_SCHEMA
  /** RFC 3339, UTC. */
  readonly createdAt: string
  readonly origin: string
  /** Entries of the audit log when the copy was begun; there may be a few more. */
  readonly treeSize: number
  /** The token that holds the keys. */
  readonly token: { readonly label: string; readonly serial: string; readonly model: string }
  /** Which key versions can be put back into another token. */
  readonly recoverable: readonly string[]
  readonly notRecoverable: readonly string[]
}

export const BACKUP_SCHEMA = 'application/vnd.sealstone.backup.v1+json'
export const BACKUP_FILES = {
  manifest: 'backup.json',
  database: 'sealstone.db',
  keys: 'keys.json',
  config: 'config.toml',
  sums: 'SHA256SUMS',
} as const

/** Throws BACKUP_INVALID for anything that is not exactly as the hash list says. */
export function readBackup(folder: string): BackupManifest {
  const sums = readSums(folder)
  const found = listFiles(folder).filter((name) => name !== BACKUP_FILES.sums)
  const stray = found.find((name) => !sums.has(name))
  if (stray !== undefined) throw invalid(`${stray} is not in ${BACKUP_FILES.sums}`)
  for (const name of [BACKUP_FILES.manifest, BACKUP_FILES.database, BACKUP_FILES.keys, BACKUP_FILES.config])
    if (!sums.has(name)) throw invalid(`${name} is missing in ${BACKUP_FILES.sums}`)
  for (const [name, wanted] of sums) {
    if (!found.includes(name)) throw invalid(`${name} is missing`)
    const is = hashFile(join(folder, name))
    if (is !== wanted) throw invalid(`${name} has the SHA-256 ${is}, want ${wanted}`)
  }
  return parseManifest(readFileSync(join(folder, BACKUP_FILES.manifest), 'utf8'))
}

/** As `sha256sum -c` takes it. */
export function writeSums(folder: string): string {
  const names = listFiles(folder).filter((name) => name !== BACKUP_FILES.sums)
  return names.map((name) => `${hashFile(join(folder, name))}  ${name}\n`).join('')
}

/** Regular files, two levels deep, in order. */
function listFiles(folder: string): string[] {
  let names: string[]
  try {
    names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  } catch (cause) {
    throw new SealstoneError('BACKUP_INVALID', `${folder} cannot be read (${(cause as NodeJS.ErrnoException).code})`, { cause })
  }
  if (names.length > MAX_FILES) throw invalid(`it holds ${names.length} files, want at most ${MAX_FILES}`)
  return names
    .filter((name) => {
      const stats = lstatSync(join(folder, name))
      if (stats.isDirectory()) return false
      if (!stats.isFile()) throw invalid(`${name} is no regular file`)
      return true
    })
    .sort()
}

function readSums(folder: string): Map<string, string> {
  const path = join(folder, BACKUP_FILES.sums)
  let text: string
  try {
    const { size } = lstatSync(path)
    if (size > MAX_SUMS_BYTES) throw invalid(`${BACKUP_FILES.sums} is ${size} bytes, want at most ${MAX_SUMS_BYTES}`)
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    if (cause instanceof SealstoneError) throw cause
    throw new SealstoneError('BACKUP_INVALID', `${path} cannot be read (${(cause as NodeJS.ErrnoException).code})`, {
      cause,
      hint: 'name the folder that sealstone keys backup wrote',
    })
  }
  const sums = new Map<string, string>()
  for (const line of text.split('\n').slice(0, -1)) {
    const match = /^([0-9a-f]{64})  ((?:recovery\/)?[A-Za-z0-9._-]{1,120})$/.exec(line)
    const [, hash = '', name = ''] = match ?? []
    if (match === null || name.split('/').some((part) => part.startsWith('.')) || sums.has(name))
      throw invalid(`${BACKUP_FILES.sums} has a line that is none: ${JSON.stringify(line.slice(0, 100))}`)
    sums.set(name, hash)
  }
  return sums
}

/** The file itself, in pieces: a database may be larger than memory. */
function hashFile(path: string): string {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    if (!fstatSync(file).isFile()) throw invalid(`${path} is no regular file`)
    const hash = createHash('sha256')
    const buffer = Buffer.allocUnsafe(1 << 20)
    for (let read = readSync(file, buffer); read > 0; read = readSync(file, buffer)) hash.update(buffer.subarray(0, read))
    return hash.digest('hex')
  } finally {
    closeSync(file)
  }
}

function parseManifest(text: string): BackupManifest {
  const value = parseStrictJson(text, { maxBytes: MAX_MANIFEST_BYTES })
  if (!isJsonObject(value)) throw invalid(`${BACKUP_FILES.manifest} is ${describe(value)}, want an object`)
  if (value.schema !== BACKUP_SCHEMA)
    throw new SealstoneError('BACKUP_INVALID', `the backup has the schema ${describe(value.schema)}, want ${BACKUP_SCHEMA}`, {
      hint: 'restore it with the version of Sealstone that wrote it',
    })
  const { token } = value
  const texts = (object: JsonObject, names: readonly string[]): boolean => names.every((name) => typeof object[name] === 'string')
  const lists = [value.recoverable, value.notRecoverable]
  const isGood =
    texts(value, ['createdAt', 'origin']) &&
    Number.isSafeInteger(value.treeSize) &&
    isJsonObject(token) &&
    texts(token, ['label', 'serial', 'model']) &&
    lists.every((list) => Array.isArray(list) && list.every((name) => typeof name === 'string'))
  if (!isGood) throw invalid(`${BACKUP_FILES.manifest} lacks a member or has one of another type`)
  return value as unknown as BackupManifest
}

function invalid(message: string): SealstoneError {
  return new SealstoneError('BACKUP_INVALID', message)
}

const MAX_FILES = 200_000
const MAX_SUMS_BYTES = 32 * 1024 * 1024
const MAX_MANIFEST_BYTES = 16 * 1024 * 1024
