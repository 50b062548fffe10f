/** A log as plain files: what is there is whole and signed, what was published stays, and nothing that contradicts it goes over it. */
import { copyFileSync, readdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { databaseTiles } from '#audit'
import { publishLog, type PublishReport } from '#publish'
import { codeOf, openLog, type OpenLog } from '../audit/support.ts'
import { softwareLog } from '../support/software-log.ts'
import { temporaryFolder } from '../support/temporary.ts'
import { filesIn, grow, judge } from './support.ts'

const LOG = softwareLog('log.example/published')
const HOUR_MS = 3_600_000

const publish = ({ db }: OpenLog, directory: string): Promise<PublishReport> => publishLog({ source: databaseTiles(db), directory })

it('has everything that its checkpoint covers, at every size', async () => {
  const directory = join(temporaryFolder(), 'public')
  await using log = await openLog(temporaryFolder(), LOG)
  let size = 1
  for (const next of [1, 2, 255, 256, 257, 300, 511, 512, 700, 1100]) {
    if (next > size) await grow(log, next - size)
    const report = await publish(log, directory)
    expect(report).toMatchObject({ origin: LOG.origin, size: BigInt(next) })
    expect(await judge(directory, LOG)).toBe(BigInt(next))
    size = next
  }
})

it('is the same whether it was published at once or step by step, but for partial tiles', async () => {
  const [stepwise, atOnce] = [temporaryFolder(), temporaryFolder()]
  await using log = await openLog(temporaryFolder(), LOG)
  for (const entries of [99, 200, 300, 101]) {
    await grow(log, entries)
    await publish(log, stepwise)
  }
  await publish(log, atOnce)
  const whole = filesIn(atOnce)
  expect(whole).toEqual([
    'checkpoint',
    'tile/0/000',
    'tile/0/001',
    'tile/0/002.p/189',
    'tile/1/000.p/2',
    'tile/entries/000',
    'tile/entries/001',
    'tile/entries/002.p/189',
  ])
  for (const path of whole) expect(readFileSync(join(stepwise, path)), path).toEqual(readFileSync(join(atOnce, path)))
  expect(filesIn(stepwise).filter((path) => !whole.includes(path))).toEqual([
    'tile/0/000.p/100',
    'tile/0/001.p/44',
    'tile/0/002.p/88',
    'tile/1/000.p/1',
    'tile/entries/000.p/100',
    'tile/entries/001.p/44',
    'tile/entries/002.p/88',
  ])
})

it('writes only what is new, and nothing when nothing is', async () => {
  const directory = temporaryFolder()
  await using log = await openLog(temporaryFolder(), LOG)
  await grow(log, 699)
  expect((await publish(log, directory)).filesWritten).toBe(3 + 3 + 1 + 1)
  await grow(log, 10)
  // The bundle and the tile at the edge, and the checkpoint.
  expect(await publish(log, directory)).toMatchObject({ before: 700n, size: 710n, filesWritten: 3 })
  expect(await publish(log, directory)).toMatchObject({ before: 710n, size: 710n, filesWritten: 0, bytesWritten: 0 })
})

it('can be read by everybody, whatever the mask', async () => {
  const directory = join(temporaryFolder(), 'public')
  await using log = await openLog(temporaryFolder(), LOG)
  const mask = process.umask(0o077)
  try {
    await publish(log, directory)
  } finally {
    process.umask(mask)
  }
  for (const path of filesIn(directory)) expect(statSync(join(directory, path)).mode & 0o777, path).toBe(0o644)
  for (const path of ['', 'tile', 'tile/0', 'tile/entries/000.p']) expect(statSync(join(directory, path)).mode & 0o777, path).toBe(0o755)
  expect(statSync(join(directory, '.publish')).mode & 0o777).toBe(0o700)
})

it('refuses to put a fork, a rolled back log or another log over what is there', async () => {
  const [directory, home] = [temporaryFolder(), temporaryFolder()]
  {
    await using log = await openLog(home, LOG)
    await grow(log, 299)
  }
  const [yesterday, forked] = [temporaryFolder(), temporaryFolder()]
  for (const copy of [yesterday, forked]) copyFileSync(join(home, 'sealstone.db'), join(copy, 'sealstone.db'))
  await using log = await openLog(home, LOG)
  await grow(log, 300)
  await publish(log, directory)
  const published = readFileSync(join(directory, 'checkpoint'), 'utf8')

  await using rolledBack = await openLog(yesterday, LOG)
  await expect(publish(rolledBack, directory)).rejects.toMatchObject({
    code: 'LOG_ROLLED_BACK',
    message: expect.stringMatching(/holds 600 entries, this log has 300/),
  })
  await using other = await openLog(forked, LOG)
  await grow(other, 300)
  await expect(publish(other, directory)).rejects.toMatchObject({ code: 'LOG_FORKED', message: expect.stringMatching(/another tree of 600/) })
  await grow(other, 100)
  await expect(publish(other, directory)).rejects.toMatchObject({ code: 'LOG_FORKED', message: expect.stringMatching(/does not extend/) })
  await using foreign = await openLog(temporaryFolder(), softwareLog('log.example/other'))
  await grow(foreign, 900)
  await expect(publish(foreign, directory)).rejects.toMatchObject({ code: 'LOG_FORKED', message: expect.stringMatching(/log\.example\/other/) })

  expect(readFileSync(join(directory, 'checkpoint'), 'utf8')).toBe(published)
  expect(await judge(directory, LOG)).toBe(600n)
})

it('leaves what is published where only the witnesses are behind, and still knows a fork', async () => {
  const [directory, home, forked] = [temporaryFolder(), temporaryFolder(), temporaryFolder()]
  let early: string
  {
    await using log = await openLog(home, LOG)
    await grow(log, 299)
    early = log.audit.checkpoint() as string
  }
  copyFileSync(join(home, 'sealstone.db'), join(forked, 'sealstone.db'))
  await using log = await openLog(home, LOG)
  await using other = await openLog(forked, LOG)
  await grow(log, 300)
  await grow(other, 400)
  await publish(log, directory)
  for (const { db } of [log, other]) db.prepare('INSERT INTO audit_cosigned (size, note, quorate) VALUES (300, ?, 1)').run(early)
  expect(await publish(log, directory)).toMatchObject({ size: 600n, before: 600n, filesWritten: 0 })
  await expect(publish(other, directory)).rejects.toMatchObject({ code: 'LOG_FORKED', message: expect.stringMatching(/another tree of 600/) })
  expect(await judge(directory, LOG)).toBe(600n)
})

it('does not publish a leaf that was changed in the database', async () => {
  const directory = temporaryFolder()
  await using log = await openLog(temporaryFolder(), LOG)
  await grow(log, 299)
  await publish(log, directory)
  await grow(log, 300)
  const change = log.db.prepare("UPDATE audit_leaf SET bytes = CAST(replace(CAST(bytes AS TEXT), 'bert', 'bart') AS BLOB) WHERE idx = ?")
  change.run(270n)
  await expect(publish(log, directory)).rejects.toMatchObject({ code: 'AUDIT_CORRUPT', message: expect.stringMatching(/entry 270 was changed/) })
  log.db.prepare("UPDATE audit_leaf SET bytes = CAST(replace(CAST(bytes AS TEXT), 'bart', 'bert') AS BLOB) WHERE idx = 270").run()
  change.run(450n)
  await expect(publish(log, directory)).rejects.toMatchObject({ code: 'AUDIT_CORRUPT', message: expect.stringMatching(/entries from 300 to 600/) })
  expect(await judge(directory, LOG)).toBe(300n)
})

it('keeps a partial tile until its full one was published for an hour', async () => {
  const directory = temporaryFolder()
  const partials = (): string[] => filesIn(directory).filter((path) => path.includes('000.p') && !path.startsWith('tile/1'))
  await using log = await openLog(temporaryFolder(), LOG)
  await grow(log, 99)
  await publish(log, directory)
  await grow(log, 200)
  expect((await publish(log, directory)).removed).toBe(0)
  await grow(log, 250)
  expect((await publish(log, directory)).removed).toBe(0) // published, but a moment ago
  const longAgo = (Date.now() - 2 * HOUR_MS) / 1000
  for (const path of ['tile/0/000', 'tile/entries/000', 'tile/0/001', 'tile/entries/001']) utimesSync(join(directory, path), longAgo, longAgo)
  expect(partials()).toEqual(['tile/0/000.p/100', 'tile/entries/000.p/100'])
  await grow(log, 250)
  expect((await publish(log, directory)).removed).toBe(4)
  expect(partials()).toEqual([])
  expect(filesIn(directory).filter((path) => path.includes('.p/'))).toEqual([
    'tile/0/002.p/38',
    'tile/0/003.p/32',
    'tile/1/000.p/1',
    'tile/1/000.p/2',
    'tile/1/000.p/3',
    'tile/entries/002.p/38',
    'tile/entries/003.p/32',
  ])
})

it('follows no link out of the directory', async () => {
  const [directory, outside] = [temporaryFolder(), temporaryFolder()]
  await using log = await openLog(temporaryFolder(), LOG)
  symlinkSync(outside, join(directory, 'tile'))
  expect(await codeOf(publish(log, directory))).toBe('OUTPUT_UNWRITABLE')
  const other = temporaryFolder()
  symlinkSync(outside, join(other, '.publish'))
  expect(await codeOf(publish(log, other))).toBe('OUTPUT_UNWRITABLE')
  expect(readdirSync(outside)).toEqual([])
})

it('lets one publisher in at a time, and removes what a killed one left', async () => {
  const directory = temporaryFolder()
  await using log = await openLog(temporaryFolder(), LOG)
  await grow(log, 1999)
  const both = await Promise.allSettled([publish(log, directory), publish(log, directory)])
  const refused = both.filter(({ status }) => status === 'rejected')
  expect(refused).toEqual([
    {
      status: 'rejected',
      reason: expect.objectContaining({ code: 'OUTPUT_UNWRITABLE', message: expect.stringMatching(/something else publishes/) }),
    },
  ])
  writeFileSync(join(directory, '.publish/unfinished/.000.0123456789ab.tmp'), 'half')
  await publish(log, directory)
  expect(readdirSync(join(directory, '.publish/unfinished'))).toEqual([])
  expect(await judge(directory, LOG)).toBe(2000n)
})

it('tells how far it is, and stops when it is told to', async () => {
  const directory = temporaryFolder()
  await using log = await openLog(temporaryFolder(), LOG)
  await grow(log, 4999)
  const told: [bigint, bigint][] = []
  const controller = new AbortController()
  const source = databaseTiles(log.db)
  const stopped = publishLog({ source, directory, signal: controller.signal, onProgress: () => controller.abort() })
  await expect(stopped).rejects.toMatchObject({ code: 'CANCELLED' })
  await publishLog({ source, directory, onProgress: (done, total) => void told.push([done, total]) })
  expect(told.length).toBeGreaterThan(1)
  expect(told.every(([done], at) => at === 0 || done >= (told[at - 1] as [bigint, bigint])[0])).toBe(true)
  expect(told.at(-1)).toEqual([5000n, 5000n])
  expect(await judge(directory, LOG)).toBe(5000n)
})

it('does not take for a log what is none', async () => {
  const directory = temporaryFolder()
  await using log = await openLog(temporaryFolder(), LOG)
  writeFileSync(join(directory, 'checkpoint'), 'hello')
  expect(await codeOf(publish(log, directory))).toBe('FORMAT_INVALID')
  expect(await codeOf(publish(log, join(directory, 'checkpoint')))).toBe('OUTPUT_UNWRITABLE')
  expect(await codeOf(publish(log, join(directory, 'checkpoint/below')))).toBe('OUTPUT_UNWRITABLE')
})
