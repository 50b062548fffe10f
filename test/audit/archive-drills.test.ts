/**
 * The disk fails, or the process is gone, at each step of moving entries into cold storage. At once, before anything is mended, every entry is in one
 * place or the other; the next run does all of it. docs/audit-log.md has the table.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { AUDIT_MIGRATIONS, checkWholeLog } from '#audit'
import { openDatabaseForReading } from '#db'
import { grow } from '../publish/support.ts'
import { type DiskFault, diskModule } from '../support/disk-module.ts'
import { nobleVerifier, softwareLog } from '../support/software-log.ts'
import { temporaryFolder } from '../support/temporary.ts'
import { openLog } from './support.ts'

const LEAVES = 1300n // five full bundles, of which three may go
const END = 768
const SCRIPT = fileURLToPath(new URL('archive-once.ts', import.meta.url))
const log = softwareLog('log.example/models')
const known = { origin: log.origin, keys: log.keys, verifier: nobleVerifier }
const home = mkdtempSync(join(tmpdir(), 'sealstone-test-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))
beforeAll(async () => {
  mkdirSync(home, { recursive: true })
  await using open = await openLog(home, log)
  await grow(open, Number(LEAVES) - 1)
})

type Drill = readonly [step: string, action: DiskFault['action'], fault: Omit<DiskFault, 'action'>, moved: 0 | typeof END]

/** The first flush is that of the write-ahead log's own header. */
const COMMIT = 2
const [WAL, DATABASE] = ['sealstone.db-wal', 'sealstone.db']
// All three bundles leave in one commit. Steps of publishing have a table of their own.
const MOVING: readonly Drill[] = [
  ['writing a bundle into cold storage', 'ENOSPC', { step: 'write', file: '.tmp' }, 0],
  ['naming the checkpoint of the cold storage', 'kill-before', { step: 'rename', file: 'checkpoint' }, 0],
  ['naming the checkpoint of the cold storage', 'kill-after', { step: 'rename', file: 'checkpoint' }, 0],
  ['the first write of the commit', 'ENOSPC', { step: 'write', file: WAL }, 0],
  ['a write in the middle of the commit', 'kill-after', { step: 'write', file: WAL, call: 40 }, 0],
  ['flushing the commit', 'EIO', { step: 'sync', file: WAL, call: COMMIT }, 0],
  ['flushing the commit', 'kill-after', { step: 'sync', file: WAL, call: COMMIT }, END],
  ['moving it into its file', 'kill-after', { step: 'write', file: DATABASE, call: 5 }, END],
]
/** By another connection, with a write-ahead log of its own. */
const SHRINKING: readonly Drill[] = [
  ['writing the database anew', 'ENOSPC', { step: 'write', file: WAL, call: 280 }, END],
  ['writing the database anew', 'kill-before', { step: 'write', file: WAL, call: 280 }, END],
  ['flushing the database written anew', 'EIO', { step: 'sync', file: WAL, call: 5 }, END],
  ['moving that into its file', 'kill-after', { step: 'write', file: DATABASE, call: 120 }, END],
  ['flushing that file', 'EIO', { step: 'sync', file: DATABASE, call: 2 }, END],
]

it.each([...MOVING.map((drill) => [...drill, false] as const), ...SHRINKING.map((drill) => [...drill, true] as const)])(
  '%s: %s',
  async (_step, action, fault, moved, isShrinking) => {
    const folder = temporaryFolder()
    cpSync(home, folder, { recursive: true })
    const directory = join(folder, 'cold')
    const disk = diskModule(folder)
    disk.inject({ ...fault, action })
    const run = (env: NodeJS.ProcessEnv) =>
      spawnSync(process.execPath, [SCRIPT, folder, directory], { encoding: 'utf8', env: { ...process.env, ...env } })
    const { signal, stdout, stderr } = run(disk.env)
    expect(disk.wasMet(), `${stdout} ${stderr}`).toBe(true)
    expect(stderr.includes('smaller')).toBe(isShrinking)
    expect(signal).toBe(action.startsWith('kill') ? 'SIGKILL' : null)

    const fsck = () => checkWholeLog({ database: join(folder, 'sealstone.db'), cold: directory, log: known })
    expect(await fsck()).toMatchObject({ size: LEAVES, findingCount: 0 })
    expect(archivedIn(folder)).toBe(moved)
    expect(run({})).toMatchObject({ status: 0, stdout: '' })
    expect(archivedIn(folder)).toBe(END)
    expect(statSync(join(folder, 'sealstone.db')).size).toBeLessThan(statSync(join(home, 'sealstone.db')).size * 0.75)
    expect(await fsck()).toMatchObject({ size: LEAVES, findingCount: 0 })
    expect(readdirSync(join(directory, '.publish/unfinished'))).toEqual([])
  },
)

function archivedIn(folder: string): number {
  const db = openDatabaseForReading(join(folder, 'sealstone.db'), AUDIT_MIGRATIONS)
  try {
    return db.prepare('SELECT count(*) AS count FROM audit_leaf WHERE octet_length(bytes) = 0').get()?.['count'] as number
  } finally {
    db.close()
  }
}
