/** Leaves as a daemon writes most of them, for those who read or write them by a quick way. */
import fc from 'fast-check'
import { parseIdentity, parseOperationId } from '#core'
import { LEAF_KINDS, type Leaf } from '#tlog'

const DIGEST = `sha256:${'ab'.repeat(32)}`
/** What a signing leaves in the log. */
export const SIGNING: Leaf = {
  version: 1,
  time: '2026-01-31T12:00:00.000Z',
  run: '0a1b2c3d',
  uptimeMs: 90_061_000,
  kind: 'outcome',
  operationId: parseOperationId('00112233445566778899aabbccddeeff'),
  caller: parseIdentity('spiffe://example.org/registry'),
  operation: 'sign',
  key: 'default',
  keyVersion: 1,
  suite: 'ML-DSA-65-ECDSA-P256',
  modelName: 'organisation/model',
  modelDigest: DIGEST,
  resourceCount: 12,
  digestSource: 'mixed',
  cachedDigests: 3,
  oldestCachedDigest: '2026-01-30T12:00:00.000Z',
  payloadType: 'application/vnd.in-toto+json',
  predicateType: 'https://model_signing/signature/v1.0',
  signedBytesDigest: DIGEST,
  signatures: [
    { role: 'hybrid', suite: 'ML-DSA-65-ECDSA-P256', keyFingerprint: 'cd'.repeat(32), digest: DIGEST },
    { role: 'companion', suite: 'ecdsa-p256', keyFingerprint: 'ef'.repeat(32), digest: DIGEST },
  ],
  policyRule: 0,
  policyDigest: DIGEST,
  result: 'ok',
}
export const REFUSAL: Leaf = {
  version: 1,
  time: '2026-02-28T23:59:59.999Z',
  kind: 'refused',
  operationId: SIGNING.operationId,
  caller: SIGNING.caller,
  operation: 'keys.create',
  errorCode: 'POLICY_DENIED',
  reason: 'no rule names this identity',
}
const REQUIRED = new Set(['version', 'time', 'kind', 'operationId', 'caller', 'operation'])
const text = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('bert-base', 'a name with, {braces} and: more') },
  { weight: 1, arbitrary: fc.string({ maxLength: 300 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 40 }) },
  { weight: 1, arbitrary: fc.constantFrom('a"b', '\\', '\u007f', '\u2028', 'ä') },
)

/** Mostly usual ones, with members left out and texts that are not. */
export const leaves: fc.Arbitrary<Leaf> = fc
  .record({
    base: fc.constantFrom(SIGNING, REFUSAL),
    left: fc.subarray(Object.keys(SIGNING).filter((name) => !REQUIRED.has(name))),
    kind: fc.constantFrom(...LEAF_KINDS),
    time: fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true }).map((date) => date.toISOString()),
    modelName: text,
    reason: text,
    payloadType: fc.constantFrom('application/json', 'a'.repeat(255)),
    uptimeMs: fc.maxSafeNat(),
    clockStepMs: fc.constantFrom(undefined, undefined, undefined, -3_600_000),
  })
  .map(({ base, left, ...members }) => {
    const all = Object.entries({ ...base, ...members }).filter(([name, value]) => value !== undefined && !left.includes(name))
    return Object.fromEntries(all) as unknown as Leaf
  })
