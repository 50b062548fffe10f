/** Writes a backup into a folder of its own while the daemon signs: complete, or not there at all. Nothing in it works without the token or an identity. */
import { closeSync, copyFileSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Clock, SealstoneError } from '#core'
import type { Database } from '#db'
import { keyMaterialJson, type KeyHost } from '#keyhost'
import { describeVersion, type KeyRecord, type KeyStore } from '#keys'
import { BACKUP_FILES, BACKUP_SCHEMA, type BackupManifest, writeSums } from './backup-format.ts'
import type { HomePaths } from './home.ts'

export interface BackupParts {
  readonly paths: HomePaths
  readonly database: Database
  readonly keys: KeyStore
  readonly keyHost: Pick<KeyHost, 'tokenInfo'>
  readonly log: { readonly origin: string }
  readonly size: () => bigint
  readonly clock: Clock
}

/** What was written, and where below the state directory. Throws DATABASE_UNAVAILABLE or OUTPUT_UNWRITABLE; nothing stays then. */
export async function writeBackup(parts: BackupParts): Promise<{ readonly folder: string; readonly manifest: BackupManifest }> {
  const { paths, clock } = parts
  const name = clock.now().toISOString().replaceAll(/[:.]/g, '-')
  const folder = join(paths.backups, name)
  const unfinished = join(paths.backups, `.${name}`)
  try {
    mkdirSync(paths.backups, { recursive: true, mode: 0o700 })
    const waiting = readdirSync(paths.backups).filter((other) => !other.startsWith('.'))
    if (waiting.length >= MOST_WAITING) {
      throw new SealstoneError('OUTPUT_UNWRITABLE', `${waiting.length} backups lie in ${paths.backups} already, want fewer than ${MOST_WAITING}`, {
        hint: 'move them away: they take the space that the audit log needs',
      })
    }
    // What a daemon that died left is of no use to anybody.
    rmSync(unfinished, { recursive: true, force: true })
    mkdirSync(join(unfinished, 'recovery'), { recursive: true, mode: 0o700 })
    const manifest = await fill(unfinished, parts)
    renameSync(unfinished, folder)
    flush(paths.backups)
    return { folder, manifest }
  } catch (cause) {
    rmSync(unfinished, { recursive: true, force: true })
    if (cause instanceof SealstoneError) throw cause
    throw new SealstoneError('OUTPUT_UNWRITABLE', `the backup cannot be written to ${paths.backups} (${(cause as NodeJS.ErrnoException).code})`, {
      cause,
    })
  }
}

async function fill(folder: string, { paths, database, keys, keyHost, log, size, clock }: BackupParts): Promise<BackupManifest> {
  const treeSize = Number(size())
  await database.copyTo(join(folder, BACKUP_FILES.database))
  // After the copy, so that every key in it is described; a key that was made since is in neither list's blobs but in the next backup.
  const records = keys.list()
  const { label, serial, model } = await keyHost.tokenInfo()
  const living = records.filter(({ state }) => state !== 'destroyed')
  const manifest: BackupManifest = {
    schema: BACKUP_SCHEMA,
    createdAt: clock.now().toISOString(),
    origin: log.origin,
    treeSize,
    token: { label, serial, model },
    recoverable: living.filter(isRecoverable).map(describeVersion),
    notRecoverable: living.filter((record) => !isRecoverable(record)).map(describeVersion),
  }
  const put = (name: string, content: string | Uint8Array): void =>
    writeFileSync(join(folder, name), content, { mode: 0o600, flag: 'wx', flush: true })
  put(BACKUP_FILES.manifest, `${JSON.stringify(manifest, undefined, 2)}\n`)
  put(BACKUP_FILES.keys, `${JSON.stringify(keysJson(keys, records), undefined, 2)}\n`)
  copyFileSync(paths.config, join(folder, BACKUP_FILES.config))
  for (const { keyId, version, recovery } of [...records.flatMap(materialsOf), ...logMaterials(keys)])
    if (recovery !== undefined) put(join('recovery', `${keyId}.v${version}.age`), recovery)
  put(BACKUP_FILES.sums, await writeSums(folder))
  for (const path of [BACKUP_FILES.database, BACKUP_FILES.config, 'recovery', '']) flush(join(folder, path))
  return manifest
}

function isRecoverable(record: KeyRecord): boolean {
  return materialsOf(record).every(({ recovery }) => recovery !== undefined)
}

function keysJson(keys: KeyStore, records: readonly KeyRecord[]): object {
  const withoutBlob = (key: KeyRecord['hybrid']): object => {
    const { recovery: _file, ...json } = keyMaterialJson(key)
    return json
  }
  return {
    log: logMaterials(keys).map(withoutBlob),
    keys: records.map(({ hybrid, companion, ...record }) => ({
      ...record,
      policy: keys.policy(record.name),
      hybrid: withoutBlob(hybrid),
      ...(companion === undefined ? {} : { companion: withoutBlob(companion) }),
    })),
  }
}

function materialsOf({ hybrid, companion }: KeyRecord): KeyRecord['hybrid'][] {
  return companion === undefined ? [hybrid] : [hybrid, companion]
}

function logMaterials(keys: KeyStore): KeyRecord['hybrid'][] {
  const { ed25519, mlDsa44 } = keys.logKeys()
  return [ed25519, mlDsa44]
}

function flush(path: string): void {
  const file = openSync(path, 'r')
  fsyncSync(file)
  closeSync(file)
}

/** Made and not fetched: a caller that asks again and again must not fill the disk. */
const MOST_WAITING = 8
