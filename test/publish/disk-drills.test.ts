/**
 * The disk fails, or the process is gone, at each step of publishing. At once, before anything is mended, the directory has a checkpoint with all
 * that it covers; the next run has everything. docs/audit-log.md has the table.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { databaseTiles } from '#audit'
import { publishLog } from '#publish'
import { openLog } from '../audit/support.ts'
import { type DiskFault, diskModule } from '../support/disk-module.ts'
import { softwareLog } from '../support/software-log.ts'
import { temporaryFolder } from '../support/sealstone.ts'
import { grow, judge } from './support.ts'

const LOG = softwareLog('log.example/drills')
const SCRIPT = fileURLToPath(new URL('publish-once.ts', import.meta.url))
const BEFORE = 300n
const AFTER = 900n
// What leads from 300 entries to 900: three bundles, two full tiles and two partial ones; the checkpoint is the eighth file.
const PARTS = 7
const start = temporaryFolder()
const home = join(start.path, 'home')
const published = join(start.path, 'public')

beforeAll(async () => {
  mkdirSync(home)
  await using log = await openLog(home, LOG)
  await grow(log, Number(BEFORE) - 1)
  await publishLog({ source: databaseTiles(log.db), directory: published })
  await grow(log, Number(AFTER - BEFORE))
})
afterAll(() => start[Symbol.dispose]())

const file = (call: number) => ({ file: '.tmp', call })
const STEPS: readonly [step: string, fault: Omit<DiskFault, 'action'>, covered: bigint][] = [
  ['writing the first file', { step: 'write', ...file(1) }, BEFORE],
  ['writing the last tile', { step: 'write', ...file(PARTS) }, BEFORE],
  ['writing the checkpoint', { step: 'write', ...file(PARTS + 1) }, BEFORE],
  ['flushing the first file', { step: 'sync', ...file(1) }, BEFORE],
  ['flushing the checkpoint', { step: 'sync', ...file(PARTS + 1) }, BEFORE],
  ['naming an entry bundle', { step: 'rename', file: 'tile/entries/001' }, BEFORE],
  ['naming the last tile', { step: 'rename', file: 'tile/1/000.p/3' }, BEFORE],
  ['flushing a folder of tiles', { step: 'sync', file: 'tile/0' }, BEFORE],
  ['naming the checkpoint', { step: 'rename', file: 'checkpoint' }, BEFORE],
  ['flushing the folder of the checkpoint', { step: 'sync', file: 'public' }, AFTER],
]
const DRILLS = STEPS.flatMap(([step, fault, covered]) => [
  { step, fault: { ...fault, action: fault.step === 'write' ? ('ENOSPC' as const) : ('EIO' as const) }, covered },
  // The disk was made read-only: nothing is written and no name is given. What was written can still be flushed.
  ...(fault.step === 'sync' ? [] : [{ step, fault: { ...fault, action: 'EROFS' as const, times: 'always' as const }, covered }]),
  { step, fault: { ...fault, action: 'kill-before' as const }, covered },
  // Killed after the name was changed: it is seen.
  { step, fault: { ...fault, action: 'kill-after' as const }, covered: fault.step === 'rename' && fault.file === 'checkpoint' ? AFTER : covered },
])

it.each(DRILLS.map((drill) => [drill.step, drill.fault.action, drill] as const))('%s: %s', async (_step, action, { fault, covered }) => {
  using folder = temporaryFolder()
  const directory = join(folder.path, 'public')
  cpSync(start.path, folder.path, { recursive: true })
  const disk = diskModule(folder.path)
  disk.inject(fault)
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, join(folder.path, 'home'), directory], {
    encoding: 'utf8',
    env: { ...process.env, ...disk.env },
  })
  expect(disk.wasMet()).toBe(true)
  expect({ status, signal, stdout }, stderr).toEqual(
    action.startsWith('kill') ? { status: null, signal: 'SIGKILL', stdout: '' } : { status: 1, signal: null, stdout: 'OUTPUT_UNWRITABLE' },
  )
  expect(await judge(directory, LOG)).toBe(covered)

  await using log = await openLog(join(folder.path, 'home'), LOG)
  await publishLog({ source: databaseTiles(log.db), directory })
  expect(await judge(directory, LOG)).toBe(AFTER)
  expect(readdirSync(join(directory, '.publish/unfinished'))).toEqual([])
})
