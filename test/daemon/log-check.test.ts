/** The check of the whole log in the background: it finds what a start does not look at, and tells it where people look. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeMove } from '#audit'
import { defined, systemClock } from '#core'
import { BoundedEvents } from '../../src/daemon/bounded-events.ts'
import { LogCheck } from '../../src/daemon/log-check.ts'
import { intent, type OpenLog, openLog } from '../audit/support.ts'
import { grow } from '../publish/support.ts'
import { softwareLog } from '../support/software-log.ts'

const keys = softwareLog('log.example/models')
const folder = mkdtempSync(join(tmpdir(), 'sealstone-test-'))
const database = join(folder, 'sealstone.db')
const lines: { msg: string; faults?: number; error?: string; entries?: number }[] = []
const logger = pino({}, { write: (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number]) })
let log: OpenLog

beforeAll(async () => {
  {
    await using small = await openLog(folder, keys)
    await grow(small, 17 * 256 + 10) // one full tile more than a start looks at
  }
  log = await openLog(folder, keys)
})
afterAll(async () => {
  await log[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

async function check(cold?: string): Promise<LogCheck> {
  const events = new BoundedEvents({ audit: log.audit, clock: systemClock, logger })
  const checking = new LogCheck({ database, ...defined({ cold }), log: { origin: keys.origin, keys: keys.keys } }, 3_600_000, { events, logger })
  await checking.run()
  await checking[Symbol.asyncDispose]()
  return checking
}

it('says that a log is as it was written, beside the daemon that has it open', async () => {
  expect((await check()).faults).toBe(0)
  expect(lines.at(-1)).toMatchObject({ msg: 'the whole log was checked', entries: 17 * 256 + 11 })
})

it('finds an old leaf that a start did not look at, and says so in the log of the daemon, in the audit log and to the metrics', async () => {
  const driver = new DatabaseSync(database)
  driver.exec(`UPDATE audit_leaf SET bytes = cast(replace(cast(bytes AS TEXT), '"modelName":"bert"', '"modelName":"bart"') AS BLOB) WHERE idx = 17`)
  driver.close()
  {
    await using _started = await openLog(folder, keys) // as a start does
  }
  expect((await check()).faults).toBe(1)
  expect(lines.at(-1)).toMatchObject({ msg: expect.stringContaining('the log is not what it was') as string, faults: 1 })
  const [told] = log.audit.entries({ reverse: true, limit: 1 })
  expect(told?.leaf).toMatchObject({
    kind: 'verify',
    operation: 'audit.check',
    caller: 'local',
    result: 'error',
    errorCode: 'AUDIT_CORRUPT',
    reason: 'the log is not what it was: leaf 17 was changed: it is not the one in the tree; 1 fault in all',
  })
})

it('says of cold storage that is away as a whole that nothing could be checked, and of a bundle that is gone from it that the log was changed', async () => {
  const driver = new DatabaseSync(database)
  driver.exec("UPDATE audit_leaf SET bytes = x'' WHERE idx < 256") // as they are when they were moved
  driver.close()
  const cold = join(folder, 'cold')
  // As whoever moves entries writes it into the log before.
  await log.audit.append(intent({ operation: 'audit.archive', reason: describeMove({ start: 0n, end: 256n, root: new Uint8Array(32) }, cold) }))
  const size = log.audit.size()
  expect((await check(cold)).faults).toBeUndefined()
  expect(lines.at(-1)).toMatchObject({ msg: 'the whole log could not be checked', error: expect.stringContaining(`are in ${cold}`) as string })
  expect(log.audit.size()).toBe(size)
  mkdirSync(cold)
  writeFileSync(join(cold, 'checkpoint'), '')
  expect((await check(cold)).faults).toBe(1)
  expect(log.audit.size()).toBe(size + 1n)
})
