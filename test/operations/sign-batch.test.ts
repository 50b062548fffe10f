/** Many signings in one call: each its own answer, one group of durable commits, and one that fails takes no other with it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseIdempotencyKey, parseKeyName, SealstoneError, systemClock } from '#core'
import { parseTrustFile, verifyModel } from '#envelopes'
import { type BatchResult, Capacity, type SignRequest } from '#operations'
import { nativeEngine } from '#suites/native'
import { parseTlogProof } from '#tlog'
import { type LiveInstallation, openInstallation } from '../support/installation.ts'
import { manifestOf } from '../support/signing.ts'

let home: LiveInstallation
beforeAll(async () => {
  home = await openInstallation()
  await home.operations.createKey(home.call, { name: parseKeyName('default') })
})
afterAll(() => home[Symbol.asyncDispose]())

let ids = 0
function request(changes: Partial<SignRequest> = {}): SignRequest {
  const name = `model-${++ids}`
  return {
    key: parseKeyName('default'),
    idempotencyKey: parseIdempotencyKey(name),
    content: { kind: 'manifest', manifest: manifestOf(['a.bin', 'b.bin'], name) },
    ...changes,
  }
}

const codes = (results: readonly BatchResult[]): string[] => results.map((result) => (result.ok ? 'ok' : result.error.code))

describe('a batch', () => {
  it('signs all of it, each with a receipt of its own, in one checkpoint', async () => {
    const requests = Array.from({ length: 64 }, () => request())
    const before = home.context.audit.size()
    const results = await home.operations.signBatch(home.call, requests)
    expect(new Set(codes(results))).toEqual(new Set(['ok']))
    const trust = parseTrustFile(await home.operations.getTrust(home.call), nativeEngine())
    const checkpoints = new Set<string>()
    for (const [at, result] of results.entries()) {
      if (!result.ok) throw result.error
      const verdict = await verifyModel({
        engine: nativeEngine(),
        ...(result.answer.modelSig === undefined ? {} : { bundle: result.answer.modelSig }),
        hybrid: result.answer.hybridSig,
        trust: { kind: 'trust-file', trust },
        require: 'key',
        now: home.clock.now(),
      })
      expect(verdict).toMatchObject({ ok: true, statement: { modelName: requests[at]?.idempotencyKey } })
      checkpoints.add(parseTlogProof(result.answer.receipt.proof).checkpoint)
    }
    expect(checkpoints.size).toBe(1)
    const kinds = [...home.context.audit.entries({ from: before })].slice(0, 128).map(({ leaf }) => leaf.kind)
    expect(kinds.slice(0, 64)).toEqual(Array.from({ length: 64 }, () => 'intent')) // all of them before the first use of the key
    expect(kinds.slice(64)).toEqual(Array.from({ length: 64 }, () => 'outcome'))
  })

  it('answers for each what is wrong with it, and signs the others', async () => {
    await home.operations.createKey(home.call, { name: parseKeyName('off'), suite: 'ecdsa-p256' })
    await home.operations.changeKey(home.call, { action: 'disable', name: parseKeyName('off') })
    const conflicting = request()
    await home.operations.sign(home.call, conflicting)
    const results = await home.operations.signBatch(home.call, [
      request(),
      request({ key: parseKeyName('nobody') }),
      request({ key: parseKeyName('off') }),
      request({ idempotencyKey: conflicting.idempotencyKey }),
      conflicting,
      request(),
    ])
    expect(codes(results)).toEqual(['ok', 'KEY_UNKNOWN', 'KEY_UNUSABLE', 'IDEMPOTENCY_CONFLICT', 'ok', 'ok'])
    expect(results[4]).toMatchObject({ answer: { replayed: true } })
  })

  it('answers a request that is in it twice once, and repeats the answer', async () => {
    const twice = request()
    const results = await home.operations.signBatch(home.call, [twice, request(), twice])
    const [first, , second] = results
    if (!first?.ok || !second?.ok) throw new Error(codes(results).join())
    expect(second.answer).toEqual({ ...first.answer, replayed: true })
  })

  it('that is repeated as a whole gets the same answers', async () => {
    const requests = Array.from({ length: 5 }, () => request())
    const first = await home.operations.signBatch(home.call, requests)
    const again = await home.operations.signBatch(home.call, requests)
    expect(again).toEqual(first.map((result) => (result.ok ? { ok: true, answer: { ...result.answer, replayed: true } } : result)))
  })

  it('is refused empty, or with more than 256', async () => {
    for (const length of [0, 257]) {
      const batch = home.operations.signBatch(
        home.call,
        Array.from({ length }, () => request()),
      )
      await expect(batch).rejects.toMatchObject({ code: 'INPUT_INVALID' })
    }
  })

  it('leaves no intent open when its key host dies in the middle', async () => {
    const signing = home.operations.signBatch(
      home.call,
      Array.from({ length: 64 }, () => request()),
    )
    const pid = home.keyHost.pid
    setTimeout(() => process.kill(pid as number, 'SIGKILL'), 30)
    expect(new Set(codes(await signing))).toEqual(new Set(['ok']))
    expect(home.events('intent')).toHaveLength(home.events('outcome').length)
  })
})

describe('the capacity', () => {
  const fresh = (boundMs: number): Capacity => new Capacity({ boundMs, clock: systemClock })
  const fill = (capacity: Capacity, caller: string): { room: Disposable[]; refusal: SealstoneError | undefined } => {
    const room: Disposable[] = []
    for (;;) {
      try {
        room.push(capacity.enter(caller))
      } catch (error) {
        return { room, refusal: error instanceof SealstoneError ? error : undefined }
      }
    }
  }

  it('refuses what cannot be done in time, and says when to come again', () => {
    const capacity = fresh(1000)
    const { room, refusal } = fill(capacity, 'a')
    expect(room.length).toBeGreaterThan(8)
    expect(refusal).toMatchObject({ code: 'OVERLOADED', details: { retryDelayMs: expect.stringMatching(/^\d+$/) } })
    room.pop()?.[Symbol.dispose]()
    expect(() => capacity.enter('a')).not.toThrow()
  })

  it('leaves room for others when one caller has much', () => {
    const capacity = fresh(1000)
    const other = capacity.enter('b')
    const { room } = fill(capacity, 'a')
    const shared = fill(capacity, 'b').room.length + 1
    expect(room.length / shared).toBeLessThan(1.2)
    other[Symbol.dispose]()
  })

  it('lets some in however slow the token is', () => {
    expect(fill(fresh(1), 'a').room.length).toBe(8)
  })

  it('counts one that left twice once', () => {
    const capacity = fresh(1000)
    const one = capacity.enter('a')
    one[Symbol.dispose]()
    one[Symbol.dispose]()
    expect(capacity.running).toBe(0)
  })
})
