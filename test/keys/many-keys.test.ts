/** A database that somebody else wrote may have any number of keys, and of any length: whoever opens it says so, and takes no memory for them. */
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { type Database, openDatabase } from '#db'
import { KEY_MIGRATIONS } from '#keys'
import type { KeyRecord } from '../../src/keys/key-record.ts'
import { KeyTable } from '../../src/keys/key-table.ts'
import { temporaryFolder } from '../support/temporary.ts'

const MOST_MEGABYTES = 60

/** @param hybrid of so many versions, as SQL */
function crafted(versions: number, hybrid: string): Database {
  const db = openDatabase(join(temporaryFolder(), 'sealstone.db'), KEY_MIGRATIONS)
  onTestFinished(() => db.close())
  db.prepare('PRAGMA synchronous = OFF').get()
  db.prepare(
    `INSERT INTO key_version (name, version, state, times, created_at, origin, hybrid)
      WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT ?)
      SELECT 'default', n, 'active', '{}', '2026-01-01T00:00:00.000Z', 'generated', ${hybrid} FROM n`,
  ).run(versions)
  return db
}

it.each<[what: string, versions: number, hybrid: string, told: string]>([
  ['hundreds of thousands', 300_000, `'{}'`, 'the database has 300000 versions of keys, the longest of 35 bytes, want at most 10000 of 393212 bytes'],
  ['one of a hundred megabytes', 1, 'CAST(zeroblob(100000000) AS TEXT)', 'the database has 1 versions of keys, the longest of 100000033 bytes'],
  ['thousands that are none', 10_000, `printf('%.*c', 30000, 'x')`, 'not valid JSON'],
])('takes no memory for %s', (_what, versions, hybrid, told) => {
  const db = crafted(versions, hybrid)
  const before = process.resourceUsage().maxRSS
  expect(() => new KeyTable(db)).toThrow(told)
  expect((process.resourceUsage().maxRSS - before) / 1024).toBeLessThan(MOST_MEGABYTES)
})

it('reads policies of keys that there are', () => {
  const db = crafted(0, `'{}'`)
  db.prepare("INSERT INTO key_policy VALUES ('nobody', 1, 1, 90, 0)").run()
  expect(new KeyTable(db).policy('nobody' as never).rotationDays).toBeUndefined()
})

it('makes no more versions than a trust file has room for', () => {
  const half = { role: 'classical', location: 'token' }
  const protection = { module: 'libsofthsm2.so', tokenModel: 'SoftHSM v2', tokenSerial: '1', halves: [half] }
  const material = { keyId: 'default', version: 1, suite: 'ecdsa-p256', spki: 'AA==', ckaId: '00', protection }
  const table = new KeyTable(crafted(10_000, `'${JSON.stringify(material)}'`))
  const [first] = table.all()
  expect(table.all().length).toBe(10_000)
  expect(() => table.insert({ ...(first as KeyRecord), version: 10_001 })).toThrow('there are 10000 versions of keys already')
})
