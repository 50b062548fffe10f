/** Committed pages are moved into the database file by another thread, so that no commit has to. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { silentLogger } from '#core'
import { type Database, openDatabase, startWriteBack } from '#db'
import { temporaryFolder } from '../support/temporary.ts'

const MIGRATIONS = [{ room: 'notes', version: 1, sql: 'CREATE TABLE note (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT' }]
/** 1,500 pages: more than the thread leaves alone, and far from the 8,000 at which a commit does it. */
const MANY_PAGES = new Uint8Array(1500 * 4096)

function insert(database: Database): void {
  database.transaction(() => database.prepare('INSERT INTO note (bytes) VALUES (?)').run(MANY_PAGES))
}

/** How many pages are in the write-ahead log, and how many of them in the file too. */
function pages(database: Database): { readonly log: number; readonly checkpointed: number } {
  return database.prepare('PRAGMA wal_checkpoint(NOOP)').get() as { log: number; checkpointed: number }
}

it('moves what a commit leaves in the log, while more is committed', async () => {
  const path = join(temporaryFolder(), 'a.db')
  const db = openDatabase(path, MIGRATIONS)
  onTestFinished(() => db.close())
  insert(db)
  expect(pages(db)).toMatchObject({ checkpointed: 0 })
  await using _writeBack = startWriteBack(db, silentLogger)
  while (pages(db).checkpointed < 1500) await sleep(10)
  insert(db)
  while (pages(db).checkpointed < 1500 || pages(db).log > pages(db).checkpointed) await sleep(10)
  expect(db.prepare('SELECT count(*) AS count, min(length(bytes)) AS least FROM note').get()).toMatchObject({ count: 2, least: MANY_PAGES.length })
})

it('says that it cannot, and commits go on', async () => {
  const folder = temporaryFolder()
  const db = openDatabase(join(folder, 'a.db'), MIGRATIONS)
  onTestFinished(() => db.close())
  const told: unknown[] = []
  const logger = { ...silentLogger, warn: (...line: unknown[]) => void told.push(line) }
  await using _writeBack = startWriteBack({ ...db, path: join(folder, 'missing', 'a.db'), prepare: (sql) => db.prepare(sql) }, logger)
  insert(db)
  while (told.length === 0) await sleep(10)
  expect(told).toEqual([[{ error: 'unable to open database file' }, 'the thread that spares commits work ended; commits take longer']])
  insert(db)
  expect(db.prepare('SELECT count(*) AS count FROM note').get()).toMatchObject({ count: 2 })
})

it('makes no file where the database was moved away', async () => {
  const folder = temporaryFolder()
  const db = openDatabase(join(folder, 'a.db'), MIGRATIONS)
  onTestFinished(() => db.close())
  const told: unknown[] = []
  const logger = { ...silentLogger, warn: (...line: unknown[]) => void told.push(line) }
  insert(db)
  await using _writeBack = startWriteBack({ ...db, path: join(folder, 'moved.db'), prepare: (sql) => db.prepare(sql) }, logger)
  while (told.length === 0) await sleep(10)
  expect(told).toEqual([[{ error: 'unable to open database file' }, 'the thread that spares commits work ended; commits take longer']])
  expect(readdirSync(folder).filter((name) => name.startsWith('moved'))).toEqual([])
})
