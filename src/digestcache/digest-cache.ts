/** Keeps digests by path, range and stamp. What cannot be opened is put aside: a cache may be lost at any time. */
import { existsSync, rmSync } from 'node:fs'
import { SealstoneError } from '#core'
import { type Database, type Migration, openDatabase } from '#db'
import type { CachedDigest, CacheKey, DigestCache, Stamp } from '#hashing'

export interface OpenDigestCache extends DigestCache, Disposable {
  /** Why the file was made anew, where it was. */
  readonly replaced: string | undefined
}

/** Made if it is not there, and made anew if it is damaged or of a newer program. Throws DATABASE_UNAVAILABLE where no file can be made. */
export function openDigestCache(path: string, now: number = Date.now()): OpenDigestCache {
  const wasThere = existsSync(path)
  try {
    return new SqliteCache(open(path), undefined, now)
  } catch (error) {
    if (!wasThere || !(error instanceof SealstoneError)) throw error
    for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true })
    return new SqliteCache(open(path), error.message, now)
  }
}

function open(path: string): Database {
  const db = openDatabase(path, MIGRATIONS)
  try {
    db.prepare('SELECT count(*) FROM digest').get() // a damaged file shows when it is read
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

class SqliteCache implements OpenDigestCache {
  readonly replaced: string | undefined
  readonly #db: Database
  readonly #now: number

  constructor(db: Database, replaced: string | undefined, now: number) {
    this.#db = db
    this.replaced = replaced
    this.#now = now
  }

  find({ path, hashType, start, end }: CacheKey, stamp: Stamp): CachedDigest | undefined {
    const row = this.#db
      .prepare('SELECT digest, hashed FROM digest WHERE path = ? AND hash_type = ? AND start = ? AND stop = ? AND stamp = ?')
      .get(path, hashType, start, end, stamp)
    return row && { digest: Uint8Array.from(row['digest'] as Uint8Array), hashedAt: row['hashed'] as number }
  }

  keep(entries: Parameters<DigestCache['keep']>[0]): void {
    this.#db.transaction(() => {
      for (const { path, hashType, start, end, stamp, digest, hashedAt } of entries) {
        this.#db
          .prepare('INSERT OR REPLACE INTO digest (path, hash_type, start, stop, stamp, digest, hashed) VALUES (?, ?, ?, ?, ?, ?, ?)')
          .run(path, hashType, start, end, stamp, digest, hashedAt)
      }
      this.#db.prepare('DELETE FROM digest WHERE hashed < ?').run(this.#now - KEPT_MS)
      const count = this.#db.prepare('SELECT count(*) AS count FROM digest').get()?.['count'] as number
      if (count <= MOST_ENTRIES) return
      this.#db
        .prepare(
          'DELETE FROM digest WHERE (path, hash_type, start, stop) IN (SELECT path, hash_type, start, stop FROM digest ORDER BY hashed LIMIT ?)',
        )
        .run(count - MOST_ENTRIES)
    })
  }

  [Symbol.dispose](): void {
    this.#db.close()
  }
}

const MIGRATIONS: readonly Migration[] = [
  {
    room: 'digestcache',
    version: 1,
    sql: `
      CREATE TABLE digest (
        path TEXT NOT NULL,
        hash_type TEXT NOT NULL,
        start INTEGER NOT NULL,
        stop INTEGER NOT NULL,
        stamp TEXT NOT NULL,         -- device:inode:size:mtime_ns:ctime_ns
        digest BLOB NOT NULL,
        hashed INTEGER NOT NULL,     -- milliseconds since 1970
        PRIMARY KEY (path, hash_type, start, stop)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX digest_hashed ON digest (hashed);`,
  },
]

/** After half a year a file is read again, whatever its stamp says. */
const KEPT_MS = 180 * 24 * 3_600_000
/** About 250 MB. */
const MOST_ENTRIES = 1_000_000
