/** The challenge of an MCP registry, signed by keys in a real token: node:crypto is the judge. */
import { createPublicKey, verify } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseIdentity, parseKeyName, utf8 } from '#core'
import { createOperations, type RegistryAnswer } from '#operations'
import { type Leaf, parseLeaf } from '#tlog'
import { type LiveInstallation, openInstallation } from '../support/installation.ts'

let home: LiveInstallation
beforeAll(async () => {
  home = await openInstallation([
    { identity: 'local', operations: ['*'], keys: ['*'] },
    { identity: 'publisher.example.org', operations: ['sign'], keys: ['p384'] },
    { identity: 'careful.example.org', operations: ['sign'], keys: ['*'], digests: 'daemon' },
  ])
  for (const [name, suite] of [
    ['p384', 'ecdsa-p384'],
    ['ed', 'ed25519'],
    ['p256', 'ecdsa-p256'],
    ['hybrid', 'mldsa65-ecdsa-p256'],
  ] as const)
    await home.operations.createKey(home.call, { name: parseKeyName(name), suite })
})
afterAll(() => home[Symbol.asyncDispose]())

const challenge = (key: string, identity = 'local', operations = home.operations): Promise<RegistryAnswer> =>
  operations.signRegistryChallenge({ ...home.call, identity: parseIdentity(identity) }, { key: parseKeyName(key), domain: 'example.com' })
const leavesSince = (from: bigint): Leaf[] => [...home.context.audit.entries({ from })].map(({ leaf }) => leaf)

function judge(key: string, { timestamp, signature }: RegistryAnswer): boolean {
  const publicKey = createPublicKey({ key: Buffer.from(home.keys.get(parseKeyName(key)).hybrid.spki), format: 'der', type: 'spki' })
  if (key === 'ed') return verify(null, utf8(timestamp), publicKey, signature)
  return verify('sha384', utf8(timestamp), { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)
}

describe('a challenge', () => {
  it('of P-384 is 96 bytes that verify, every time', async () => {
    for (let count = 0; count < 40; count++) {
      const answer = await challenge('p384')
      expect(answer).toMatchObject({ algorithm: 'ecdsap384', timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as string })
      expect(answer.signature).toHaveLength(96)
      expect(judge('p384', answer)).toBe(true)
    }
  })

  it('of Ed25519 is 64 bytes over the time of the daemon, whatever the caller says', async () => {
    home.clock.set(3_600_000)
    const answer = await challenge('ed')
    expect(answer.algorithm).toBe('ed25519')
    expect(judge('ed', answer)).toBe(true)
    expect(Math.abs(Date.parse(answer.timestamp) - home.clock.now().getTime())).toBeLessThan(60_000)
    home.clock.set(-3_600_000)
  })

  it('is in the log before the key is used and after, with what was signed and for which domain', async () => {
    const from = home.context.audit.size()
    const answer = await challenge('p384', 'publisher.example.org')
    const [intent, outcome] = leavesSince(from)
    const facts = {
      operation: 'sign.registry-login',
      caller: 'publisher.example.org',
      key: 'p384',
      modelName: 'example.com',
      operationId: answer.operationId,
    }
    expect(intent).toMatchObject({ kind: 'intent', ...facts, policyRule: 1 })
    expect(outcome).toMatchObject({ kind: 'outcome', ...facts, result: 'ok', signatures: [{ suite: 'ecdsa-p384' }] })
    expect(answer.leafIndex).toBe(from + 1n)
    expect(parseLeaf((await home.context.audit.receipt(answer.leafIndex)).leaf)).toEqual(outcome)
  })

  it.each(['p256', 'hybrid'])('of a key that registries do not take (%s) is refused before anything is written', async (key) => {
    const from = home.context.audit.size()
    await expect(challenge(key)).rejects.toMatchObject({ code: 'KEY_UNUSABLE', message: expect.stringMatching(/ed25519 and ecdsa-p384/) as string })
    expect(leavesSince(from)).toEqual([])
  })

  it('is refused to who may not sign, or only what the daemon has hashed, and the log says so', async () => {
    const from = home.context.audit.size()
    for (const identity of ['auditor.example.org', 'careful.example.org'])
      await expect(challenge('ed', identity)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
    expect(leavesSince(from)).toMatchObject([
      { kind: 'refused', caller: 'auditor.example.org' },
      { kind: 'refused', caller: 'careful.example.org' },
    ])
  })

  it('that was signed wrongly is not given out: the key goes into quarantine and the log says why', async () => {
    await home.operations.createKey(home.call, { name: parseKeyName('broken'), suite: 'ed25519' })
    const keys = { ...home.keys, signWith: async () => new Uint8Array(64) }
    const operations = createOperations({ ...home.context, keys })
    const from = home.context.audit.size()
    await expect(challenge('broken', 'local', operations)).rejects.toMatchObject({ code: 'SIGNATURE_MISMATCH' })
    expect(leavesSince(from).filter(({ operation }) => operation === 'sign.registry-login')).toMatchObject([
      { kind: 'intent' },
      { kind: 'outcome', result: 'error', errorCode: 'SIGNATURE_MISMATCH' },
    ])
    await expect(challenge('broken')).rejects.toMatchObject({ code: 'KEY_UNUSABLE' })
  })
})
