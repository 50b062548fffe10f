/** What a backup folder holds, and reading one that nobody vouches for: every file named, hashed and bounded before it is used. */
import { createHash } from 'node:crypto'
import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, isJsonObject, type JsonObject, LIMITS, parseStrictJson, SealstoneError } from '#core'

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
export async function readBackup(folder: string): Promise<BackupManifest> {
  const found = listFiles(folder)
  if (!found.has(BACKUP_FILES.sums)) throw invalid(`${BACKUP_FILES.sums} is missing: is ${folder} what sealstone keys backup wrote?`)
  const sums = readSums(folder)
  found.delete(BACKUP_FILES.sums)
  for (const name of [BACKUP_FILES.manifest, BACKUP_FILES.database, BACKUP_FILES.keys, BACKUP_FILES.config])
    if (!sums.has(name)) throw invalid(`${name} is missing in ${BACKUP_FILES.sums}`)
  for (const [name, size] of found) {
    if (!sums.has(name)) throw invalid(`${name} is not in ${BACKUP_FILES.sums}`)
    const most = name.includes('/') ? MOST_BYTES.recovery : MOST_BYTES[name]
    if (most !== undefined && size > most) throw invalid(`${name} is ${size} bytes, want at most ${most}`)
  }
  for (const [name, wanted] of sums) {
    if (!found.has(name)) throw invalid(`${name} is missing`)
    const is = await hashFile(join(folder, name))
    if (is !== wanted) throw invalid(`${name} has the SHA-256 ${is}, want ${wanted}`)
  }
  return parseManifest(readBounded(join(folder, BACKUP_FILES.manifest), MOST_BYTES[BACKUP_FILES.manifest] ?? 0))
}

/** A file of a backup that `readBackup` took, as text. */
export function readConfigOf(folder: string): string {
  return readBounded(join(folder, BACKUP_FILES.config), LIMITS.configFileBytes)
}

/** As `sha256sum -c` takes it. In pieces, so that others are served meanwhile. */
export async function writeSums(folder: string): Promise<string> {
  const lines: string[] = []
  for (const name of [...listFiles(folder).keys()].filter((known) => known !== BACKUP_FILES.sums))
    lines.push(`${await hashFile(join(folder, name))}  ${name}\n`)
  return lines.join('')
}

/** Regular files with their sizes, here and in `recovery`, in order. Nothing is followed and nothing opened. */
function listFiles(folder: string): Map<string, number> {
  const files = new Map<string, number>()
  const look = (below: string): void => {
    for (const name of namesIn(join(folder, below))) {
      const path = below === '' ? name : `${below}/${name}`
      const stats = lstatSync(join(folder, path))
      if (stats.isDirectory() && path === 'recovery') look(path)
      else if (stats.isFile()) files.set(path, stats.size)
      else throw invalid(`${path} is no regular file`)
      if (files.size > MAX_FILES) throw invalid(`it holds more than ${MAX_FILES} files`)
    }
  }
  look('')
  return files
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort()
  } catch (cause) {
    throw new SealstoneError('BACKUP_INVALID', `${folder} cannot be read (${(cause as NodeJS.ErrnoException).code})`, { cause })
  }
}

function readSums(folder: string): Map<string, string> {
  const sums = new Map<string, string>()
  const lines = readBounded(join(folder, BACKUP_FILES.sums), MAX_SUMS_BYTES).split('\n')
  for (const line of lines.slice(0, -1)) {
    const match = /^([0-9a-f]{64}) {2}((?:recovery\/)?[A-Za-z0-9][A-Za-z0-9._-]{0,120})$/.exec(line)
    const [, hash = '', name = ''] = match ?? []
    if (match === null || sums.has(name)) throw invalid(`${BACKUP_FILES.sums} has a line that is none: ${JSON.stringify(line.slice(0, 100))}`)
    sums.set(name, hash)
  }
  return sums
}

/** A small regular file, whatever has become of it since it was listed. */
function readBounded(path: string, most: number): string {
  const file = openSync(path, CAREFULLY)
  try {
    const stats = fstatSync(file)
    if (!stats.isFile() || stats.size > most)
      throw invalid(`${path} is ${stats.isFile() ? `${stats.size} bytes, want at most ${most}` : 'no regular file'}`)
    const bytes = Buffer.alloc(stats.size)
    return bytes.toString('utf8', 0, readSync(file, bytes))
  } finally {
    closeSync(file)
  }
}

/** A database may be larger than memory. */
async function hashFile(path: string): Promise<string> {
  const file = await open(path, CAREFULLY)
  try {
    if (!(await file.stat()).isFile()) throw invalid(`${path} is no regular file`)
    const hash = createHash('sha256')
    for await (const chunk of file.createReadStream({ autoClose: false, highWaterMark: 1 << 20 })) hash.update(chunk as Buffer)
    return hash.digest('hex')
  } finally {
    await file.close()
  }
}

function parseManifest(text: string): BackupManifest {
  const value = parseStrictJson(text, { maxBytes: MAX_JSON_BYTES })
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

const CAREFULLY = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
const MAX_FILES = 100_000
const MAX_SUMS_BYTES = 16 * 1024 * 1024
const MAX_JSON_BYTES = 16 * 1024 * 1024
/** Of everything but the database, whose size nobody can know. */
const MOST_BYTES: Readonly<Record<string, number>> = {
  [BACKUP_FILES.manifest]: MAX_JSON_BYTES,
  [BACKUP_FILES.keys]: 512 * 1024 * 1024,
  [BACKUP_FILES.config]: LIMITS.configFileBytes,
  recovery: 65_536,
}
