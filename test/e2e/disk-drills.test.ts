/**
 * The real daemon on SoftHSM, its disk failing or its process gone at a step of the log, while eight clients sign: what was answered verifies
 * and is in the log, nothing is forked, every intent is closed. test/audit/disk-drills.test.ts has every step.
 */
import { describe, expect, it } from 'vitest'
import { type Client, connect } from '#client'
import { parseTrustFile } from '#envelopes'
import { nativeEngine } from '#suites/native'
import { type DiskFault, diskModule } from '../support/disk-module.ts'
import { judgeAnswer, signRequest, verifyLogOf } from '../support/live-signing.ts'
import { initHome, type RunningDaemon, startDaemon, temporaryFolder } from '../support/sealstone.ts'

const WAL = 'sealstone.db-wal'
const CLIENTS = 8

type Answer = Awaited<ReturnType<Client['sign']>>
type Row = readonly [name: string, fault: DiskFault]

const REFUSING: readonly Row[] = [
  ['three commits cannot be flushed', { step: 'sync', file: WAL, action: 'EIO', times: 3 }],
  ['the disk becomes read-only for a while', { step: 'write', file: WAL, action: 'EROFS', times: 'always' }],
]

const DYING: readonly Row[] = [
  ['in the middle of a commit', { step: 'write', file: WAL, call: 25, action: 'kill-after' }],
  ['before a commit is flushed', { step: 'sync', file: WAL, call: 2, action: 'kill-before' }],
  ['when a commit is flushed and nobody was answered', { step: 'sync', file: WAL, call: 3, action: 'kill-after' }],
]

describe(`with ${CLIENTS} clients signing`, () => {
  it.each(REFUSING)('%s: refused meanwhile, and it goes on by itself', async (_name, fault) => {
    using home = await initHome()
    using faults = temporaryFolder()
    const disk = diskModule(faults.path)
    await using signing = await startSigning(home.home, disk.env)
    await signing.moreAnswers(CLIENTS)
    disk.inject(fault)
    await expect.poll(() => signing.failures.length, { interval: 5 }).toBeGreaterThan(0)
    disk.clear()
    await signing.moreAnswers(2 * CLIENTS)
    const answers = await signing.stop()

    // Without another start: an outcome that could not be written was written when that was possible again.
    expect(verifyLogOf(home.home).openIntents).toBe(0)
    await expectAnswersLogged(home.home, answers)
  })

  it.each(DYING)('the daemon is killed %s: the next start goes on', async (_name, fault) => {
    using home = await initHome()
    using faults = temporaryFolder()
    const disk = diskModule(faults.path)
    await using signing = await startSigning(home.home, disk.env)
    await signing.moreAnswers(CLIENTS)
    disk.inject(fault)
    await expect.poll(() => disk.wasMet(), { interval: 5 }).toBe(true)
    await signing.restart()
    await signing.moreAnswers(2 * CLIENTS)
    const answers = await signing.stop()

    expect(verifyLogOf(home.home).openIntents).toBe(0)
    await expectAnswersLogged(home.home, answers)
  })
})

interface Signing extends AsyncDisposable {
  /** Codes of what was refused. */
  readonly failures: readonly string[]
  moreAnswers(count: number): Promise<void>
  /** After the daemon has died. */
  restart(): Promise<void>
  /** Ends clients and daemon. */
  stop(): Promise<Answer[]>
}

async function startSigning(home: string, env: Readonly<Record<string, string>>): Promise<Signing> {
  let daemon: RunningDaemon = await startDaemon(home, { env })
  const client = connect({ address: `unix:${daemon.socket}`, attempts: 1, timeoutMs: 60_000 })
  const answers: Answer[] = []
  const failures: string[] = []
  let stopped = false
  const loops = Array.from({ length: CLIENTS }, async () => {
    while (!stopped) {
      try {
        answers.push(await client.sign(signRequest()))
      } catch (error) {
        failures.push((error as { code?: string }).code ?? String(error))
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
  })
  const stop = async (): Promise<Answer[]> => {
    stopped = true
    await Promise.all(loops)
    await client.close()
    await daemon[Symbol.asyncDispose]()
    return answers
  }
  return {
    failures,
    moreAnswers: async (count) => {
      const wanted = answers.length + count
      await expect.poll(() => answers.length, { interval: 5 }).toBeGreaterThanOrEqual(wanted)
    },
    restart: async () => {
      await daemon.kill('SIGKILL') // it is gone already; this waits for it
      daemon = await startDaemon(home)
    },
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop()
    },
  }
}

/** Each verifies with its receipt, and is an entry of the log as the next start reads it. */
async function expectAnswersLogged(home: string, answers: readonly Answer[]): Promise<void> {
  await using daemon = await startDaemon(home)
  const client = connect({ address: `unix:${daemon.socket}` })
  try {
    const trust = parseTrustFile(await client.getTrust(), nativeEngine())
    const entries = await Array.fromAsync(client.listEntries())
    expect(answers.length).toBeGreaterThan(CLIENTS)
    for (const answer of answers) {
      const verdict = await judgeAnswer(answer, trust)
      expect(verdict.ok, JSON.stringify(verdict.checks)).toBe(true)
      expect(entries[Number(answer.leafIndex)]?.leaf).toMatchObject({ kind: 'outcome', result: 'ok', operationId: answer.operationId })
    }
  } finally {
    await client.close()
  }
}
