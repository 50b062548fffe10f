/** kill -9 of the key host, and of the daemon, in the middle of 200 signings. */
import { describe, expect, it } from 'vitest'
import { connect, type Client } from '#client'
import { parseTrustFile, verifyModel } from '#envelopes'
import { nativeEngine } from '#suites/native'
import { initHome, type RunningDaemon, startDaemon } from '../support/sealstone.ts'

const SIGNINGS = 200

interface Answered {
  readonly key: string
  readonly hybridSig: Uint8Array
  readonly modelSig: Uint8Array
}

describe('kill -9', () => {
  it('of the key host: every answered signature verifies and is logged', async () => {
    using home = await initHome()
    await using daemon = await startDaemon(home.home)
    const client = connect({ address: `unix:${daemon.socket}` })
    try {
      const answered = new Map<string, Answered>()
      const kills = whenAnswered(answered, [20, 80, 140], () => process.kill(daemon.keyHostPid(), 'SIGKILL'))
      const failed = await signMany(client, answered)
      const killed = kills.stop()
      expect(killed).toBe(3)
      for (const error of failed) expect(error).toMatch(/TOKEN_UNAVAILABLE|AUDIT_UNAVAILABLE|DEADLINE/)
      await retryFailed(client, answered)
      await expectAllVerifiedAndLogged(client, answered)
    } finally {
      await client.close()
    }
  })

  it('of the daemon: answers stay, a retry gives the same answer, every intent has an outcome after the restart', async () => {
    using home = await initHome()
    let daemon: RunningDaemon = await startDaemon(home.home)
    const client = connect({ address: `unix:${daemon.socket}` })
    try {
      const answered = new Map<string, Answered>()
      const signing = signMany(client, answered)
      await expect.poll(() => answered.size, { interval: 2 }).toBeGreaterThan(20)
      await daemon.kill('SIGKILL')
      const before = new Map(answered)
      expect(before.size).toBeGreaterThan(0)
      expect(before.size).toBeLessThan(SIGNINGS)
      daemon = await startDaemon(home.home) // while the clients go on trying
      await signing
      for (const { key, hybridSig, modelSig } of before.values()) {
        const again = await signNumber(client, key)
        expect(again.hybridSig).toEqual(hybridSig)
        expect(again.modelSig).toEqual(modelSig)
      }
      await retryFailed(client, answered)
      await expectAllVerifiedAndLogged(client, answered)
    } finally {
      await client.close()
      await daemon[Symbol.asyncDispose]()
    }
  })
})

/** Adds to `answered` as answers come; resolves with the codes of what failed. */
async function signMany(client: Client, answered: Map<string, Answered>): Promise<string[]> {
  const failed: string[] = []
  const waiting = Array.from({ length: SIGNINGS }, (_, number) => `signing-${number}`)
  const worker = async (): Promise<void> => {
    for (let key = waiting.shift(); key !== undefined; key = waiting.shift()) {
      try {
        answered.set(key, await signNumber(client, key))
      } catch (error) {
        failed.push((error as { code?: string }).code ?? String(error))
      }
    }
  }
  await Promise.all(Array.from({ length: 8 }, worker))
  return failed
}

async function signNumber(client: Client, key: string): Promise<Answered> {
  const digest = new Uint8Array(32).fill(Number(key.split('-')[1]) % 251)
  const manifest = {
    modelName: key,
    resources: [{ name: 'weights.bin', algorithm: 'sha256', digest, size: 1 }],
    serialization: { method: 'files', hashType: 'sha256', allowSymlinks: false, ignorePaths: [] },
    totalBytes: 1,
  } as const
  const answer = await client.sign({ key: 'default', idempotencyKey: key, content: { kind: 'manifest', manifest } }, { timeoutMs: 20_000 })
  if (answer.modelSig === undefined) throw new Error('no companion signature')
  return { key, hybridSig: answer.hybridSig, modelSig: answer.modelSig }
}

async function retryFailed(client: Client, answered: Map<string, Answered>): Promise<void> {
  for (let number = 0; number < SIGNINGS; number++) {
    const key = `signing-${number}`
    if (!answered.has(key)) answered.set(key, await signNumber(client, key))
  }
}

async function expectAllVerifiedAndLogged(client: Client, answered: Map<string, Answered>): Promise<void> {
  const engine = nativeEngine()
  const trust = parseTrustFile(await client.getTrust(), nativeEngine())
  expect(answered.size).toBe(SIGNINGS)
  for (const { key, hybridSig, modelSig } of answered.values()) {
    const verdict = await verifyModel({
      engine,
      bundle: modelSig,
      hybrid: hybridSig,
      trust: { kind: 'trust-file', trust },
      require: 'hybrid',
      now: new Date(),
    })
    expect(verdict.ok, `${key}: ${JSON.stringify(verdict.checks)}`).toBe(true)
  }
  const open = new Map<string, string>()
  const outcomes = new Map<string, number>()
  for await (const { leaf } of client.listEntries()) {
    if (leaf.kind === 'intent') open.set(leaf.operationId, leaf.modelName ?? '')
    if (leaf.kind !== 'outcome') continue
    open.delete(leaf.operationId)
    if (leaf.result === 'ok') outcomes.set(leaf.modelName ?? '', (outcomes.get(leaf.modelName ?? '') ?? 0) + 1)
  }
  expect([...open.values()], 'intents without an outcome').toEqual([])
  for (const key of answered.keys()) expect(outcomes.get(key), `${key} is logged once as answered`).toBe(1)
}

/** Runs `action` once each time that so many have been answered. */
function whenAnswered(answered: ReadonlyMap<string, Answered>, counts: readonly number[], action: () => void): { stop(): number } {
  let done = 0
  const timer = setInterval(() => {
    if (answered.size < (counts[done] ?? Infinity)) return
    try {
      action()
      done++
    } catch (error) {
      if (!/no child|ESRCH/.test(String(error))) throw error // between two key hosts there is none to kill
    }
  }, 2)
  return {
    stop: () => {
      clearInterval(timer)
      return done
    },
  }
}
