/** What the log tells of verifications by the daemon: every failure, a sample of the rest, and how many there were; however many are asked for. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { parseIdentity, parseKeyName, SealstoneError } from '#core'
import { type CallContext, createOperations, type OperationContext, type Operations, type SignAnswer } from '#operations'
import type { Leaf } from '#tlog'
import { type LiveInstallation, openInstallation } from '../support/installation.ts'

const REGISTRY = parseIdentity('spiffe://registry.example/reader')
let home: LiveInstallation
let answer: SignAnswer
let operations: Operations

beforeAll(async () => {
  home = await openInstallation([
    { identity: 'local', operations: ['*'], keys: ['*'] },
    { identity: 'spiffe://registry.example/*', operations: ['verify'], keys: [] },
  ])
  await home.operations.createKey(home.call, { name: parseKeyName('default') })
  answer = await home.sign('default')
})
afterAll(() => home[Symbol.asyncDispose]())
beforeEach(() => {
  operations = withContext({})
})

const withContext = (changes: Partial<OperationContext>): Operations => createOperations({ ...home.context, ...changes })
const as = (identity: CallContext['identity']): CallContext => ({ ...home.call, identity })
const good = () => ({ hybrid: answer.hybridSig, require: 'key' as const })
const bad = () => {
  const text = Buffer.from(answer.hybridSig).toString()
  const at = text.indexOf('"sig":"') + 7
  return { hybrid: Buffer.from(`${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`), require: 'key' as const }
}
const leavesSince = (from: bigint): Leaf[] => [...home.context.audit.entries({ from })].map(({ leaf }) => leaf)
const size = (): bigint => home.context.audit.size()

describe('a verification', () => {
  it('that is good is counted, and told with the next summary, once', async () => {
    const from = size()
    for (const caller of [REGISTRY, REGISTRY, home.call.identity]) expect((await operations.verify(as(caller), good())).ok).toBe(true)
    expect(size()).toBe(from)
    await operations.tellCounted()
    await operations.tellCounted()
    expect(leavesSince(from)).toMatchObject([
      {
        kind: 'verify-summary',
        caller: 'local',
        count: 3,
        verifications: [
          { caller: REGISTRY, key: 'default', result: 'ok', count: 2 },
          { caller: 'local', key: 'default', result: 'ok', count: 1 },
        ],
      },
    ])
  })

  it('that is bad is a leaf when its caller hears of it', async () => {
    const from = size()
    expect((await operations.verify(as(REGISTRY), bad())).ok).toBe(false)
    expect(leavesSince(from)).toMatchObject([
      { kind: 'verify', caller: REGISTRY, result: 'error', errorCode: 'VERIFICATION_FAILED', policyRule: 1, policyDigest: home.context.policyDigest },
    ])
    const [{ reason, modelName, signedBytesDigest } = {} as Leaf] = leavesSince(from)
    expect(reason).toContain('hybrid-signature')
    expect(modelName).toBeUndefined() // nobody that is trusted has said it
    expect(signedBytesDigest).toMatch(/^sha256:/)
    await operations.tellCounted()
    expect(size()).toBe(from + 1n)
  })

  it('of what is no signature is a leaf too', async () => {
    const from = size()
    expect((await operations.verify(as(REGISTRY), { hybrid: Buffer.from('{}'), require: 'key' })).ok).toBe(false)
    expect(leavesSince(from)).toMatchObject([{ kind: 'verify', result: 'error', reason: 'bundle-format' }])
  })

  it('that the policy does not allow is a refusal', async () => {
    const from = size()
    await expect(operations.verify(as(parseIdentity('stranger.example.org')), good())).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
    expect(leavesSince(from)).toMatchObject([{ kind: 'refused', operation: 'verify', caller: 'stranger.example.org' }])
  })

  it('in the sample names the signing that it is about', async () => {
    const from = size()
    await withContext({ verifySample: 1 }).verify(as(REGISTRY), good())
    await expect.poll(size).toBeGreaterThan(from)
    const [outcome] = home.context.audit.entries({ from: answer.leafIndex, limit: 1 })
    const { key, keyVersion, modelName, modelDigest, signedBytesDigest, predicateType, signatures, resourceCount } = outcome?.leaf ?? ({} as Leaf)
    const [hybrid] = signatures ?? []
    const facts = { key, keyVersion, modelName, modelDigest, signedBytesDigest, predicateType, resourceCount, signatures: [hybrid] }
    expect(leavesSince(from)).toMatchObject([{ kind: 'verify', result: 'ok', caller: REGISTRY, ...facts }])
  })
})

describe('many verifications', () => {
  it('that fail are at most 20 leaves of one caller in a minute, and no caller hides another; the summary has the number of the rest', async () => {
    const from = size()
    for (let at = 0; at < 50; at += 1) await operations.verify(as(REGISTRY), bad())
    await operations.verify(home.call, bad())
    const told = leavesSince(from)
    expect(told).toHaveLength(21)
    expect(told.at(-1)).toMatchObject({ kind: 'verify', caller: 'local' })
    await operations.tellCounted()
    expect(leavesSince(from).at(-1)).toMatchObject({
      kind: 'verify-summary',
      count: 30,
      verifications: [{ caller: REGISTRY, result: 'error', count: 30 }],
    })
  })

  it('that are good hide none that failed: who had failures is told first', async () => {
    for (let at = 0; at < 300; at += 1) {
      const caller = as(parseIdentity(`spiffe://registry.example/${at}`))
      for (const _twice of [1, 2]) await operations.verify(caller, good())
    }
    for (let at = 0; at < 21; at += 1) await operations.verify(as(REGISTRY), bad())
    const from = size()
    await operations.tellCounted()
    const [summary] = leavesSince(from)
    expect(summary?.count).toBe(601)
    expect(summary?.verifications?.[0]).toMatchObject({ caller: REGISTRY, result: 'error', count: 1 })
    expect(summary?.verifications?.[1]).toMatchObject({ result: 'ok', count: 2 })
  })

  it('by hundreds of callers are one leaf of 16 rows, with the number of all', async () => {
    const from = size()
    for (let at = 0; at < 300; at += 1) await operations.verify(as(parseIdentity(`spiffe://registry.example/${'x'.repeat(2000)}/${at}`)), good())
    await operations.verify(as(parseIdentity(`spiffe://registry.example/${'x'.repeat(2000)}/7`)), good())
    await operations.tellCounted()
    const [summary, ...more] = leavesSince(from)
    expect(more).toEqual([])
    expect(summary?.count).toBe(301)
    expect(summary?.verifications).toHaveLength(16)
    expect(summary?.verifications?.[0]?.count).toBe(2)
  })
})

it('while the log cannot be written the answer is given all the same, and what it was is told later', async () => {
  const from = size()
  let isFull = true
  const { audit } = home.context
  const full = Object.create(audit, {
    append: { value: (leaf: Leaf) => (isFull ? Promise.reject(new SealstoneError('AUDIT_UNAVAILABLE')) : audit.append(leaf)) },
  }) as typeof audit
  const refusing = withContext({ audit: full })
  expect((await refusing.verify(as(REGISTRY), bad())).ok).toBe(false)
  await refusing.tellCounted()
  expect(size()).toBe(from)
  isFull = false
  await refusing.tellCounted()
  expect(leavesSince(from)).toMatchObject([{ kind: 'verify-summary', count: 1, verifications: [{ caller: REGISTRY, result: 'error', count: 1 }] }])
})
