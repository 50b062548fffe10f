/** kryoptic: a token that has ML-DSA itself. It keeps the token contract with sealed seeds, and holds ML-DSA halves that never leave it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { silentLogger, utf8 } from '#core'
import { type KeyHost, type KeyMaterial, keyMaterialJson, parseKeyMaterial, probeToken, startKeyHost } from '#keyhost'
import { findSuite, parsePublicKey, splitPublicKey, splitSignature, SUITE_IDS, type SuiteId, verify } from '#suites'
import { nativeEngine } from '#suites/native'
import { portableEngine } from '#suites/portable'
import { makeToken } from '../support/softhsm.ts'
import { type KryopticToken, makeKryopticToken } from '../support/kryoptic.ts'

const SUITES = SUITE_IDS.filter((id) => findSuite(id).canSign && findSuite(id).mlDsa !== undefined)
const GUARDED = { sensitive: true, extractable: false, alwaysSensitive: true, neverExtractable: true, local: true }
let token: KryopticToken
let keyHost: KeyHost
beforeAll(async () => {
  token = makeKryopticToken()
  keyHost = await startKeyHost({ token: token.location, logger: silentLogger })
})
afterAll(async () => {
  await keyHost.close()
  token[Symbol.dispose]()
})

const make = (suite: SuiteId, mlDsa: 'sealed' | 'token', keyId: string = `${suite}-${mlDsa}`): Promise<KeyMaterial> =>
  keyHost.generateKey({ keyId, version: 1, suite, label: keyId, role: 'signing', mlDsa })

async function signsRightly(key: KeyMaterial, message: Uint8Array): Promise<Uint8Array> {
  const [signature] = await keyHost.sign([{ key, message }])
  if (signature === undefined) throw new Error('no signature')
  for (const engine of findSuite(key.suite).classical === 'rsa3072-pss' ? [nativeEngine()] : [nativeEngine(), portableEngine()]) {
    expect(verify(engine, parsePublicKey(key.spki), message, signature), engine.name).toBe(true)
    expect(verify(engine, parsePublicKey(key.spki), utf8('another'), signature), engine.name).toBe(false)
  }
  return signature
}

describe.each(SUITES)('%s', (suite) => {
  it('with its ML-DSA half in the token signs what both engines verify, and says where the half is', async () => {
    const key = await make(suite, 'token')
    expect(key).not.toHaveProperty('sealedSeed')
    expect(key.protection.halves).toContainEqual({ role: 'ml-dsa', location: 'token', ...GUARDED })
    expect(key.protection).not.toHaveProperty('validations')
    for (const length of [0, 1, 1000, 65_536]) await signsRightly(key, new Uint8Array(length).fill(7))
    expect(parseKeyMaterial(keyMaterialJson(key))).toEqual(key)
  })

  it('with its seed sealed by the token signs too', async () => {
    const key = await make(suite, 'sealed')
    expect(key).not.toHaveProperty('mlDsaCkaId')
    expect(key.protection.halves).toContainEqual({ role: 'ml-dsa', location: 'sealed', sealing: 'aes-256-gcm', ...GUARDED })
    await signsRightly(key, utf8('sealed'))
  })
})

describe('a composite with both halves in the token', () => {
  it('signs its ML-DSA half under the context of the composite, and under no other', async () => {
    const key = await make('mldsa65-ecdsa-p256', 'token', 'context')
    const signature = await signsRightly(key, utf8('context'))
    const publicKey = parsePublicKey(key.spki)
    const suite = publicKey.suite
    const [mlDsaKey, mlDsaSignature] = [splitPublicKey(suite, publicKey.raw)?.mlDsa, splitSignature(suite, signature)?.mlDsa]
    if (mlDsaKey === undefined || mlDsaSignature === undefined) throw new Error('no halves')
    // Verified as plain ML-DSA, whatever message one tries: the context is part of what was signed.
    expect(nativeEngine().verify('ml-dsa-65', mlDsaKey, utf8('context'), mlDsaSignature)).toBe(false)
    expect(nativeEngine().verify('ml-dsa-65', mlDsaKey, utf8('context'), mlDsaSignature, utf8('another'))).toBe(false)
  })

  it('signs 200 messages, in turn with sealed keys, without one that is wrong', async () => {
    const keys = await Promise.all([
      make('mldsa65-ecdsa-p256', 'token', 'many-a'),
      make('mldsa87-ecdsa-p384', 'token', 'many-b'),
      make('mldsa44', 'sealed', 'many-c'),
    ])
    const engine = nativeEngine()
    const messages = Array.from({ length: 200 }, (_, at) => utf8(`message ${at}`))
    const signed = await Promise.all(messages.map((message, at) => keyHost.sign([{ key: keys[at % 3] as KeyMaterial, message }])))
    signed.forEach(([signature], at) => {
      expect(verify(engine, parsePublicKey((keys[at % 3] as KeyMaterial).spki), messages[at] as Uint8Array, signature as Uint8Array)).toBe(true)
    })
  })

  it('is there after the key host was killed, and is the recorded one', async () => {
    const key = await make('mldsa65-ed25519', 'token', 'kept')
    process.kill(keyHost.pid as number, 'SIGKILL')
    await signsRightly(key, utf8('after'))
    await keyHost.check([key])
    const other = await make('mldsa65-ed25519', 'token', 'other')
    await expect(keyHost.check([{ ...key, mlDsaCkaId: other.mlDsaCkaId as string }])).rejects.toMatchObject({ code: 'TOKEN_KEY_MISMATCH' })
  })

  it('is gone when it is destroyed', async () => {
    const key = await make('mldsa44', 'token', 'gone')
    await keyHost.destroyKeys([key])
    await expect(keyHost.sign([{ key, message: utf8('x') }])).rejects.toMatchObject({ code: 'TOKEN_KEY_MISMATCH' })
  })
})

describe('a probe', () => {
  it('signs in the token with every ML-DSA set, with and without context, and leaves nothing', async () => {
    using other = makeKryopticToken('probe')
    const { facts, rows } = await probeToken({ token: other.location })
    expect(facts, 'it knows PKCS#11 3.2, and has no validation to tell of').not.toHaveProperty('validations')
    expect(rows.filter(({ result }) => result !== 'works')).toEqual([])
    for (const set of [44, 65, 87]) {
      const want = { result: 'works', detail: 'signs with and without context, verified in software', attributes: GUARDED }
      expect(rows).toContainEqual(expect.objectContaining({ name: `sign ml-dsa-${set}`, ...want }))
    }
    expect(rows.find(({ name }) => name === 'clean-up')?.detail).toBe('nothing left by this probe')
  })
})

describe('a token without ML-DSA', () => {
  it('says that it cannot hold such a half, and leaves nothing', async () => {
    using softHsm = await makeToken()
    const other = await startKeyHost({ token: softHsm.location, logger: silentLogger })
    const request = { keyId: 'no', version: 1, suite: 'mldsa65-ecdsa-p256', label: 'no', role: 'signing', mlDsa: 'token' } as const
    await expect(other.generateKey(request)).rejects.toMatchObject({ code: 'TOKEN_UNSUPPORTED', message: expect.stringMatching(/ml-dsa-65/) })
    await other.close()
  })
})
