/** SQLite as we open it: durable settings, private files, whole transactions, forward migrations, errors in our words. */
import { chmodSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { SealstoneError } from '#core'
import { type Database, type Migration, openDatabase, openDatabaseForReading } from '#db'
import { temporaryFolder } from '../support/temporary.ts'

const NOTES: Migration = { room: 'notes', version: 1, sql: 'CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT' }

function open(path: string, migrations: readonly Migration[] = [NOTES]): Database {
  const database = openDatabase(path, migrations)
  onTestFinished(() => database.close())
  return database
}

function fault(work: () => unknown): SealstoneError {
  try {
    work()
  } catch (error) {
    if (error instanceof SealstoneError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

const insert = (database: Database, text: string): number => database.prepare('INSERT INTO note (text) VALUES (?)').run(text)
const texts = (database: Database): unknown[] =>
  database
    .prepare('SELECT text FROM note ORDER BY id')
    .all()
    .map((row) => row['text'])

it('flushes every commit: write-ahead log, synchronous FULL', () => {
  const database = open(join(temporaryFolder(), 'a.db'))
  const pragma = (name: string): unknown => Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0]
  expect(['journal_mode', 'synchronous', 'fullfsync', 'checkpoint_fullfsync', 'foreign_keys'].map(pragma)).toEqual(['wal', 2, 1, 1, 1])
})

it('makes files that only the owner can read, and closes one that was open to others', () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'a.db'), '')
  chmodSync(join(folder, 'a.db'), 0o644)
  insert(open(join(folder, 'a.db')), 'x')
  const modes = ['a.db', 'a.db-shm', 'a.db-wal'].map((name) => [name, statSync(join(folder, name)).mode & 0o777])
  expect(readdirSync(folder)).toHaveLength(3)
  expect(modes).toEqual([
    ['a.db', 0o600],
    ['a.db-shm', 0o600],
    ['a.db-wal', 0o600],
  ])
})

it('keeps all of a transaction or nothing', () => {
  const path = join(temporaryFolder(), 'a.db')
  const database = open(path)
  database.transaction(() => {
    insert(database, 'one')
    insert(database, 'two')
  })
  const failing = () =>
    database.transaction(() => {
      insert(database, 'three')
      throw new Error('changed my mind')
    })
  expect(failing).toThrow('changed my mind')
  expect(fault(() => database.transaction(() => insert(database, 'one'))).code).toBe('INTERNAL') // UNIQUE
  expect(texts(database)).toEqual(['one', 'two'])
  database.close()
  expect(texts(open(path))).toEqual(['one', 'two'])
})

it('runs only the migrations that are missing, each room for itself', () => {
  const path = join(temporaryFolder(), 'a.db')
  insert(open(path), 'kept')
  const more: Migration = { room: 'notes', version: 2, sql: "ALTER TABLE note ADD COLUMN colour TEXT NOT NULL DEFAULT 'red'" }
  const other: Migration = { room: 'other', version: 1, sql: 'CREATE TABLE other (id INTEGER PRIMARY KEY) STRICT' }
  const database = open(path, [NOTES, other, more])
  expect(database.prepare('SELECT text, colour FROM note').all()).toEqual([{ text: 'kept', colour: 'red' }])
  expect(database.prepare('SELECT room, version FROM schema_version ORDER BY room').all()).toEqual([
    { room: 'notes', version: 2 },
    { room: 'other', version: 1 },
  ])
})

it('leaves nothing of a migration that fails', () => {
  const path = join(temporaryFolder(), 'a.db')
  const broken: Migration = { room: 'notes', version: 2, sql: 'CREATE TABLE half (id INTEGER PRIMARY KEY) STRICT; INSERT INTO nowhere VALUES (1)' }
  expect(fault(() => openDatabase(path, [NOTES, broken])).code).toBe('INTERNAL')
  const database = open(path)
  expect(database.prepare("SELECT name FROM sqlite_schema WHERE name = 'half'").all()).toEqual([])
})

it('refuses tables of a newer program', () => {
  const path = join(temporaryFolder(), 'a.db')
  open(path, [NOTES, { room: 'notes', version: 2, sql: 'CREATE TABLE b (id INTEGER PRIMARY KEY) STRICT' }]).close()
  const error = fault(() => openDatabase(path, [NOTES]))
  expect([error.code, error.message]).toEqual(['DATABASE_UNAVAILABLE', 'tables of notes have version 2, this program knows up to 1'])
})

it('refuses migrations that are not numbered 1, 2, 3', () => {
  expect(fault(() => openDatabase(join(temporaryFolder(), 'a.db'), [{ ...NOTES, version: 2 }])).code).toBe('INTERNAL')
})

it('tells what is wrong with a file that is not a database', () => {
  const path = join(temporaryFolder(), 'a.db')
  writeFileSync(path, 'this is not a database, however long it may be. '.repeat(100))
  const error = fault(() => openDatabase(path, [NOTES]))
  expect([error.code, error.message]).toEqual(['DATABASE_UNAVAILABLE', `${path}: the file is not a database (SQLite code 26)`])
  expect(error.cause).toBeInstanceOf(Error)
})

it('leaves nothing of what was erased in its file: the free pages of a database are in every copy of it', () => {
  const path = join(temporaryFolder(), 'a.db')
  const database = open(path)
  const secrets = Array.from({ length: 40 }, (_, index) => `erased ${index} `.repeat(400))
  const inFile = (): number => secrets.filter((secret) => readFileSync(path).includes(secret.slice(0, 60))).length
  const flush = (): unknown => database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()
  database.transaction(() => secrets.map((secret) => insert(database, secret)))
  flush()
  expect(inFile()).toBe(40)
  database.transaction(() => database.prepare("UPDATE note SET text = 'bare ' || id").run())
  flush()
  expect(inFile()).toBe(0)
})

it('leaves nothing of it in its write-ahead log either once that is emptied, and waits for no reader with that', () => {
  const path = join(temporaryFolder(), 'a.db')
  const database = open(path)
  const isInFiles = (): boolean => [path, `${path}-wal`].some((file) => readFileSync(file).includes('to be erased'))
  database.transaction(() => insert(database, 'to be erased '.repeat(400)))
  expect(isInFiles()).toBe(true)
  const reader = openDatabaseForReading(path, [NOTES])
  onTestFinished(() => reader.close())
  reader.prepare('BEGIN').run()
  reader.prepare('SELECT count(*) FROM note').get()
  database.transaction(() => database.prepare("UPDATE note SET text = 'bare ' || id").run())
  expect([database.emptyLog(), isInFiles()]).toEqual([false, true])
  reader.prepare('COMMIT').run()
  expect([database.emptyLog(), isInFiles()]).toEqual([true, false])
  expect(database.prepare('SELECT text FROM note').get()).toEqual({ text: 'bare 1' })
  expect(database.prepare('PRAGMA busy_timeout').get()).toEqual({ timeout: 2000 })
})

it('tells when its folder is missing, and when it is closed', () => {
  expect(fault(() => openDatabase(join(temporaryFolder(), 'no', 'a.db'), [])).code).toBe('DATABASE_UNAVAILABLE')
  const database = open(join(temporaryFolder(), 'a.db'))
  const statement = database.prepare('SELECT 1')
  database.close()
  database.close()
  expect(fault(() => statement.get()).code).toBe('DATABASE_UNAVAILABLE')
  expect(fault(() => database.transaction(() => 1)).code).toBe('DATABASE_UNAVAILABLE')
})

it('waits no longer than its busy timeout for another writer', () => {
  const path = join(temporaryFolder(), 'a.db')
  const first = open(path)
  const second = open(path)
  const error = first.transaction(() => fault(() => second.transaction(() => insert(second, 'late'))))
  expect([error.code, error.entry.retryable]).toEqual(['DATABASE_UNAVAILABLE', true])
})

it('refuses to go on when its file was replaced or removed underneath: what it writes there would not be found again', () => {
  const path = join(temporaryFolder(), 'a.db')
  const database = open(path)
  database.transaction(() => insert(database, 'kept'))
  rmSync(path)
  expect(fault(() => database.transaction(() => insert(database, 'lost')))).toMatchObject({ code: 'DATABASE_UNAVAILABLE' })
  writeFileSync(path, '')
  const { message, hint } = fault(() => database.transaction(() => insert(database, 'lost too')))
  expect(message).toContain('replaced or removed')
  expect(hint).toContain('put the right database back')
})

it('reads beside the one that writes, and after it, without changing anything', () => {
  const path = join(temporaryFolder(), 'a.db')
  const writer = open(path)
  insert(writer, 'one')
  const reader = openDatabaseForReading(path, [NOTES])
  onTestFinished(() => reader.close())
  insert(writer, 'two')
  expect(texts(reader)).toEqual(['one', 'two'])
  expect(fault(() => insert(reader, 'three'))).toMatchObject({ code: 'DATABASE_UNAVAILABLE', message: expect.stringMatching(/cannot be written/) })
  reader.close()
  writer.close()
  const later = openDatabaseForReading(path, [NOTES])
  onTestFinished(() => later.close())
  expect(texts(later)).toEqual(['one', 'two'])
})

it('does not read tables of another version, nor a file that is not there', () => {
  const path = join(temporaryFolder(), 'a.db')
  open(path)
  const newer = [NOTES, { room: 'notes', version: 2, sql: 'SELECT 1' }]
  expect(fault(() => openDatabaseForReading(path, newer))).toMatchObject({
    code: 'DATABASE_UNAVAILABLE',
    message: expect.stringMatching(/version 1/),
  })
  expect(fault(() => openDatabaseForReading(join(path, '../b.db'), [NOTES])).code).toBe('DATABASE_UNAVAILABLE')
})
