/** A database that somebody else wrote may hold a value of half a gigabyte: whoever reads it says where, and takes no memory for it. */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { ActivityCounter, archiveBundles, AUDIT_MIGRATIONS, checkWholeLog, CosignatureStore, databaseTiles, LogReader } from '#audit'
import { type Database, openDatabaseForReading } from '#db'
import { decodeCheckpoint, parseNote } from '#tlog'
import { grow } from '../publish/support.ts'
import { nobleVerifier, softwareLog } from '../support/software-log.ts'
import { temporaryFolder } from '../support/temporary.ts'
import { codeOf, openLog } from './support.ts'

const HUGE = 500_000_000
/** Too long for what it stands for, and short enough for SQLite to hand over. */
const LONG = 70_000
const log = softwareLog('log.example/models')
const known = { origin: log.origin, keys: log.keys, verifier: nobleVerifier }
const kept = mkdtempSync(join(tmpdir(), 'sealstone-test-'))
afterAll(() => rmSync(kept, { recursive: true, force: true }))

beforeAll(async () => {
  mkdirSync(join(kept, 'log'))
  await using open = await openLog(join(kept, 'log'), log)
  await grow(open, 599) // two full tiles and an edge
})

/** A copy of the log with something done to it. */
function changed(...statements: readonly string[]): string {
  const folder = temporaryFolder()
  cpSync(join(kept, 'log'), folder, { recursive: true })
  const driver = new DatabaseSync(join(folder, 'sealstone.db'))
  driver.exec('PRAGMA journal_mode = DELETE; PRAGMA synchronous = OFF')
  for (const statement of statements) driver.exec(statement)
  driver.close()
  return folder
}

function reading(folder: string): Database {
  const db = openDatabaseForReading(join(folder, 'sealstone.db'), AUDIT_MIGRATIONS)
  onTestFinished(() => db.close())
  return db
}

const fsck = (folder: string) => checkWholeLog({ database: join(folder, 'sealstone.db'), log: known })
const mostMegabytes = (): number => process.resourceUsage().maxRSS / 1024

describe('in the place of a leaf', () => {
  it.each([
    [HUGE, 'in a full tile', 200],
    [LONG, 'behind the last one', 590],
  ])('%i bytes %s are named by a start, by fsck and by readers, and memory stays as it was', async (bytes, _where, index) => {
    const folder = changed(`UPDATE audit_leaf SET bytes = zeroblob(${bytes}) WHERE idx = ${index}`)
    const told = `leaf ${index} is ${bytes} bytes, want at most 65535`
    const before = mostMegabytes()
    await expect(openLog(folder, log)).rejects.toMatchObject({ code: 'AUDIT_CORRUPT', message: expect.stringContaining(told) as string })
    const { findings } = await fsck(folder)
    expect(findings[0]).toMatchObject({ where: `leaf ${index}`, index: BigInt(index), changed: 'bytes', detail: told })
    const db = reading(folder)
    const number = BigInt(Math.floor(index / 256))
    const width = index < 512 ? 256 : 600 - 512
    await expect(databaseTiles(db).tile({ kind: 'entries', number, width })).rejects.toThrow(told)
    expect(() => new LogReader(db).search({ limit: 256, before: BigInt(index + 1) }, 1000)).toThrow(told)
    expect(() => new LogReader(db).search({ limit: 256, before: BigInt(index + 1), words: ['nowhere'] }, 1000)).toThrow(told)
    const counter = new ActivityCounter(db)
    while (counter.step(1000));
    const signed = decodeCheckpoint(parseNote(await databaseTiles(db).checkpoint()).text)
    expect(await codeOf(archiveBundles({ db, cold: join(folder, 'cold'), signed, end: 512n }))).toBe('AUDIT_CORRUPT')
    expect(mostMegabytes() - before).toBeLessThan(HUGE / 1e6 / 2)
  })
})

it.each<[what: string, sql: string, start: string, first: object]>([
  [
    "in the place of a tile's hashes",
    `UPDATE audit_tile SET hashes = zeroblob(${LONG}) WHERE level = 0 AND number = 1`,
    `tile 0/1 is ${LONG} bytes, want at most 8192`,
    { where: 'tile 0/1', index: 256n, changed: 'hash', detail: `tile 0/1 is ${LONG} bytes, want at most 8192` },
  ],
  [
    'in the place of its root',
    `UPDATE audit_tile SET root = zeroblob(${LONG}) WHERE level = 0 AND number = 1`,
    `the root of tile 0/1 is ${LONG} bytes, want at most 32`,
    { where: 'tile 0/1', index: 256n, changed: 'hash' },
  ],
])('is named %s, by a start and by fsck', async (_what, sql, start, first) => {
  const folder = changed(sql)
  await expect(openLog(folder, log)).rejects.toThrow(start)
  expect((await fsck(folder)).findings[0]).toMatchObject(first)
})

it.each<[what: string, sql: string, message: string]>([
  ['the root in the head', `UPDATE audit_head SET root = zeroblob(${LONG})`, `the root in the head is ${LONG} bytes, want at most 32`],
  ['the checkpoint', `UPDATE audit_head SET checkpoint = CAST(zeroblob(600000) AS TEXT)`, 'the checkpoint is 600000 bytes, want at most 524288'],
  ["the log's name", `UPDATE audit_head SET origin = CAST(zeroblob(600000) AS TEXT)`, "the log's name is 600000 bytes, want at most 524288"],
])('is named at a start and by fsck: %s', async (_what, sql, message) => {
  const folder = changed(sql)
  await expect(openLog(folder, log)).rejects.toThrow(message)
  await expect(fsck(folder)).rejects.toThrow(message)
})

it('is found among what filters look at, and among the checkpoints that are kept', async () => {
  const key = changed(`UPDATE audit_leaf SET key = CAST(zeroblob(${LONG}) AS TEXT) WHERE idx = 300`)
  expect((await fsck(key)).findings).toContainEqual(expect.objectContaining({ index: 300n, changed: 'column' }))
  const note = changed('INSERT INTO audit_stamped (size, note, time) VALUES (600, CAST(zeroblob(600000) AS TEXT), 0)')
  expect(() => new CosignatureStore(reading(note)).newestStamped()).toThrow('a checkpoint that is kept is 600000 bytes, want at most 524288')
})
