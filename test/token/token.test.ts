/** Keys, signatures and sealing in a real token, judged by node:crypto. */
import { createPublicKey, verify } from 'node:crypto'
import pkcs11js from 'pkcs11js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SealstoneError } from '#core'
import { encodePublicKey, findSuite } from '#suites'
import { generateKeyPair, openToken, readKeyPairProtection, readPublicKey, seal, signInToken, type Token, tokenRandom, unseal } from '#token'
import { Intruder } from '../support/intruder.ts'
import { makeToken, recordingLogger, type TestToken } from '../support/softhsm.ts'

let place: TestToken
let intruder: Intruder
let token: Token
const logger = recordingLogger()

beforeAll(async () => {
  place = await makeToken()
  intruder = new Intruder(place)
  token = openToken({ ...place.options, logger })
})
afterAll(() => place[Symbol.dispose]())

describe('a token', () => {
  it('is found by label and serial, and says which are there when it is not', () => {
    const other = { ...place.options, token: { label: 'test', serial: '0000000000000000' } }
    expect(codeOf(() => openToken(other))).toBe('TOKEN_MISSING')
    expect(() => openToken(other)).toThrow(`"test" (serial ${place.location.serial})`)
    expect(codeOf(() => openToken({ ...place.options, token: { label: 'absent' } }))).toBe('TOKEN_MISSING')
  })

  it('is missing when its module is, or is no module', () => {
    for (const modulePath of ['/nonexistent.so', import.meta.filename]) {
      expect(codeOf(() => openToken({ ...place.options, modulePath }))).toBe('TOKEN_MISSING')
    }
  })
})

describe.each(['ecdsa-p256', 'ecdsa-p384', 'ecdsa-p521', 'ed25519', 'rsa3072-pss'] as const)('a key pair %s', (algorithm) => {
  it('signs what node:crypto verifies, and is guarded as the token itself says', () => {
    const key = generateKeyPair(token, algorithm, 'under test')
    const message = Buffer.from('a message of some length')
    const signature = signInToken(token, algorithm, key.ckaId, message)
    expect(verifyWithNode(algorithm, key.publicKey, message, signature)).toBe(true)
    expect(verifyWithNode(algorithm, key.publicKey, Buffer.from('another message'), signature)).toBe(false)
    expect(readPublicKey(token, algorithm, key.ckaId)).toEqual(key.publicKey)
    expect(readKeyPairProtection(token, key.ckaId)).toEqual({
      sensitive: true,
      extractable: false,
      alwaysSensitive: true,
      neverExtractable: true,
      local: true,
    })
  })
})

it('encodes every ECDSA signature as shortest DER, whatever its leading bytes', () => {
  const { ckaId, publicKey } = generateKeyPair(token, 'ecdsa-p256', 'der')
  const lengths = new Set<number>()
  for (let index = 0; index < 600; index++) {
    const message = Buffer.from(`message ${index}`)
    const signature = signInToken(token, 'ecdsa-p256', ckaId, message)
    lengths.add(signature.length)
    expect(verifyWithNode('ecdsa-p256', publicKey, message, signature)).toBe(true)
  }
  expect(lengths.size).toBeGreaterThan(2) // 70, 71, 72 and rarer ones were met
})

describe('a lost session or login', () => {
  it('is repaired once and the work is done', () => {
    const { ckaId, publicKey } = generateKeyPair(token, 'ecdsa-p256', 'survivor')
    const message = Buffer.from('after the loss')
    const before = logger.count('login attempt')
    intruder.cryptoki.C_CloseAllSessions(intruder.slot) // also logs out (PKCS#11 2.40 §5.6)
    intruder = new Intruder(place)
    expect(verifyWithNode('ecdsa-p256', publicKey, message, signInToken(token, 'ecdsa-p256', ckaId, message))).toBe(true)
    expect(logger.count('login attempt')).toBe(before + 1)
  })
})

describe('a missing or doubled object', () => {
  it('is refused, never guessed', () => {
    const gone = generateKeyPair(token, 'ecdsa-p256', 'gone')
    intruder.destroy(pkcs11js.CKO_PRIVATE_KEY, gone.ckaId)
    expect(codeOf(() => signInToken(token, 'ecdsa-p256', gone.ckaId, Buffer.from('x')))).toBe('TOKEN_KEY_MISMATCH')
    const doubled = generateKeyPair(token, 'ecdsa-p256', 'doubled')
    intruder.plantKeyPair(doubled.ckaId)
    expect(codeOf(() => signInToken(openAgain(), 'ecdsa-p256', doubled.ckaId, Buffer.from('x')))).toBe('TOKEN_KEY_MISMATCH')
  })
})

describe.each([
  ['aes-256-gcm', []],
  ['rsa-oaep', [pkcs11js.CKM_AES_GCM]],
])('sealing by %s', (sealing, avoid) => {
  const secret = Uint8Array.from({ length: 32 }, (_, index) => index)
  const aad = Buffer.from('who it belongs to')
  let token: Token

  beforeAll(() => {
    token = openToken({ ...place.options, avoid })
  })

  it('opens what it sealed, and each time looks different', () => {
    const first = seal(token, secret, aad)
    const second = seal(token, secret, aad)
    using opened = unseal(token, first.blob, aad)
    expect(Uint8Array.from(opened.bytes)).toEqual(secret)
    expect([first.blob.sealing, second.blob.sealing]).toEqual([sealing, sealing])
    expect(first.blob.wrappingKey).toBe(second.blob.wrappingKey)
    expect(first.blob.iv).not.toEqual(second.blob.iv)
    expect(first.blob.ciphertext).not.toEqual(second.blob.ciphertext)
    expect(first.protection).toEqual({ sensitive: true, extractable: false, alwaysSensitive: true, neverExtractable: true, local: true })
  })

  it('refuses another context, a changed bit, a cut blob, and works on afterwards', () => {
    const { blob } = seal(token, secret, aad)
    const flipped = Uint8Array.from(blob.ciphertext)
    flipped[5] = (flipped[5] as number) ^ 1
    const attempts = [
      () => unseal(token, blob, Buffer.from('who it does not belong to')),
      () => unseal(token, { ...blob, ciphertext: flipped }, aad),
      () => unseal(token, { ...blob, ciphertext: blob.ciphertext.subarray(0, 20) }, aad),
      () => unseal(token, { ...blob, ciphertext: blob.ciphertext.subarray(0, 16) }, aad),
      () => unseal(token, { ...blob, iv: blob.iv.subarray(1) }, aad),
      () => unseal(token, { ...blob, iv: new Uint8Array(12) }, aad),
    ]
    expect(attempts.map(codeOf)).toEqual(attempts.map(() => 'SEALED_SEED_INVALID'))
    using opened = unseal(token, blob, aad)
    expect(Uint8Array.from(opened.bytes)).toEqual(secret)
  })

  it('wipes what was unsealed when its scope ends', () => {
    const { blob } = seal(token, secret, aad)
    let bytes: Buffer
    {
      using opened = unseal(token, blob, aad)
      bytes = opened.bytes
      expect(bytes.some((byte) => byte !== 0)).toBe(true)
    }
    expect(bytes.every((byte) => byte === 0)).toBe(true)
  })
})

it('refuses a wrapping key that somebody planted, and one that can be read out', () => {
  const seal32 = () => seal(token, new Uint8Array(32), Buffer.from('aad'))
  const { blob } = seal32()
  intruder.plantSecretKey('sealstone wrapping key', true)
  expect(codeOf(seal32)).toBe('TOKEN_KEY_MISMATCH') // two of them
  intruder.destroy(pkcs11js.CKO_SECRET_KEY, blob.wrappingKey)
  expect(codeOf(seal32)).toBe('TOKEN_KEY_MISMATCH') // one, but extractable
  intruder.destroy(pkcs11js.CKO_SECRET_KEY, '0badcafe')
  expect(codeOf(() => unseal(token, blob, Buffer.from('aad')))).toBe('TOKEN_KEY_MISMATCH') // its own is gone
})

it('draws different random bytes each time', () => {
  using first = tokenRandom(token, 32)
  using second = tokenRandom(token, 32)
  expect(first.bytes).not.toEqual(second.bytes)
})

function openAgain(): Token {
  return openToken(place.options)
}

function codeOf(work: () => unknown): string | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    if (error instanceof SealstoneError) return error.code
    throw error
  }
}

function verifyWithNode(
  algorithm: 'ecdsa-p256' | 'ecdsa-p384' | 'ecdsa-p521' | 'ed25519' | 'rsa3072-pss',
  raw: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const { spki } = encodePublicKey(findSuite(algorithm), raw)
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  const hash = { 'ecdsa-p256': 'sha256', 'ecdsa-p384': 'sha384', 'ecdsa-p521': 'sha512', ed25519: null, 'rsa3072-pss': 'sha256' }[algorithm]
  const padding = algorithm === 'rsa3072-pss' ? { padding: 6, saltLength: 32 } : {}
  return verify(hash, message, { key, ...padding }, signature)
}
