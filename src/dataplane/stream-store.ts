/** The finished parts of streamed files, so that they outlive this process: SQLite, apart from the daemon's own database. */
import {
  canonicalJson,
  type Identity,
  type JsonValue,
  LIMITS,
  parseStrictObject,
  readBoolean,
  readChoice,
  readText,
  readWholeNumber,
  utf8,
} from '#core'
import type { Database, Migration } from '#db'
import { DIGEST_BYTES, type HashType } from '#hashing'
import type { FileSettings, HashedFile } from './hashed-file.ts'

export interface StoredStream {
  readonly settings: FileSettings
  readonly shards: readonly Uint8Array[]
  /** Present when the file was finished. */
  readonly size: number | undefined
}

export class StreamStore {
  readonly #db: Database
  readonly #mostShards: number
  #shards: number

  /** @param mostShards digests of parts over all streams; where there would be more, the stream that was used least lately is forgotten */
  constructor(db: Database, mostShards: number) {
    this.#db = db
    this.#mostShards = mostShards
    this.#shards = this.#count()
  }

  /** Adds what is not stored yet. @param time milliseconds since 1970 */
  save(caller: Identity, streamId: string, { settings, shards, digests }: HashedFile, time: number): void {
    this.#db.transaction(() => {
      this.#db
        .prepare(
          'INSERT INTO stream (caller, stream_id, settings, size, used) VALUES (?, ?, ?, ?, ?) ON CONFLICT (caller, stream_id) DO UPDATE SET size = excluded.size, used = excluded.used',
        )
        .run(caller, streamId, settingsJson(settings), digests?.size ?? null, time)
      const id = this.#db.prepare('SELECT id FROM stream WHERE caller = ? AND stream_id = ?').get(caller, streamId)?.['id'] as number
      const stored = this.#db.prepare('SELECT count(*) AS count FROM shard WHERE stream = ?').get(id)?.['count'] as number
      for (const [at, digest] of shards.slice(stored).entries())
        this.#db.prepare('INSERT INTO shard (stream, number, digest) VALUES (?, ?, ?)').run(id, stored + at, digest)
      this.#shards += shards.length - stored
      if (this.#shards > this.#mostShards) this.#makeRoom(id)
    })
  }

  find(caller: Identity, streamId: string): StoredStream | undefined {
    const row = this.#db.prepare('SELECT id, settings, size FROM stream WHERE caller = ? AND stream_id = ?').get(caller, streamId)
    if (row === undefined) return undefined
    const sql = 'SELECT digest FROM shard WHERE stream = ? ORDER BY number LIMIT ?'
    const shards = this.#db.prepare(sql).all(row['id'] as number, this.#mostShards)
    return {
      settings: parseSettings(row['settings'] as string),
      shards: shards.map(({ digest }) => digest as Uint8Array),
      size: (row['size'] as number | null) ?? undefined,
    }
  }

  /** @param time milliseconds since 1970 */
  forgetUnusedSince(time: number): void {
    this.#db.prepare('DELETE FROM stream WHERE used < ?').run(time)
    this.#shards = this.#count()
  }

  #makeRoom(kept: number): void {
    const next = this.#db.prepare('SELECT id FROM stream WHERE id <> ? ORDER BY used LIMIT 1')
    for (let oldest = next.get(kept); oldest !== undefined && this.#shards > this.#mostShards; oldest = next.get(kept)) {
      const { id } = oldest
      this.#shards -= this.#db.prepare('SELECT count(*) AS count FROM shard WHERE stream = ?').get(id as number)?.['count'] as number
      this.#db.prepare('DELETE FROM stream WHERE id = ?').run(id as number)
    }
  }

  #count(): number {
    return this.#db.prepare('SELECT count(*) AS count FROM shard').get()?.['count'] as number
  }
}

function settingsJson({ name, size, hashType, shardSize, shardsOnly }: FileSettings): string {
  const members: JsonValue = {
    name,
    hashType,
    shardsOnly,
    ...(size === undefined ? {} : { size }),
    ...(shardSize === undefined ? {} : { shardSize }),
  }
  return canonicalJson(members)
}

function parseSettings(text: string): FileSettings {
  const object = parseStrictObject(utf8(text), { maxBytes: 64 * 1024, maxDepth: 2 })
  return {
    name: readText(object, 'name', LIMITS.resourceNameBytes),
    hashType: readChoice(object, 'hashType', Object.keys(DIGEST_BYTES) as HashType[]),
    shardsOnly: readBoolean(object, 'shardsOnly'),
    ...(object['size'] === undefined ? {} : { size: readWholeNumber(object, 'size', 0) }),
    ...(object['shardSize'] === undefined ? {} : { shardSize: readWholeNumber(object, 'shardSize', 1) }),
  }
}

export const STREAM_MIGRATIONS: readonly Migration[] = [
  {
    room: 'dataplane',
    version: 1,
    sql: `
      CREATE TABLE stream (
        id INTEGER PRIMARY KEY,
        caller TEXT NOT NULL,
        stream_id TEXT NOT NULL,
        settings TEXT NOT NULL,        -- canonical JSON
        size INTEGER,                  -- bytes, when the file is finished
        used INTEGER NOT NULL,         -- milliseconds since 1970
        UNIQUE (caller, stream_id)
      ) STRICT;
      CREATE INDEX stream_used ON stream (used);
      CREATE TABLE shard (
        stream INTEGER NOT NULL REFERENCES stream (id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        digest BLOB NOT NULL,
        PRIMARY KEY (stream, number)
      ) STRICT, WITHOUT ROWID;`,
  },
]
