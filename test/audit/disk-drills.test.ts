/**
 * The disk fails, or the process is gone, at each step of writing the log, while eight callers sign. Afterwards: nothing that was answered is
 * missing, nothing is forked, every intent is closed, and the whole log is right. docs/audit-log.md has the table.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { verifyWholeLog } from '#audit'
import { toHex } from '#core'
import { decodeCheckpoint, GrowingTree, parseNote } from '#tlog'
import { type DiskFault, type DiskModule, diskModule } from '../support/disk-module.ts'
import { nobleVerifier, softwareLog } from '../support/software-log.ts'
import { temporaryFolder } from '../support/temporary.ts'
import { openLog } from './support.ts'

const WAL = 'sealstone.db-wal'
const DATABASE = 'sealstone.db'
const seed = crypto.getRandomValues(new Uint8Array(32))
const log = softwareLog('log.example/models', seed)

interface Drill {
  readonly step: string
  readonly fault: DiskFault
  /** Entries that are in the log before. */
  readonly entries?: number
}

// One commit writes leaves, tiles, head and answers as frames of SQLite's write-ahead log, then flushes it; that log is moved into the database
// when it is closed.
const FIRST = { step: 'write', file: WAL } as const
const MIDDLE = { step: 'write', file: WAL, call: 9 } as const
const FLUSH = { step: 'sync', file: WAL } as const
const MOVE = { step: 'write', file: DATABASE } as const
const MOVED = { step: 'sync', file: DATABASE } as const

const REFUSING: readonly Drill[] = [
  { step: 'the first write of a commit', fault: { ...FIRST, action: 'EIO', times: 3 } },
  { step: 'the first write of a commit', fault: { ...FIRST, action: 'ENOSPC', times: 3 } },
  { step: 'the first write of a commit', fault: { ...FIRST, action: 'EROFS', times: 'always' } },
  { step: 'a write in the middle of a commit', fault: { ...MIDDLE, action: 'EIO' } },
  { step: 'a write in the middle of a commit', fault: { ...MIDDLE, action: 'ENOSPC', times: 'always' } },
  { step: 'a commit that fills a tile', fault: { ...MIDDLE, action: 'EIO', times: 'always' }, entries: 250 },
  { step: 'flushing a commit', fault: { ...FLUSH, action: 'EIO', times: 2 } },
  { step: 'flushing a commit', fault: { ...FLUSH, action: 'ENOSPC', times: 'always' } },
]

const DYING: readonly Drill[] = [
  { step: 'the first write of a commit', fault: { ...FIRST, action: 'kill-before' } },
  { step: 'the first write of a commit', fault: { ...FIRST, action: 'kill-after' } },
  { step: 'a write in the middle of a commit', fault: { ...MIDDLE, action: 'kill-before' } },
  { step: 'a write in the middle of a commit', fault: { ...MIDDLE, action: 'kill-after' } },
  { step: 'a commit that fills a tile', fault: { ...MIDDLE, action: 'kill-after' }, entries: 250 },
  { step: 'flushing a commit', fault: { ...FLUSH, action: 'kill-before' } },
  { step: 'flushing a commit', fault: { ...FLUSH, action: 'kill-after' } },
  { step: 'flushing the second commit from now', fault: { ...FLUSH, call: 2, action: 'kill-after' } },
]

const CLOSING: readonly (Drill & { readonly ends: 'by itself' | 'SIGKILL' })[] = [
  { step: 'moving commits into the database', fault: { ...MOVE, action: 'EIO', times: 'always' }, ends: 'by itself' },
  { step: 'moving commits into the database', fault: { ...MOVE, action: 'kill-before' }, ends: 'SIGKILL' },
  { step: 'moving commits into the database', fault: { ...MOVE, call: 3, action: 'kill-after' }, ends: 'SIGKILL' },
  { step: 'flushing the database', fault: { ...MOVED, action: 'EIO', times: 'always' }, ends: 'by itself' },
  { step: 'flushing the database', fault: { ...MOVED, action: 'kill-before' }, ends: 'SIGKILL' },
]

describe('a log whose disk fails', () => {
  it.each(named(REFUSING))('refuses until the disk is well again, at %s: %s', async (_step, _action, drill) => {
    const { folder, signer, disk } = await begin(drill)
    await expect.poll(() => signer.told().failures.length, { interval: 5 }).toBeGreaterThan(0)
    expect(new Set(signer.told().failures)).toEqual(new Set(['AUDIT_UNAVAILABLE']))
    disk.clear()
    await signer.answers(20) // it goes on by itself
    signer.child.kill('SIGKILL')
    await signer.ended()
    await expectWholeLog(folder, signer.told())
  })

  it.each(named(DYING))('is whole after the process died at %s: %s', async (_step, _action, drill) => {
    const { folder, signer } = await begin(drill)
    expect(await signer.ended()).toEqual([null, 'SIGKILL'])
    await expectWholeLog(folder, signer.told())
  })

  it.each(named(CLOSING))('is whole when closing it failed at %s: %s', async (_step, _action, drill) => {
    const { folder, signer, disk } = await begin(drill)
    signer.child.kill('SIGTERM')
    const [, signal] = await signer.ended()
    expect(signal ?? 'by itself').toBe(drill.ends)
    expect(disk.wasMet()).toBe(true)
    await expectWholeLog(folder, signer.told())
  })
})

function named<Each extends Drill>(drills: readonly Each[]): (readonly [string, string, Each])[] {
  return drills.map((drill) => [drill.step, drill.fault.action, drill])
}

/** Eight callers sign, and from now on the fault waits for its call. */
async function begin({ entries = 32, fault }: Drill): Promise<{ folder: string; signer: Signer; disk: DiskModule }> {
  const folder = temporaryFolder()
  const disk = diskModule(folder)
  const signer = startSigner(folder, disk)
  await signer.answers(entries / 2 - 8)
  disk.inject(fault)
  return { folder, signer, disk }
}

interface Signer {
  readonly child: ChildProcess
  told(): Told
  /** Resolves when so many more answers were given. */
  answers(count: number): Promise<void>
  ended(): Promise<[code: number | null, signal: NodeJS.Signals | null]>
}

interface Told {
  readonly intents: readonly bigint[]
  readonly failures: readonly string[]
  readonly answers: readonly { readonly index: bigint; readonly key: string; readonly digest: string }[]
}

function startSigner(folder: string, disk: DiskModule): Signer {
  const script = fileURLToPath(new URL('append-until-killed.ts', import.meta.url))
  const child = spawn(process.execPath, [script, folder, toHex(seed), '0'], {
    env: { ...process.env, ...disk.env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  const told = (): Told => readTold(text)
  const signer: Signer = {
    child,
    told,
    answers: async (count) => {
      const wanted = told().answers.length + count
      await expect.poll(() => told().answers.length, { interval: 5 }).toBeGreaterThanOrEqual(wanted)
    },
    ended: () => exited,
  }
  return signer
}

/** As the next start finds it, without any fault. */
async function expectWholeLog(folder: string, { intents, answers }: Told): Promise<void> {
  await using open = await openLog(folder, log)
  const { audit, db } = open
  await audit.recover()
  expect(verifyWholeLog({ db, origin: log.origin, keys: log.keys, verifier: nobleVerifier }).openIntents).toBe(0)

  const entries = [...audit.entries()]
  const roots = rootsOf(entries.map(({ bytes }) => bytes))
  expect(answers.length).toBeGreaterThan(0)
  for (const { index, key, digest } of answers) {
    const answer = audit.findAnswer(key)?.answer
    expect(answer, `the answer to ${key}`).toBeDefined()
    expect(sha256(answer as Uint8Array)).toBe(digest)
    expect(entries[Number(index)]?.leaf).toMatchObject({ kind: 'outcome', result: 'ok' })
    expectPrefix(answer as Uint8Array, roots)
  }
  const kinds = new Map(entries.map(({ index, leaf }) => [index, leaf.kind]))
  expect(intents.filter((index) => kinds.get(index) !== 'intent')).toEqual([])
  const outcomes = entries.filter(({ leaf }) => leaf.kind === 'outcome').map(({ leaf }) => leaf.operationId)
  const intended = entries.filter(({ leaf }) => leaf.kind === 'intent').map(({ leaf }) => leaf.operationId)
  expect(outcomes.toSorted()).toEqual(intended.toSorted())
}

/** No fork: the checkpoint in an answer speaks of a tree that today's log begins with. */
function expectPrefix(answer: Uint8Array, roots: readonly string[]): void {
  const proof = Buffer.from(answer).toString('utf8')
  const { size, root } = decodeCheckpoint(parseNote(proof.slice(proof.indexOf('\n\n') + 2)).text)
  expect(toHex(root)).toBe(roots[Number(size)])
}

function rootsOf(leaves: readonly Uint8Array[]): string[] {
  const tree = GrowingTree.empty()
  return [
    toHex(tree.root()),
    ...leaves.map((leaf) => {
      tree.append(leaf)
      return toHex(tree.root())
    }),
  ]
}

function readTold(text: string): Told {
  const lines = text.split('\n').slice(0, -1) // a line that was cut was not given
  const words = (name: string): string[][] => lines.filter((line) => line.startsWith(`${name} `)).map((line) => line.split(' ').slice(1))
  return {
    intents: words('intent').map(([index]) => BigInt(index as string)),
    failures: words('failed').map(([code]) => code as string),
    answers: words('answer').map(([index, key, digest]) => ({
      index: BigInt(index as string),
      key: Buffer.from(key as string, 'hex').toString(),
      digest: digest as string,
    })),
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
