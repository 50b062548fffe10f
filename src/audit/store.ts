/** Reads and writes the log's tables. Writing is one transaction per batch: leaves, tiles, head, open intents and answers, or none. */
import { LIMITS, SealstoneError } from '#core'
import type { Database } from '#db'
import { HASH_BYTES, type NewLeaf, type Tile } from '#tlog'
import { bounded, MOST_LEAF_BYTES, MOST_TILE_BYTES, upTo } from './bounded.ts'
import { ColdBundles, isArchived } from './cold-bundles.ts'

export interface StoredHead {
  readonly origin: string
  readonly size: bigint
  readonly root: Uint8Array
  /** The newest signed checkpoint, or undefined before the first one. */
  readonly checkpoint: string | undefined
}

export interface StagedLeaf {
  readonly index: bigint
  readonly leaf: NewLeaf
  /** Of the leaf, milliseconds since 1970. */
  readonly time: number
  readonly bytes: Uint8Array
}

export interface StoredAnswer {
  readonly key: string
  readonly requestDigest: string
  readonly answer: Uint8Array
}

export interface OpenIntent {
  readonly index: bigint
  readonly operationId: Uint8Array
}

/** Everything that becomes durable together. */
export interface Batch {
  readonly before: StoredHead
  readonly after: StoredHead
  readonly leaves: readonly StagedLeaf[]
  readonly tiles: readonly Tile[]
  readonly answers: readonly StoredAnswer[]
  /** Milliseconds since 1970, for the answers. */
  readonly time: number
}

export class LogStore {
  readonly #db: Database
  readonly #cold: ColdBundles

  /** @param cold directory of the leaves that were moved out of the database. Reading one of those throws what `ColdBundles` throws. */
  constructor(db: Database, cold?: string) {
    this.#db = db
    this.#cold = new ColdBundles(db, cold)
  }

  readHead(): StoredHead | undefined {
    const row = this.#db.prepare(HEAD).get()
    if (row === undefined) return undefined
    return {
      origin: bounded(row, 'origin', "the log's name", LIMITS.checkpointBytes),
      size: BigInt(row['size'] as number),
      root: bounded(row, 'root', 'the root in the head', HASH_BYTES),
      checkpoint: bounded<string | null>(row, 'checkpoint', 'the checkpoint', LIMITS.checkpointBytes) ?? undefined,
    }
  }

  createHead({ origin, size, root }: StoredHead): void {
    this.#db.prepare('INSERT INTO audit_head (only, origin, size, root) VALUES (1, ?, ?, ?)').run(origin, size, root)
  }

  /** One more than the highest index, whatever the head says. */
  countLeaves(): bigint {
    return BigInt(this.#db.prepare('SELECT coalesce(max(idx) + 1, 0) AS count FROM audit_leaf').get()?.['count'] as number)
  }

  /**
   * The durable step. A crash before it returns leaves the log as it was: nothing of the batch was answered, and what the callers began
   * is closed by `recover`. A crash after it loses only answers on their way: a retry with the same idempotency key finds the stored one.
   */
  commit({ before, after, leaves, tiles, answers, time }: Batch): void {
    this.#db.transaction(() => {
      // Compare and set: if anything else moved the head, this batch stands on the wrong tree and must not be written.
      const moved = this.#db
        .prepare('UPDATE audit_head SET size = ?, root = ?, checkpoint = ? WHERE only = 1 AND size = ? AND root = ?')
        .run(after.size, after.root, after.checkpoint ?? null, before.size, before.root)
      if (moved !== 1) throw new SealstoneError('AUDIT_CORRUPT', `something else wrote to the log: it is no longer at size ${before.size}`)
      this.#insertLeaves(leaves)
      const tile = this.#db.prepare('INSERT INTO audit_tile (level, number, root, hashes) VALUES (?, ?, ?, ?)')
      for (const { level, number, root, hashes } of tiles) tile.run(level, number, root, hashes)
      const answer = this.#db.prepare('INSERT INTO audit_answer (key, request_digest, time, answer) VALUES (?, ?, ?, ?)')
      for (const stored of answers) answer.run(stored.key, stored.requestDigest, time, stored.answer)
    })
  }

  /** Throws AUDIT_CORRUPT for what is longer than a leaf can be, as the others here do. */
  readLeaf(index: bigint): Uint8Array | undefined {
    const row = this.#db.prepare(`SELECT ${BYTES} FROM audit_leaf WHERE idx = ?`).get(index)
    return row && this.#whole(index, bounded(row, 'bytes', `leaf ${index}`, MOST_LEAF_BYTES))
  }

  /** Up to `limit` leaves from `start` on, in order. */
  readLeaves(start: bigint, limit: number): { index: bigint; bytes: Uint8Array }[] {
    return this.readStored(start, limit).map(({ index, bytes }) => ({ index, bytes: this.#whole(index, bytes) }))
  }

  /** The same as the database has them: without bytes where these are somewhere else. */
  readStored(start: bigint, limit: number): { index: bigint; bytes: Uint8Array }[] {
    const rows = this.#db.prepare(`SELECT idx, ${BYTES} FROM audit_leaf WHERE idx >= ? ORDER BY idx LIMIT ?`).all(start, limit)
    return rows.map((row) => {
      const index = BigInt(row['idx'] as number)
      return { index, bytes: bounded(row, 'bytes', `leaf ${index}`, MOST_LEAF_BYTES) }
    })
  }

  /** Milliseconds since 1970. */
  readTime(index: bigint): number | undefined {
    return this.#db.prepare('SELECT time FROM audit_leaf WHERE idx = ?').get(index)?.['time'] as number | undefined
  }

  readTile(level: number, number: bigint): Uint8Array | undefined {
    const row = this.#db.prepare(`SELECT ${upTo(MOST_TILE_BYTES, 'hashes')} FROM audit_tile WHERE level = ? AND number = ?`).get(level, number)
    return row && bounded(row, 'hashes', `tile ${level}/${number}`, MOST_TILE_BYTES)
  }

  readTileRoots(level: number, start: bigint, count: number): Uint8Array[] {
    const sql = `SELECT ${upTo(HASH_BYTES, 'root')} FROM audit_tile WHERE level = ? AND number >= ? ORDER BY number LIMIT ?`
    const rows = this.#db.prepare(sql).all(level, start, count)
    return rows.map((row, at) => bounded(row, 'root', `the root of tile ${level}/${start + BigInt(at)}`, HASH_BYTES))
  }

  /** Intents below `end` that have no outcome, some thousands at a time. @param after the operation that the last page ended with: they go by operation, not by index */
  readOpenIntents(end: bigint, after: Uint8Array = NO_OPERATION): OpenIntent[] {
    return this.#db
      .prepare(OPEN_INTENTS)
      .all(after, end)
      .map((row) => ({
        index: BigInt(row['idx'] as number),
        operationId: bounded(row, 'operation_id', 'an operation in the list of open intents', OPERATION_ID_BYTES),
      }))
  }

  findAnswer(key: string): { requestDigest: string; answer: Uint8Array } | undefined {
    const row = this.#db.prepare('SELECT request_digest, answer FROM audit_answer WHERE key = ?').get(key)
    return row && { requestDigest: row['request_digest'] as string, answer: row['answer'] as Uint8Array }
  }

  hasAnswer(key: string): boolean {
    return this.#db.prepare('SELECT 1 FROM audit_answer WHERE key = ?').get(key) !== undefined
  }

  /** How many were forgotten. */
  forgetAnswersBefore(time: number): number {
    return this.#db.prepare('DELETE FROM audit_answer WHERE time < ?').run(time)
  }

  #whole(index: bigint, bytes: Uint8Array): Uint8Array {
    return isArchived(bytes) ? this.#cold.leaf(index) : bytes
  }

  #insertLeaves(leaves: readonly StagedLeaf[]): void {
    const insert = this.#db.prepare(
      'INSERT INTO audit_leaf (idx, time, kind, operation_id, caller, key, model_name, result, bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
    )
    const open = this.#db.prepare('INSERT OR REPLACE INTO audit_open_intent (operation_id, idx) VALUES (?, ?)')
    const close = this.#db.prepare('DELETE FROM audit_open_intent WHERE operation_id = ?')
    for (const { index, leaf, time, bytes } of leaves) {
      const { kind, operationId, caller, key, modelName, result } = leaf
      const id = Buffer.from(operationId, 'hex') // checked when the leaf was written
      insert.run(index, time, kind, id, caller, key ?? null, modelName ?? null, result ?? null, bytes)
      if (kind === 'intent') open.run(id, index)
      if (kind === 'outcome') close.run(id)
    }
  }
}

const HEAD = `SELECT size, ${upTo(LIMITS.checkpointBytes, 'origin')}, ${upTo(HASH_BYTES, 'root')}, ${upTo(LIMITS.checkpointBytes, 'checkpoint')}
  FROM audit_head WHERE only = 1`
const OPERATION_ID_BYTES = 16
const NO_OPERATION = new Uint8Array()
/** By the key of the table: a list of millions, whoever made it, is gone through once and without sorting it. */
const OPEN_INTENTS = `SELECT ${upTo(OPERATION_ID_BYTES, 'operation_id')}, max(idx, -1) AS idx
  FROM audit_open_intent WHERE operation_id > ? AND idx < ? ORDER BY operation_id LIMIT ${LIMITS.queuedLeaves}`
const BYTES = upTo(MOST_LEAF_BYTES, 'bytes')
