/** Checks the whole log and the database that it is in, in threads, without stopping at a fault; beside a daemon that writes, or without one. Nothing is written. */
import { availableParallelism } from 'node:os'
import { defined, SealstoneError } from '#core'
import { openDatabaseForReading } from '#db'
import type { TileSource } from '#tlog'
import { checkDatabaseNow, DatabaseCheck } from './fsck-database.ts'
import { type Finding, Findings, type Unread } from './fsck-findings.ts'
import { RangePool } from './fsck-pool.ts'
import { checkRange } from './fsck-range.ts'
import { readMoment } from './fsck-moment.ts'
import { type KnownLog, WholeTree } from './fsck-tree.ts'
import { PublishedCopy } from './fsck-published.ts'
import { AUDIT_MIGRATIONS } from './schema.ts'

export interface FsckOptions {
  /** Path of the database. */
  readonly database: string
  /** Directory of the leaves that were moved out of the database. */
  readonly cold?: string
  readonly log: KnownLog
  /** A copy to compare with. */
  readonly published?: TileSource
  /** Default: one for each processor, 8 at most. 0: none but the caller's, and SQLite does not check its own structures, which cannot be done in parts. */
  readonly threads?: number
  /** Between two parts of some tens of milliseconds. */
  readonly rest?: () => Promise<unknown>
  readonly onProgress?: (done: number, total: number) => void
  readonly signal?: AbortSignal
}

export interface FsckReport {
  readonly origin: string
  readonly size: bigint
  /** Computed from the leaves. */
  readonly root: Uint8Array
  readonly openIntents: number
  /** Signed checkpoints that the database keeps. */
  readonly checkpoints: number
  /** Leaves behind the newest checkpoint: nothing but the database says what they are. A few while signatures are under way, none after a stop. */
  readonly unsigned: bigint
  /** Entries that the published copy has. */
  readonly published?: bigint
  /** The first hundred, in the order of the log. */
  readonly findings: readonly Finding[]
  readonly findingCount: number
  /** Absent if everything was looked at. */
  readonly unread?: Unread
}

/**
 * Throws DATABASE_UNAVAILABLE, AUDIT_CORRUPT if there is no log at all, CANCELLED, and what the published copy throws when it is out of reach. Cold storage
 * that is out of reach is told in the report: all else was checked.
 */
export async function checkWholeLog({
  database,
  cold,
  log,
  published,
  threads = THREADS,
  rest,
  onProgress,
  signal,
}: FsckOptions): Promise<FsckReport> {
  const db = openDatabaseForReading(database, AUDIT_MIGRATIONS)
  try {
    const findings = new Findings()
    const copy = published && (await PublishedCopy.open(published, log, findings))
    const moment = readMoment(db)
    if (moment === undefined) throw new SealstoneError('AUDIT_CORRUPT', 'there is no log in the database')
    const tree = new WholeTree(db, moment, findings)

    const starts = Array.from({ length: Math.ceil(moment.size / RANGE) }, (_, at) => at * RANGE)
    // A small log is checked sooner than a thread starts.
    await using pool =
      starts.length > 1 && threads > 0 ? new RangePool({ database, ...defined({ cold }) }, Math.min(threads, starts.length)) : undefined
    await using structures = starts.length > 1 && threads > 0 ? new DatabaseCheck(database) : undefined
    const check = async (start: number) => {
      const end = Math.min(moment.size, start + RANGE)
      return pool === undefined ? checkRange(db, start, end, cold) : pool.check(start, end, copy !== undefined || end === moment.size)
    }
    // A few ahead of what is put together, in order, so that memory does not grow with the log.
    const ahead = starts.slice(0, threads + 1).map(check)
    for (const at of starts.keys()) {
      const range = await ahead.shift()
      if (range === undefined) break
      signal?.throwIfAborted()
      const next = starts[at + threads + 1]
      if (next !== undefined) ahead.push(check(next))
      tree.add(range)
      if (copy !== undefined) await copy.compareRange(range, findings)
      await rest?.()
      onProgress?.(range.start + range.count, moment.size)
    }
    const result = tree.finish(log)
    if (copy !== undefined) await copy.finish(tree, log)
    if (structures !== undefined) await structures.finish(findings)
    else if (threads > 0) checkDatabaseNow(database, findings)
    return {
      origin: moment.origin,
      ...result,
      ...(copy && { published: BigInt(copy.size) }),
      findings: findings.kept,
      findingCount: findings.count,
      ...defined({ unread: findings.unread }),
    }
  } finally {
    db.close()
  }
}

const THREADS = Math.min(8, availableParallelism())
/** A multiple of 256. Some tens of milliseconds of work. */
const RANGE = 4096
