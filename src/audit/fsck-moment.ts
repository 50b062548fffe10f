/** The log as its database says that it is, before anything of that is believed. */
import { LIMITS, SealstoneError } from '#core'
import type { Database } from '#db'
import { HASH_BYTES } from '#tlog'
import { bounded, upTo } from './bounded.ts'

/** What the database says of the whole, all of one moment: a single statement sees a single state, whoever writes meanwhile. */
export interface LogMoment {
  readonly origin: string
  readonly size: number
  readonly root: Uint8Array
  readonly checkpoint: string | undefined
  /** One more than the highest index. */
  readonly leaves: number
  /** There is a leaf with an index below 0. */
  readonly hasStray: boolean
  readonly tiles: number
  /** Index by operation; of more than can be the first ones. */
  readonly openIntents: ReadonlyMap<string, number>
  readonly openIntentCount: number
}

/** Undefined for a log that never began. Throws AUDIT_CORRUPT for a size that cannot be: nothing is walked through that far. */
export function readMoment(db: Database): LogMoment | undefined {
  const row = db.prepare(MOMENT).get()
  if (row === undefined) return undefined
  const most = Math.floor((row['fileBytes'] as number) / LEAST_LEAF_BYTES)
  const size = row['size'] as number
  if (size < 0 || size > most)
    throw new SealstoneError('AUDIT_CORRUPT', `the head says ${size} leaves, the database is too small for more than ${most}`)
  return {
    origin: bounded(row, 'origin', "the log's name", LIMITS.checkpointBytes),
    size,
    root: bounded(row, 'root', 'the root in the head', HASH_BYTES),
    checkpoint: bounded<string | null>(row, 'checkpoint', 'the checkpoint', LIMITS.checkpointBytes) ?? undefined,
    leaves: row['leaves'] as number,
    tiles: row['tiles'] as number,
    hasStray: row['hasStray'] === 1,
    openIntents: new Map(JSON.parse(row['open'] as string) as [string, number][]),
    openIntentCount: row['openCount'] as number,
  }
}

/** Many times what a daemon can have under way at once: whatever it had when it stopped is closed by the next. */
export const MOST_OPEN_INTENTS = 16 * LIMITS.queuedLeaves
const MOMENT = `SELECT min(max(size, -1), 9007199254740991) AS size,
    ${upTo(LIMITS.checkpointBytes, 'origin')}, ${upTo(HASH_BYTES, 'root')}, ${upTo(LIMITS.checkpointBytes, 'checkpoint')},
    (SELECT coalesce(min(max(idx), 9007199254740990) + 1, 0) FROM audit_leaf) AS leaves,
    (SELECT coalesce(min(idx) < 0, 0) FROM audit_leaf) AS hasStray,
    (SELECT count(*) FROM audit_tile) AS tiles,
    (SELECT json_group_array(json_array(CASE WHEN octet_length(operation_id) <= 16 THEN lower(hex(operation_id)) END, idx))
      FROM (SELECT * FROM audit_open_intent LIMIT ${MOST_OPEN_INTENTS})) AS open,
    (SELECT count(*) FROM audit_open_intent) AS openCount,
    (SELECT page_count FROM pragma_page_count) * (SELECT page_size FROM pragma_page_size) AS fileBytes
  FROM audit_head WHERE only = 1`
/** Fewer than the required members of a leaf take. */
const LEAST_LEAF_BYTES = 64
