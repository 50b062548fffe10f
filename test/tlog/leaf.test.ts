/** The leaf format: what goes in comes out, and nothing else is a leaf. */
import { describe, expect, it } from 'vitest'
import { canonicalJson, type JsonObject, parseIdentity, parseOperationId, SealstoneError, utf8, utf8Text } from '#core'
import { encodeLeaf, LEAF_KINDS, type Leaf, leafJson, parseLeaf } from '#tlog'

const DIGEST = `sha256:${'ab'.repeat(32)}`
const PROTECTED: Leaf = {
  version: 1,
  time: '2026-01-31T12:00:00.000Z',
  kind: 'outcome',
  operationId: parseOperationId('00112233445566778899aabbccddeeff'),
  caller: parseIdentity('spiffe://example.org/registry'),
  operation: 'sign',
  key: 'default',
  keyVersion: 1,
  suite: 'mldsa65-ecdsa-p256',
  modelName: 'modèle "β"',
  modelDigest: DIGEST,
  payloadType: 'application/vnd.in-toto+json',
  predicateType: 'https://model_signing/signature/v1.0',
  signedBytesDigest: DIGEST,
  signatures: [{ role: 'hybrid', suite: 'mldsa65-ecdsa-p256', keyFingerprint: 'cd'.repeat(32), digest: DIGEST }],
  resourceCount: 3,
  result: 'ok',
  run: '0a1b2c3d',
  uptimeMs: 90_061_000,
  policyRule: 0,
  policyDigest: DIGEST,
  configDigest: DIGEST,
  previousConfigDigest: DIGEST,
  clockStepMs: -3_600_000,
  certificateDigest: DIGEST,
  count: 7,
  verifications: [
    { caller: parseIdentity('local'), key: 'default', result: 'ok', count: 6 },
    { caller: parseIdentity('reader.example.org'), result: 'error', count: 1 },
  ],
  keyProtection: {
    module: 'libsofthsm2.so',
    tokenModel: 'SoftHSM v2',
    tokenSerial: '0123456789abcdef',
    halves: [
      { role: 'ml-dsa', location: 'sealed', sealing: 'aes-256-gcm' },
      { role: 'classical', location: 'token', sensitive: true, extractable: false },
    ],
  },
}

const { keyProtection: _protection, ...PLAIN } = PROTECTED

function refusal(bytes: Uint8Array): string {
  try {
    parseLeaf(bytes)
  } catch (error) {
    if (error instanceof SealstoneError) return error.code
    throw error
  }
  return 'nothing thrown'
}

// A leaf without protection is read and written by a quicker way: what holds for the one holds for the other.
describe.each<{ what: string; LEAF: Leaf }>([
  { what: 'a leaf', LEAF: PLAIN },
  { what: 'a leaf with a protection', LEAF: PROTECTED },
])('$what', ({ LEAF }) => {
  const withMembers = (members: JsonObject): Uint8Array => utf8(canonicalJson({ ...leafJson(LEAF), ...members }))

  it('is canonical JSON and reads back as it was', () => {
    const bytes = encodeLeaf(LEAF)
    expect(utf8Text(bytes).startsWith('{"caller":"spiffe://example.org/registry","certificateDigest":"sha256:ab')).toBe(true)
    expect(parseLeaf(bytes)).toEqual(LEAF)
    expect(encodeLeaf(parseLeaf(bytes))).toEqual(bytes)
    expect(utf8Text(bytes)).toBe(canonicalJson(leafJson(LEAF)))
  })

  it('is the same however its members were ordered', () => {
    const turned = Object.fromEntries(Object.entries({ ...LEAF, reason: undefined }).toReversed()) as unknown as Leaf
    const signatures = LEAF.signatures?.map((signature) => Object.fromEntries(Object.entries(signature).toReversed()))
    expect(encodeLeaf({ ...turned, signatures } as unknown as Leaf)).toEqual(encodeLeaf(LEAF))
  })

  it('omits what is absent', () => {
    const bare: Leaf = { version: 1, time: LEAF.time, kind: 'daemon-start', operationId: LEAF.operationId, caller: LEAF.caller, operation: 'serve' }
    expect(Object.keys(JSON.parse(utf8Text(encodeLeaf(bare))) as object)).toEqual(['caller', 'kind', 'operation', 'operationId', 'time', 'version'])
  })

  it('has every kind', () => {
    for (const kind of LEAF_KINDS) expect(parseLeaf(encodeLeaf({ ...LEAF, kind })).kind).toBe(kind)
  })

  it('is at most 65,535 bytes', () => {
    const long = Array.from({ length: 8 }, () => ({ ...LEAF.signatures?.[0] })) as NonNullable<Leaf['signatures']>
    const big = { ...LEAF, signatures: long, reason: '\u0001'.repeat(4096), modelName: '\u0001'.repeat(4096), predicateType: '\u0001'.repeat(4096) }
    expect(() => encodeLeaf(big)).toThrow('want at most 65535')
  })

  it.each<[string, JsonObject]>([
    ['an unknown member', { colour: 'red' }],
    ['another version', { version: 2 }],
    ['an unknown kind', { kind: 'rumour' }],
    ['a time without milliseconds', { time: '2026-01-31T12:00:00Z' }],
    ['a day that does not exist', { time: '2026-02-30T12:00:00.000Z' }],
    ['a year of five digits', { time: '+012026-01-31T12:00:00.000Z' }],
    ['a number for a key', { key: 5 }],
    ['a null', { reason: null }],
    ['a fraction', { resourceCount: 1.5 }],
    ['a version of zero', { keyVersion: 0 }],
    ['a digest in upper case', { modelDigest: DIGEST.toUpperCase() }],
    ['no signatures in the list', { signatures: [] }],
    ['a signature without digest', { signatures: [{ role: 'hybrid', suite: 'a', keyFingerprint: 'cd'.repeat(32) }] }],
    ['an unknown member in a signature', { signatures: [{ role: 'hybrid', suite: 'a', keyFingerprint: 'cd'.repeat(32), digest: DIGEST, x: 1 }] }],
    [
      'an unknown member in the protection',
      { keyProtection: { module: 'm', tokenModel: '', tokenSerial: '', halves: [{ role: 'ml-dsa', location: 'token', x: 1 }] } },
    ],
    ['an unknown result', { result: 'fine' }],
    ['a run that is no id', { run: 'first' }],
    ['an uptime below zero', { uptimeMs: -1 }],
    ['a count of nothing', { count: 0 }],
    ['a row of verifications without a count', { verifications: [{ caller: 'local', result: 'ok' }] }],
    ['verifications by nobody', { verifications: [{ caller: '', result: 'ok', count: 1 }] }],
    ['17 rows of verifications', { verifications: Array.from({ length: 17 }, () => ({ caller: 'local', result: 'ok', count: 1 })) }],
    ['an unknown member in a row of verifications', { verifications: [{ caller: 'local', result: 'ok', count: 1, x: 1 }] }],
    ['a lower-case error code', { errorCode: 'internal' }],
  ])('is refused with %s', (_what, members) => {
    expect(refusal(withMembers(members))).toBe('FORMAT_INVALID')
  })

  it('is refused without any one of its required members', () => {
    for (const name of ['version', 'time', 'kind', 'operationId', 'caller', 'operation']) {
      const { [name]: _gone, ...rest } = leafJson(LEAF)
      expect(refusal(utf8(canonicalJson(rest)))).toBe('FORMAT_INVALID')
    }
  })

  it('is refused in any other form of the same JSON', () => {
    const canonical = utf8Text(encodeLeaf(LEAF))
    expect(refusal(utf8(canonical.replace('{', '{ ')))).toBe('FORMAT_INVALID')
    expect(refusal(utf8(canonical.replace('"default"', '"\\u0064efault"')))).toBe('FORMAT_INVALID')
    expect(refusal(utf8(canonical.replace('"version":1', '"version":1.0')))).toBe('FORMAT_INVALID')
    expect(refusal(utf8(canonical.replace('"key":"default",', '"key":"default","key":"default",')))).toBe('JSON_INVALID')
    expect(refusal(utf8(`${canonical}\n`))).toBe('FORMAT_INVALID')
  })

  it('cannot be encoded if it could not be read', () => {
    expect(() => encodeLeaf({ ...LEAF, modelDigest: 'sha256:short' })).toThrow('modelDigest')
    expect(() => encodeLeaf({ ...LEAF, reason: '\ud800' })).toThrow('lone surrogate')
  })
})
