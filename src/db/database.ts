/** One SQLite file: opened with durable settings, prepared statements kept, every driver error told in our words. */
import { statSync } from 'node:fs'
import { backup, DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite'
import { LIMITS, SealstoneError } from '#core'
import { mapDatabaseError, mapDatabaseErrors } from './database-errors.ts'
import { type Migration, migrate, requireVersions } from './migrate.ts'
import { SYNC_PRAGMAS } from './pragmas.ts'
import { makePrivateFile } from './private-file.ts'

export type SqlValue = SQLInputValue
export type Row = Record<string, SQLOutputValue>

/** Synchronous, like the driver: a call returns when SQLite has done it, for a commit when it is on the disk. */
export interface Statement {
  /** Runs to the end and returns the number of rows changed. */
  run(...parameters: SqlValue[]): number
  get(...parameters: SqlValue[]): Row | undefined
  all(...parameters: SqlValue[]): Row[]
}

export interface Database {
  readonly path: string
  /** One prepared statement per SQL text, kept until close. SQL is constant text: values go in as parameters. */
  prepare(sql: string): Statement
  /** All or nothing; nested calls are refused by SQLite. `work` must be synchronous. Rolled back if it, or the commit, throws. */
  transaction<Result>(work: () => Result): Result
  /** A consistent copy while commits go on, in a file of mode 0600 that must not exist. Throws DATABASE_UNAVAILABLE. */
  copyTo(path: string): Promise<void>
  /** Gives up to so many pages that nothing is in any more back, in one short commit that others may wait for: how many are left. 0 for a file that `shrinkDatabase` has not laid out for it. */
  giveBack(pages: number): number
  /**
   * Moves the write-ahead log into the file and cuts it to nothing: what was erased is in neither any more. False where others are reading or
   * writing right now, or it fails: it stays for later then, nothing is lost. Waits for nobody.
   */
  emptyLog(): boolean
  /** What it takes, its write-ahead log included once that is moved into it. */
  bytes(): number
  close(): void
}

/**
 * Opens, or makes with mode 0600, the database and brings its tables up to date. Throws DATABASE_UNAVAILABLE.
 * A commit is durable when `transaction` returns: write-ahead log, flushed at every commit.
 */
export function openDatabase(path: string, migrations: readonly Migration[]): Database {
  return mapDatabaseErrors(path, () => {
    makePrivateFile(path) // SQLite gives its side files (-wal, -shm) the same mode
    const driver = new DatabaseSync(path, { ...OPENING, enableForeignKeyConstraints: true })
    try {
      driver.exec(PRAGMAS)
      migrate(driver, migrations)
      return new SqliteDatabase(path, driver)
    } catch (error) {
      driver.close()
      throw error
    }
  })
}

/**
 * Opens a database that somebody else, such as the daemon, may be writing to. Reading holds nobody up; writing throws. Throws
 * DATABASE_UNAVAILABLE, also for tables of another version than this program's.
 */
export function openDatabaseForReading(path: string, migrations: readonly Migration[]): Database {
  return mapDatabaseErrors(path, () => {
    const driver = new DatabaseSync(path, { ...OPENING, readOnly: true })
    try {
      driver.exec(READING_PRAGMAS)
      requireVersions(driver, migrations)
      return new SqliteDatabase(path, driver)
    } catch (error) {
      driver.close()
      throw error
    }
  })
}

class SqliteDatabase implements Database {
  readonly path: string
  readonly #driver: DatabaseSync
  readonly #statements = new Map<string, Statement>()
  readonly #file: string

  constructor(path: string, driver: DatabaseSync) {
    this.path = path
    this.#driver = driver
    this.#file = fileAt(path)
  }

  prepare(sql: string): Statement {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = mapDatabaseErrors(this.path, () => wrapStatement(this.path, this.#driver.prepare(sql)))
    this.#statements.set(sql, statement)
    return statement
  }

  transaction<Result>(work: () => Result): Result {
    const driver = this.#driver
    return mapDatabaseErrors(this.path, () => {
      driver.exec('BEGIN IMMEDIATE')
      try {
        const result = work()
        // The durable step: a crash before this returns leaves the database as it was before BEGIN, one after it leaves all of `work`.
        driver.exec('COMMIT')
        // Durable, but in which file? One that was replaced or removed meanwhile will not be read at the next start.
        if (fileAt(this.path) !== this.#file) {
          throw new SealstoneError('DATABASE_UNAVAILABLE', `${this.path} is not the file that was opened: it was replaced or removed`, {
            hint: 'stop the daemon, put the right database back, start it again',
          })
        }
        return result
      } catch (error) {
        // A full disk may have rolled back by itself already.
        if (driver.isTransaction) driver.exec('ROLLBACK')
        throw error
      }
    })
  }

  async copyTo(path: string): Promise<void> {
    makePrivateFile(path)
    try {
      await backup(this.#driver, path)
    } catch (cause) {
      throw new SealstoneError('DATABASE_UNAVAILABLE', `the database could not be copied to ${path}`, { cause })
    }
  }

  giveBack(pages: number): number {
    return mapDatabaseErrors(this.path, () => {
      if (this.#driver.prepare('PRAGMA auto_vacuum').get()?.['auto_vacuum'] !== INCREMENTAL) return 0
      this.#driver.exec(`PRAGMA incremental_vacuum(${Math.max(1, Math.floor(pages))})`)
      return this.#driver.prepare('PRAGMA freelist_count').get()?.['freelist_count'] as number
    })
  }

  emptyLog(): boolean {
    try {
      this.#driver.exec('PRAGMA busy_timeout = 0')
      return this.#driver.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.['busy'] === 0
    } catch {
      return false
    } finally {
      this.#driver.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`)
    }
  }

  bytes(): number {
    const row = this.prepare('SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size').get()
    return row?.['bytes'] as number
  }

  close(): void {
    this.#statements.clear()
    if (this.#driver.isOpen) mapDatabaseErrors(this.path, () => this.#driver.close())
  }
}

function fileAt(path: string): string {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false })
  return stats === undefined ? 'none' : `${stats.dev}:${stats.ino}`
}

function wrapStatement(path: string, statement: StatementSync): Statement {
  return {
    // Without a function for each call: a batch of the log has hundreds of them.
    run(...parameters) {
      try {
        return Number(statement.run(...parameters).changes)
      } catch (error) {
        throw mapDatabaseError(path, error)
      }
    },
    get: (...parameters) => mapDatabaseErrors(path, () => statement.get(...parameters)),
    all: (...parameters) => mapDatabaseErrors(path, () => statement.all(...parameters)),
  }
}

/** sqlite.org/pragma.html#pragma_auto_vacuum */
const INCREMENTAL = 2
// The daemon is alone on its database (lock.ts); only an operator's own tools can hold it for a moment.
const BUSY_TIMEOUT_MS = 2000
/** A longer value is an error when it is asked for, and takes no memory: a file that somebody else wrote may hold one of a gigabyte. */
const OPENING = { timeout: BUSY_TIMEOUT_MS, allowExtension: false, defensive: true, limits: { length: LIMITS.storedValueBytes } } as const
const READING_PRAGMAS = 'PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;'
const PRAGMAS = `
  PRAGMA journal_mode = WAL;
  ${SYNC_PRAGMAS}
  PRAGMA journal_size_limit = 67108864;
  PRAGMA wal_autocheckpoint = 8000;   -- pages: 32 MB are moved into the database at a time, which holds a commit up less often
  PRAGMA secure_delete = ON;          -- a destroyed key's seed does not stay in free pages, nor in copies of them
  ${READING_PRAGMAS}
`
