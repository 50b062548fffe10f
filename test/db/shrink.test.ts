/** A database gives back what nothing is in any more, and can be told at any moment that it need not. */
import { copyFileSync, existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { openDatabase, shrinkDatabase } from '#db'
import { temporaryFolder } from '../support/temporary.ts'

const MEGABYTE = 1_000_000

/** With as many megabytes in it, and as many that nothing is in. */
function halfEmpty(megabytes: number): string {
  const path = join(temporaryFolder(), 'sealstone.db')
  const db = openDatabase(path, [{ room: 'test', version: 1, sql: 'CREATE TABLE entry (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT' }])
  db.prepare('PRAGMA synchronous = OFF').get()
  const rows = `WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT ?) SELECT n, randomblob(10000) FROM n`
  db.prepare(`INSERT INTO entry ${rows}`).run((2 * megabytes * MEGABYTE) / 10_000)
  db.prepare('DELETE FROM entry WHERE id % 2 = 0').run()
  db.emptyLog()
  db.close()
  return path
}

function contents(path: string): unknown {
  using driver = new DatabaseSync(path)
  const { integrity_check: check } = driver.prepare('PRAGMA integrity_check').get() as { integrity_check: string }
  return { check, ...driver.prepare('SELECT count(*) AS count, sum(id) AS sum FROM entry').get() }
}

it('gives half of a file back that is half empty, the first time and later', async () => {
  const path = halfEmpty(2)
  const before = contents(path)
  await shrinkDatabase(path)
  expect(statSync(path).size).toBeLessThan(2.2 * MEGABYTE)
  expect(contents(path)).toEqual(before)

  const db = openDatabase(path, [])
  db.prepare('DELETE FROM entry WHERE id > 200').run()
  db.close()
  await shrinkDatabase(path)
  expect(statSync(path).size).toBeLessThan(1.2 * MEGABYTE)
})

it('is called off while it writes: the file is as it was, and nothing else is left', async () => {
  const path = halfEmpty(80)
  const [before, { size }] = [contents(path), statSync(path)]
  // On a busy machine the moment may be missed, and the file is smaller: then the next try has the same file again.
  const copy = `${path}.copy`
  copyFileSync(path, copy)
  let outcome: unknown
  while ((outcome = await callOffWhileItWrites(path)) === undefined) copyFileSync(copy, path)
  expect(outcome).toMatchObject({ code: 'CANCELLED' })
  expect(existsSync(`${path}-wal`)).toBe(false)
  expect(statSync(path).size).toBe(size)
  expect(contents(path)).toEqual(before)
  await shrinkDatabase(path)
  expect(statSync(path).size).toBeLessThan(0.6 * size)
  expect(contents(path)).toEqual(before)
})

/** What it threw; undefined if it was done before it could be called off. */
async function callOffWhileItWrites(path: string): Promise<unknown> {
  const stop = new AbortController()
  let isOver = false
  const shrinking = shrinkDatabase(path, stop.signal)
    .then(
      () => undefined,
      (error: unknown) => error,
    )
    .finally(() => (isOver = true))
  const isWriting = (): boolean => (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0
  while (!isOver && !isWriting()) await sleep(1)
  stop.abort()
  return await shrinking
}

it('is called off before it begins', async () => {
  await expect(shrinkDatabase(halfEmpty(1), AbortSignal.abort())).rejects.toMatchObject({ code: 'CANCELLED' })
})

it('says what is wrong with a file that is no database', async () => {
  const path = join(temporaryFolder(), 'sealstone.db')
  copyFileSync(import.meta.filename, path)
  await expect(shrinkDatabase(path)).rejects.toMatchObject({
    code: 'DATABASE_UNAVAILABLE',
    message: `${path}: the file is not a database (SQLite code 26)`,
  })
})
