/** A database that somebody else wrote may have any number of rows where a handful belongs: whoever reads it says so, and takes no memory for them. */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { grow } from '../publish/support.ts'
import { softwareLog } from '../support/software-log.ts'
import { temporaryFolder } from '../support/temporary.ts'
import { openLog } from './support.ts'

const READER = fileURLToPath(new URL('read-crafted.ts', import.meta.url))
const SEED = new Uint8Array(32).fill(7)
const MANY = 200_000
/** So many rows in the memory of the process take up to 200 MB, and those that are kept 16. */
const MOST_MEGABYTES = 60
const MOST_KEPT_MEGABYTES = 8
const kept = mkdtempSync(join(tmpdir(), 'sealstone-test-'))
afterAll(() => rmSync(kept, { recursive: true, force: true }))

beforeAll(async () => {
  mkdirSync(join(kept, 'log'))
  await using open = await openLog(join(kept, 'log'), softwareLog('log.example/models', SEED))
  await grow(open, 299)
})

/** What came of it, in a process of its own. @param sql with `n` for the number of the row */
function read(way: string, ...statements: readonly string[]): { told: unknown; most: number; kept: number } {
  const folder = temporaryFolder()
  cpSync(join(kept, 'log'), folder, { recursive: true })
  const driver = new DatabaseSync(join(folder, 'sealstone.db'))
  driver.exec('PRAGMA journal_mode = DELETE; PRAGMA synchronous = OFF')
  for (const sql of statements)
    driver.exec(sql.replace('FROM n', `FROM (WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT ${MANY}) SELECT n FROM n)`))
  driver.close()
  const own = ['--expose-gc', '--disable-warning=ExperimentalWarning', READER, way, folder, SEED.toHex()]
  return JSON.parse(execFileSync(process.execPath, own, { encoding: 'utf8' })) as ReturnType<typeof read>
}

const OPEN_INTENTS = `INSERT INTO audit_open_intent SELECT unhex(printf('%032x', n)), n % 300 FROM n`

it.each<[what: string, way: string, sql: string, told: unknown]>([
  ['open intents, at a start', 'start', OPEN_INTENTS, expect.stringContaining('the list of open intents names leaf ')],
  [
    'open intents, for fsck',
    'fsck',
    OPEN_INTENTS,
    { first: 'by their list 200000 intents are open, or more, want at most 65536: they were not compared', openIntents: 0 },
  ],
  [
    'tiles, for fsck',
    'fsck',
    `INSERT INTO audit_tile SELECT 5, n, x'00', x'00' FROM n`,
    { first: 'the log has 200001 tiles, 300 leaves fill 1', openIntents: 0 },
  ],
  ['cosigned checkpoints', 'checkpoint', `INSERT INTO audit_cosigned SELECT n, 'no note', 0 FROM n`, [300, 18]],
])('takes no memory for hundreds of thousands of %s', (_what, way, sql, told) => {
  const result = read(way, sql)
  expect(result.told).toEqual(told)
  expect(result.most).toBeLessThan(MOST_MEGABYTES)
})

it('keeps some thousands of minutes for the chart of the console, whatever times the entries have', () => {
  const result = read(
    'activity',
    `INSERT INTO audit_leaf SELECT 299 + n, n * 60000000, 'refused', x'00', 'local', NULL, NULL, 'error', x'00' FROM n`,
    'UPDATE audit_head SET size = (SELECT max(idx) + 1 FROM audit_leaf)',
  )
  expect(result.told).toBe(MANY)
  expect(result.kept).toBeLessThan(MOST_KEPT_MEGABYTES)
})

it('follows no more intents than can be open, for fsck', () => {
  const leaf = `'{"caller":"local","kind":"intent","operation":"sign","operationId":"' || printf('%032x', n) || '","time":"2026-01-01T00:00:00.000Z","version":1}'`
  const result = read(
    'fsck',
    `INSERT INTO audit_leaf SELECT 299 + n, unixepoch('2026-01-01') * 1000, 'intent', unhex(printf('%032x', n)), 'local', NULL, NULL, NULL, CAST(${leaf} AS BLOB) FROM n LIMIT 80000`,
    'UPDATE audit_head SET size = (SELECT max(idx) + 1 FROM audit_leaf)',
  )
  expect((result.told as { openIntents: number }).openIntents).toBeLessThan(70_000)
})
