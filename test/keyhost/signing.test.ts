/** Every suite that signs, end to end through the key host, judged by both engines; many at once; large ones; limits. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LIMITS, toSealstoneError } from '#core'
import { KEY_HOST_LIMITS, type KeyHost, type KeyMaterial, keyMaterialJson, parseKeyMaterial } from '#keyhost'
import { findSuite, parsePublicKey, SUITE_IDS, type SuiteId, verify } from '#suites'
import { nativeEngine } from '#suites/native'
import { portableEngine } from '#suites/portable'
import { makeToken, openKeyHost, type TestToken } from '../support/softhsm.ts'

const SIGNING_SUITES = SUITE_IDS.filter((id) => findSuite(id).canSign)
const ENGINES = [nativeEngine(), portableEngine()]

let token: TestToken
let keyHost: KeyHost & AsyncDisposable
const keys = new Map<SuiteId, KeyMaterial>()

beforeAll(async () => {
  token = await makeToken()
  keyHost = await openKeyHost(token.location)
  for (const suite of SIGNING_SUITES) {
    keys.set(suite, await keyHost.generateKey({ keyId: suite, version: 1, suite, label: suite, role: 'signing' }))
  }
})
afterAll(async () => {
  await keyHost[Symbol.asyncDispose]()
  token[Symbol.dispose]()
})

it('makes keys of the four composites, pure ML-DSA and the classical suites', () => {
  expect(SIGNING_SUITES).toEqual(
    expect.arrayContaining([
      'mldsa65-ecdsa-p256',
      'mldsa65-ed25519',
      'mldsa87-ecdsa-p384',
      'mldsa65-rsa3072-pss',
      'mldsa44',
      'mldsa65',
      'mldsa87',
      'ecdsa-p256',
      'ecdsa-p384',
      'ecdsa-p521',
      'ed25519',
    ]),
  )
})

describe.each(SIGNING_SUITES)('suite %s', (suite) => {
  it('signs what both engines verify, and only that', async () => {
    const key = keyOf(suite)
    const message = text('the message of this suite')
    const [signature] = await keyHost.sign([{ key, message }])
    const publicKey = parsePublicKey(key.spki)
    // The portable engine has no RSA; node:crypto is the only judge there, and not the signer: the token signed.
    for (const engine of suite === 'mldsa65-rsa3072-pss' ? ENGINES.slice(0, 1) : ENGINES) {
      expect(verify(engine, publicKey, message, signature as Uint8Array), engine.name).toBe(true)
      expect(verify(engine, publicKey, text('another message'), signature as Uint8Array), engine.name).toBe(false)
    }
  })

  it('records where each half is and how the token guards it', () => {
    const { mlDsa, classical } = findSuite(suite)
    const guarded = { sensitive: true, extractable: false, alwaysSensitive: true, neverExtractable: true, local: true }
    const { protection } = keyOf(suite)
    expect(protection).toMatchObject({ module: 'libsofthsm2.so', tokenModel: 'SoftHSM v2', tokenSerial: token.location.serial })
    expect(protection.halves).toEqual([
      ...(mlDsa === undefined ? [] : [{ role: 'ml-dsa', location: 'sealed', sealing: 'aes-256-gcm', ...guarded }]),
      ...(classical === undefined ? [] : [{ role: 'classical', location: 'token', ...guarded }]),
    ])
  })

  it('survives storing: its JSON reads back the same and signs', async () => {
    const stored = JSON.parse(JSON.stringify(keyMaterialJson(keyOf(suite))))
    const key = parseKeyMaterial(stored)
    expect(key).toEqual(keyOf(suite))
    await keyHost.check([key])
    expect(() => parseKeyMaterial({ ...stored, extra: 1 })).toThrow('unknown member "extra"')
    expect(() => parseKeyMaterial({ ...stored, version: 0 })).toThrow('version is 0, want 1 or more')
  })
})

it('refuses to make keys of a suite that only verifies', async () => {
  await expect(keyHost.generateKey({ keyId: 'x', version: 1, suite: 'mldsa87-ed448', label: 'x', role: 'signing' })).rejects.toMatchObject({
    code: 'SUITE_UNSUPPORTED',
  })
})

it('hedges: the same message signed twice gives two signatures', async () => {
  const key = keyOf('mldsa65')
  const [first, second] = await keyHost.sign([
    { key, message: text('twice') },
    { key, message: text('twice') },
  ])
  expect(first).not.toEqual(second)
})

it('signs 300 requests of two items at once, each signature for its own message', async () => {
  const hybrid = keyOf('mldsa65-ecdsa-p256')
  const companion = keyOf('ecdsa-p256')
  const messages = Array.from({ length: 300 }, (_, index) => text(`message ${index} ${'x'.repeat(index)}`))
  const signed = await Promise.all(
    messages.map((message) =>
      keyHost.sign([
        { key: hybrid, message },
        { key: companion, message },
      ]),
    ),
  )
  const [engine] = ENGINES
  signed.forEach(([main, other], index) => {
    const message = messages[index] as Uint8Array
    expect(verify(engine as (typeof ENGINES)[0], parsePublicKey(hybrid.spki), message, main as Uint8Array)).toBe(true)
    expect(verify(engine as (typeof ENGINES)[0], parsePublicKey(companion.spki), message, other as Uint8Array)).toBe(true)
  })
  expect(keyHost.respawns).toBe(0)
})

describe('size', () => {
  it.each(['mldsa65-ecdsa-p256', 'mldsa65-ed25519', 'mldsa65', 'ed25519', 'ecdsa-p384'] as const)('16 MiB is signed by %s', async (suite) => {
    const key = keyOf(suite)
    const message = new Uint8Array(16 * 1024 * 1024).fill(0x5a)
    const [signature] = await keyHost.sign([{ key, message }])
    expect(verify(nativeEngine(), parsePublicKey(key.spki), message, signature as Uint8Array)).toBe(true)
  })

  it('nothing at all is signed as well', async () => {
    const key = keyOf('mldsa65-ecdsa-p256')
    const [signature] = await keyHost.sign([{ key, message: new Uint8Array() }])
    expect(verify(nativeEngine(), parsePublicKey(key.spki), new Uint8Array(), signature as Uint8Array)).toBe(true)
  })

  it('over the limit is refused before it is sent', async () => {
    const message = new Uint8Array(LIMITS.payloadBytes + 1025)
    await expect(keyHost.sign([{ key: keyOf('mldsa65'), message }])).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' })
  })
})

describe('limits', () => {
  it('refuses no items and too many items', async () => {
    const item = { key: keyOf('ecdsa-p256'), message: text('x') }
    await expect(keyHost.sign([])).rejects.toMatchObject({ code: 'INPUT_INVALID' })
    await expect(keyHost.sign(Array.from({ length: KEY_HOST_LIMITS.items + 1 }, () => item))).rejects.toMatchObject({ code: 'INPUT_INVALID' })
    expect(await keyHost.sign(Array.from({ length: KEY_HOST_LIMITS.items }, () => item))).toHaveLength(KEY_HOST_LIMITS.items)
  })

  it('refuses a request beyond the queue, and does all the others', async () => {
    const item = { key: keyOf('ecdsa-p256'), message: text('x') }
    const all = await Promise.allSettled(Array.from({ length: KEY_HOST_LIMITS.commands + 10 }, () => keyHost.sign([item])))
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(KEY_HOST_LIMITS.commands)
    const refused = all.filter((outcome) => outcome.status === 'rejected')
    expect(refused.map(({ reason }) => toSealstoneError(reason).code)).toEqual(Array.from({ length: 10 }, () => 'OVERLOADED'))
  })

  it('refuses more bytes than may wait, and forgets what was cancelled', async () => {
    const message = new Uint8Array(LIMITS.payloadBytes)
    const fitting = Math.floor(KEY_HOST_LIMITS.waitingBytes / message.length)
    const stop = new AbortController()
    const all = Array.from({ length: fitting + 1 }, () => keyHost.sign([{ key: keyOf('ecdsa-p256'), message }], { signal: stop.signal }))
    const outcomes = Promise.allSettled(all)
    await expect(all.at(-1)).rejects.toMatchObject({ code: 'OVERLOADED' })
    stop.abort()
    for (const outcome of (await outcomes).slice(0, fitting)) expect(outcome).toMatchObject({ reason: { code: 'CANCELLED' } })
    expect(await keyHost.sign([{ key: keyOf('ecdsa-p256'), message: text('x') }])).toHaveLength(1)
  })
})

function keyOf(suite: SuiteId): KeyMaterial {
  const key = keys.get(suite)
  if (key === undefined) throw new Error(`no key of ${suite}`)
  return key
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value)
}
