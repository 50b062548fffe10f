/** kill -9 of the key host, and of the daemon, in the middle of 200 signings. */
import { setTimeout as sleep } from 'node:timers/promises'
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
      const killAt = [20, 80, 140]
      const failed = await signMany(client, answered, () => {
        if (answered.size >= (killAt[0] ?? Infinity) && killKeyHost(daemon)) killAt.shift()
      })
      for (const error of failed) expect(error).toMatch(/TOKEN_UNAVAILABLE|AUDIT_UNAVAILABLE|DEADLINE/)
      expect(killAt).toEqual([])
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
      await expectAllVerifiedAndLogged(client, answered)
    } finally {
      await client.close()
      await daemon[Symbol.asyncDispose]()
    }
  })
})

/** Adds to `answered` as answers come, and asks again for what failed; resolves with the codes of that. */
async function signMany(client: Client, answered: Map<string, Answered>, onAnswer: () => void = () => {}): Promise<string[]> {
  const failed: string[] = []
  const waiting = Array.from({ length: SIGNINGS }, (_, number) => `signing-${number}`)
  const worker = async (): Promise<void> => {
    for (let key = waiting.shift(); key !== undefined; key = waiting.shift()) {
      try {
        answered.set(key, await signNumber(client, key))
        onAnswer()
      } catch (error) {
        failed.push((error as { code?: string }).code ?? String(error))
        if (failed.length > 10_000) throw error // for good
        waiting.push(key)
        await sleep(20)
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
  const answer = await client.sign({ key: 'default', idempotencyKey: key, content: { kind: 'manifest', manifest } }, { timeoutMs: 60_000 })
  if (answer.modelSig === undefined) throw new Error('no companion signature')
  return { key, hybridSig: answer.hybridSig, modelSig: answer.modelSig }
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

/** Whether there was one: between two of them there is none to kill. */
function killKeyHost(daemon: RunningDaemon): boolean {
  try {
    process.kill(daemon.keyHostPid(), 'SIGKILL')
    return true
  } catch (error) {
    if (!/no child|ESRCH/.test(String(error))) throw error
    return false
  }
}
