/** Moves old entries of a state directory's log into cold storage while no daemon runs: published there first, read back, and only then taken out of the database. */
import { AUDIT_MIGRATIONS, type ArchiveReport, describeMove, openAuditLog } from '#audit'
import { defined, newOperationId, parseIdentity, SealstoneError, silentLogger, systemClock, Timeline, toSealstoneError } from '#core'
import { acquireLock, openDatabase, shrinkDatabase } from '#db'
import { logSignatureVerifier } from '#suites'
import { nativeEngine } from '#suites/native'
import type { LogVerifierKey, NewLeaf } from '#tlog'
import { statSync } from 'node:fs'
import {
  type ArchiveProgress,
  type ArchiveSource,
  type ArchiveSteps,
  moveEntries,
  planMove,
  type PlannedMove,
  type WantedEntries,
} from './archive-work.ts'
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
  readonly onProgress?: (progress: ArchiveProgress) => void
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
 * A crash at any point leaves every entry in the database, or in cold storage and read back from there; the next run goes on.
 * Throws HOME_*, CONFIG_INVALID, DAEMON_RUNNING, DATABASE_UNAVAILABLE, AUDIT_CORRUPT, COLD_STORAGE_UNREADABLE, CANCELLED, and what `publishLog` throws.
 */
export async function archiveHome({ home, log, before, olderThan, onProgress, signal, ...options }: ArchiveHomeOptions): Promise<ArchiveHomeReport> {
  const paths = checkHome(home)
  const directory = coldDirectory(home, options.directory)
  // A daemon that runs does it itself: it alone writes to its log.
  const lock = acquireLock(paths.lock)
  try {
    const bytesBefore = statSync(paths.database).size
    const { plan, moved } = await moveOut(paths.database, directory, log, defined({ before, olderThan }), defined({ onProgress, signal }))
    // A crash in here leaves a database that is larger than it has to be; this is done again by the next run, whether or not it moves anything.
    await shrinkDatabase(paths.database, signal)
    return { end: plan.end, moved, directory, size: plan.signed.size, bytesBefore, bytesAfter: statSync(paths.database).size }
  } finally {
    lock.release()
  }
}

async function moveOut(
  path: string,
  directory: string,
  log: ArchiveSource['log'],
  wanted: WantedEntries,
  steps: ArchiveSteps,
): Promise<{ plan: PlannedMove; moved: number }> {
  const db = openDatabase(path, AUDIT_MIGRATIONS)
  try {
    const source = { db, directory, log }
    const plan = await planMove(source, wanted, steps.signal)
    const work = () => moveEntries(source, plan, steps)
    return { plan, moved: plan.start < plan.end ? await told(source, describeMove(plan, directory), work) : 0 }
  } finally {
    db.close()
  }
}

/** With an intent before and an outcome after, as the daemon does it; no checkpoint can be signed here, so that the next one covers them. */
async function told({ db, directory, log }: ArchiveSource, reason: string, work: () => Promise<number>): Promise<number> {
  const audit = await openAuditLog({
    db,
    cold: directory,
    origin: log.origin,
    signer: { keys: log.keys, sign: () => Promise.reject(new SealstoneError('AUDIT_UNAVAILABLE', 'no daemon runs')) },
    verifier: logSignatureVerifier(nativeEngine()),
    timeline: new Timeline(systemClock),
    logger: silentLogger,
  })
  const facts = { operationId: newOperationId(), caller: parseIdentity('local'), operation: 'audit.archive', reason } satisfies Partial<NewLeaf>
  try {
    await audit.append({ kind: 'intent', ...facts })
    const moved = await work()
    await audit.append({ kind: 'outcome', ...facts, result: 'ok', ...(moved === 0 ? {} : { count: moved }) })
    return moved
  } catch (thrown) {
    const { code } = toSealstoneError(thrown)
    // The disk that failed may take no leaf either: the next start closes the intent then.
    await audit.append({ kind: 'outcome', ...facts, result: 'error', errorCode: code }).catch(() => {})
    throw thrown
  } finally {
    await audit.close()
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
