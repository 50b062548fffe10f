/** Moves old entries of a state directory's log into cold storage: published there first, read back, and only then taken out of the database. */
import { AUDIT_MIGRATIONS, archivableEnd, archiveBundles, type ArchiveReport, databaseTiles } from '#audit'
import { defined, SealstoneError } from '#core'
import { acquireLock, openDatabase } from '#db'
import { publishLog } from '#publish'
import { logSignatureVerifier } from '#suites'
import { nativeEngine } from '#suites/native'
import { type LogVerifierKey, openCheckpoint } from '#tlog'
import { statSync } from 'node:fs'
import { loadConfig } from './config.ts'
import { checkHome } from './home.ts'

export interface ArchiveHomeOptions {
  readonly home: string
  /** Absolute. Must be the one of config.toml, by which everything else finds what was moved. Default: that one. */
  readonly directory?: string
  /** From a trust file: the state directory cannot vouch for itself. */
  readonly log: { readonly origin: string; readonly keys: readonly LogVerifierKey[] }
  /** Entries with a lower index. */
  readonly before?: bigint
  /** Entries that were written before. */
  readonly olderThan?: Date
  readonly onProgress?: (work: 'writing' | 'moving', done: number, total: number) => void
  readonly signal?: AbortSignal
}

export interface ArchiveHomeReport extends ArchiveReport {
  readonly directory: string
  /** Leaves in the log. */
  readonly size: bigint
  /** Of the database file, before and after. */
  readonly bytesBefore: number
  readonly bytesAfter: number
}

/**
 * The daemon must not run. A crash at any point leaves every entry in the database, or in cold storage and read back from there; the next run goes on.
 * Throws HOME_*, CONFIG_INVALID, DAEMON_RUNNING, DATABASE_UNAVAILABLE, AUDIT_CORRUPT, COLD_STORAGE_UNREADABLE, CANCELLED, and what `publishLog` throws.
 */
export async function archiveHome({ home, log, before, olderThan, onProgress, signal, ...options }: ArchiveHomeOptions): Promise<ArchiveHomeReport> {
  const paths = checkHome(home)
  const directory = coldDirectory(home, options.directory)
  // A daemon that runs may have been started without this setting, and would not find what is moved.
  const lock = acquireLock(paths.lock)
  try {
    const db = openDatabase(paths.database, AUDIT_MIGRATIONS)
    try {
      const bytesBefore = statSync(paths.database).size
      const source = databaseTiles(db, directory)
      const note = await source.checkpoint()
      const signed = openCheckpoint(note, log.keys, logSignatureVerifier(nativeEngine()))
      if (signed.origin !== log.origin)
        throw new SealstoneError('AUDIT_CORRUPT', `the log is named ${signed.origin}, the keys are those of ${log.origin}`)
      const end = archivableEnd(db, signed.size, defined({ before, olderThan }))
      if (end > 0n) {
        // Entries, tiles and then the checkpoint are on the disk when this returns. A crash before it leaves nothing but files that are written anew.
        const onWritten = (done: bigint, total: bigint): void => onProgress?.('writing', Number(done), Number(total))
        await publishLog({ source, directory, isPrivate: true, onProgress: onWritten, ...defined({ signal }) })
      }
      const onMoved = (done: number, total: number): void => onProgress?.('moving', done, total)
      const report = archiveBundles({ db, cold: directory, signed, end, onProgress: onMoved, ...defined({ signal }) })
      // A crash in here leaves a database that is larger than it has to be; this is done again by the next run, whether or not it moves anything.
      db.shrink()
      return { ...report, directory, size: signed.size, bytesBefore, bytesAfter: statSync(paths.database).size }
    } finally {
      db.close()
    }
  } finally {
    lock.release()
  }
}

function coldDirectory(home: string, wanted: string | undefined): string {
  const { cold } = loadConfig(home).audit
  if (cold !== undefined && (wanted === undefined || wanted === cold)) return cold
  const said = cold === undefined ? 'audit.cold is not set in config.toml' : `audit.cold in config.toml is ${cold}, the directory is ${wanted}`
  throw new SealstoneError('CONFIG_INVALID', said, {
    hint: `write cold = ${JSON.stringify(wanted ?? '/path')} under [audit] first: from there the daemon, fsck and publish read what is moved`,
  })
}
