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
  keyProtection: {
    module: 'libsofthsm2.so',
    tokenModel: 'SoftHSM v2',
    tokenSerial: '0a7d5c8a31d81fce',
    firmware: '2.6',
    halves: [
      { role: 'ml-dsa', location: 'sealed', sealing: 'aes-256-gcm' },
      { role: 'classical', location: 'token', sensitive: true, extractable: false, alwaysSensitive: true, neverExtractable: true, local: true },
      { role: 'companion', location: 'token', sensitive: true, extractable: false, alwaysSensitive: true, neverExtractable: true, local: true },
    ],
  },
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

const flag = fc.constantFrom(undefined, true, false)
const protections = fc.record({
  module: text.map((name) => name.slice(0, 255)),
  tokenModel: fc.constantFrom('SoftHSM v2', ''),
  tokenSerial: fc.constantFrom('0a7d5c8a31d81fce', DIGEST),
  firmware: fc.constantFrom(undefined, '2.6'),
  origin: fc.constantFrom(undefined, 'imported', 'adopted'),
  recoverable: fc.constantFrom(undefined, true),
  validations: fc.constantFrom(undefined, undefined, [
    { type: 'hardware', authority: 'nist-cmvp', level: 3, version: '3.0', certificate: '4998 "a"' },
  ]),
  halves: fc.array(
    fc.record({
      role: fc.constantFrom('ml-dsa', 'classical', 'companion'),
      location: fc.constantFrom('token', 'sealed'),
      sealing: fc.constantFrom(undefined, 'aes-256-gcm', 'rsa-oaep'),
      sensitive: flag,
      extractable: flag,
      alwaysSensitive: flag,
      neverExtractable: flag,
      local: flag,
    }),
    { minLength: 1, maxLength: 3 },
  ),
})

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
    keyProtection: fc.oneof(fc.constant(undefined), fc.constant(SIGNING.keyProtection), protections),
    clockStepMs: fc.constantFrom(undefined, undefined, undefined, -3_600_000),
  })
  .map(({ base, left, ...members }) => {
    const all = Object.entries({ ...base, ...members }).filter(([name, value]) => value !== undefined && !left.includes(name))
    return Object.fromEntries(all) as unknown as Leaf
  })
