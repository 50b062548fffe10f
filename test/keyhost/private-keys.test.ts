/** Private keys for import: the published forms of RFC 9881, what node:crypto and openssl write, and everything that is refused by name. */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { join } from 'node:path'
import { readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes, fromBase64, SealstoneError, toBase64, toHex, utf8 } from '#core'
import { findSuite, identifyPrivateKey, type MlDsaSet } from '#suites'
import { portableEngine } from '#suites/portable'
import { flipBit, refusal } from '../support/hostile.ts'
import { temporaryFolder } from '../support/temporary.ts'
import { vectorJson } from '../suites/support.ts'
import { engine, openssl } from '../certificates/support.ts'
import { parsePrivateKeyInfo } from '../../src/keyhost/private-key-info.ts'

const PUBLISHED = vectorJson<Readonly<Record<string, string>>>('rfc9881/private-keys.pkcs8.json')
const SETS: readonly MlDsaSet[] = [44, 65, 87]
const SEED = Uint8Array.from({ length: 32 }, (_, at) => at) // RFC 9881 appendix C.1

describe.each(SETS)('an ML-DSA-%d key', (set) => {
  it.each(['seed', 'both'])('in the form %s gives its seed and public key, as DER and as PEM', (form) => {
    const der = published(`ML-DSA-${set}-${form}.priv`)
    for (const file of [der, pem('PRIVATE KEY', der), utf8(`\r\n${text('PRIVATE KEY', der).replaceAll('\n', '\r\n')}\n `)]) {
      for (const one of [engine, portableEngine()]) {
        using read = parsePrivateKeyInfo(one, file)
        expect([read.set, toHex(read.secret), read.publicKey.suite.id]).toEqual([set, toHex(SEED), `mldsa${set}`])
        expect(toHex(read.publicKey.raw)).toBe(toHex(engine.publicKeyFromSeed(set, SEED)))
      }
    }
  })

  it('in the expanded form alone is taken as it is, for the same public key', () => {
    for (const one of [engine, portableEngine()]) {
      using read = parsePrivateKeyInfo(one, published(`ML-DSA-${set}-expanded.priv`))
      expect(read.secret.length).toBe({ 44: 2560, 65: 4032, 87: 4896 }[set])
      expect(toHex(read.publicKey.raw)).toBe(toHex(engine.publicKeyFromSeed(set, SEED)))
    }
  })

  it('that node:crypto made is read, and stands for the same public key', () => {
    const pair = generateKeyPairSync(`ml-dsa-${set}`)
    for (const file of [
      pair.privateKey.export({ format: 'der', type: 'pkcs8' }),
      utf8(String(pair.privateKey.export({ format: 'pem', type: 'pkcs8' }))),
    ]) {
      using read = parsePrivateKeyInfo(engine, file)
      expect(toHex(read.publicKey.spki)).toBe(toHex(pair.publicKey.export({ format: 'der', type: 'spki' })))
    }
  })

  it('is wiped at the end of its scope, and the file is left as it was', () => {
    const der = published(`ML-DSA-${set}-both.priv`)
    const before = toHex(der)
    let seed: Uint8Array
    {
      using read = parsePrivateKeyInfo(engine, der)
      seed = read.secret
      expect(seed.buffer.byteLength, 'memory of its own').toBe(32)
      expect(toHex(seed)).toBe(toHex(SEED))
    }
    expect(toHex(seed)).toBe('00'.repeat(32))
    expect(toHex(der)).toBe(before)
  })

  it('whose seed and expanded key differ in one bit is refused', () => {
    const der = published(`ML-DSA-${set}-both.priv`)
    const seedAt = Buffer.from(der).indexOf(SEED)
    for (const at of [seedAt, seedAt + 31, der.length - 1, der.length - 1000]) expect(refused(flipBit(der, at)).code).toBe('KEY_INVALID')
  })
})

describe('a key that is not for import', () => {
  it.each<[string, () => KeyObject, RegExp]>([
    ['RSA', () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey, /^private key is RSA, want ML-DSA$/],
    ['RSA-PSS', () => generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey, /is RSA-PSS|is RSA2048-PSS/],
    ['EC', () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, /^private key is EC, want ML-DSA$/],
    ['Ed25519', () => generateKeyPairSync('ed25519').privateKey, /^private key is Ed25519, want ML-DSA$/],
    ['Ed448', () => generateKeyPairSync('ed448').privateKey, /is Ed448/],
    ['X25519', () => generateKeyPairSync('x25519').privateKey, /is X25519/],
    ['DSA', () => generateKeyPairSync('dsa', { modulusLength: 2048, divisorLength: 256 }).privateKey, /is DSA/],
    ['ML-KEM-768', () => generateKeyPairSync('ml-kem-768').privateKey, /is ML-KEM-768/],
    ['SLH-DSA', () => generateKeyPairSync('slh-dsa-sha2-128s').privateKey, /is SLH-DSA-SHA2-128S/],
  ])('of %s is refused by name', (_, make, message) => {
    const key = make()
    expect(refused(key.export({ format: 'der', type: 'pkcs8' }))).toMatchObject({ code: 'KEY_UNUSABLE', message: expect.stringMatching(message) })
    expect(refused(utf8(String(key.export({ format: 'pem', type: 'pkcs8' })))).code).toBe('KEY_UNUSABLE')
  })

  it('of a composite is refused by the name of its suite', () => {
    const { tests } = vectorJson<{ tests: readonly { readonly tcId: string; readonly sk_pkcs8: string }[] }>('composite/testvectors.json')
    const composites = tests.filter(({ tcId }) => tcId.startsWith('id-MLDSA'))
    expect(composites).toHaveLength(18)
    for (const { sk_pkcs8: pkcs8 } of composites) {
      expect(refused(fromBase64(pkcs8))).toMatchObject({
        code: 'KEY_UNUSABLE',
        message: expect.stringMatching(/^private key is of the composite mldsa\d\d-/),
      })
    }
    expect(refused(fromBase64(composites.find(({ tcId }) => tcId.includes('65-ECDSA-P256'))?.sk_pkcs8 ?? '')).message).toContain(
      findSuite('mldsa65-ecdsa-p256').id,
    )
  })

  it('of an unknown algorithm is refused by its number', () => {
    const { privateKey } = generateKeyPairSync('ed25519')
    const der = Uint8Array.from(privateKey.export({ format: 'der', type: 'pkcs8' }))
    const at = Buffer.from(der).indexOf(Buffer.from('06032b6570', 'hex'))
    expect(refused(der.with(at + 4, 0x7f)).message).toBe('private key is of the algorithm 1.3.101.127, want ML-DSA')
  })

  it.each(['EC PRIVATE KEY', 'RSA PRIVATE KEY', 'OPENSSH PRIVATE KEY', 'ANY PRIVATE KEY'])('in the form %s is refused by its form', (label) => {
    expect(refused(pem(label, SEED))).toMatchObject({ code: 'KEY_UNUSABLE', message: expect.stringContaining(label) })
  })

  it.each(['PUBLIC KEY', 'CERTIFICATE', 'ML-DSA SEED'])('but a %s is refused as no private key', (label) => {
    expect(refused(pem(label, SEED))).toMatchObject({ code: 'KEY_INVALID', message: `PEM block is ${label}, want PRIVATE KEY` })
  })
})

describe('an encrypted key', () => {
  const passphrase = 'correct horse'

  it('is recognised, as PEM and as DER, and refused with the command that decrypts it', () => {
    const { privateKey } = generateKeyPairSync('ml-dsa-65')
    const options = { type: 'pkcs8', cipher: 'aes-256-cbc', passphrase } as const
    for (const file of [privateKey.export({ ...options, format: 'der' }), utf8(String(privateKey.export({ ...options, format: 'pem' })))]) {
      const error = refused(file)
      expect(error).toMatchObject({ code: 'KEY_UNUSABLE', message: 'private key is encrypted (EncryptedPrivateKeyInfo)' })
      expect(error.hint).toContain('openssl pkcs8 -topk8 -nocrypt -in FILE -out')
    }
  })

  // OpenSSL 3.0 has no ML-DSA, so the command is tried on a key that it knows; what comes out is read as far as its name.
  it('becomes readable by that command', () => {
    const folder = temporaryFolder()
    const [locked, open] = [join(folder, 'locked.pem'), join(folder, 'open.pem')]
    const { privateKey } = generateKeyPairSync('ed25519')
    writeFileSync(locked, privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase }), { mode: 0o600 })
    openssl(['pkcs8', '-topk8', '-nocrypt', '-in', locked, '-out', open, '-passin', 'stdin'], `${passphrase}\n`)
    expect(refused(readFileSync(locked)).message).toMatch(/is encrypted/)
    expect(refused(readFileSync(open)).message).toBe('private key is Ed25519, want ML-DSA')
    expect(createPrivateKey(readFileSync(open)).equals(privateKey)).toBe(true)
  })

  it('that is not encrypted under its label is refused', () => {
    expect(refused(pem('ENCRYPTED PRIVATE KEY', published('ML-DSA-44-seed.priv'))).message).toMatch(/but the key in it is not encrypted/)
  })
})

describe('a hostile file', () => {
  const der = published('ML-DSA-44-seed.priv')
  const good = text('PRIVATE KEY', der)
  // 54 bytes end on a whole group; one byte less leaves unused bits.
  const body = toBase64(der)

  it.each<[string, string]>([
    ['empty', ''],
    ['space alone', ' \r\n\t'],
    ['two keys', good + good],
    ['text before', `key\n${good}`],
    ['text after', `${good}key`],
    ['another end', good.replace('END PRIVATE', 'END PUBLIC')],
    ['no end', good.slice(0, 60)],
    ['only a beginning', '-----BEGIN PRIVATE KEY-----'],
    ['markers that overlap', '-----BEGIN PRIVATE KEY-----END PRIVATE KEY-----'],
    ['no body', '-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n'],
    ['header lines', good.replace('-----\n', '-----\nProc-Type: 4,ENCRYPTED\n\n')],
    ['base64 that is cut', good.replace(/.\n-----END/, '\n-----END')],
    ['base64 of another alphabet', good.replace(/M/, '-')],
    ['padding in the middle', good.replace('\nMD', '\nM=')],
    ['unused bits', `-----BEGIN PRIVATE KEY-----\n${body.slice(0, -4)}AAB=\n-----END PRIVATE KEY-----\n`],
    ['unused bits of two', `-----BEGIN PRIVATE KEY-----\n${body.slice(0, -4)}AB==\n-----END PRIVATE KEY-----\n`],
    ['a NUL', good.replace('BEGIN', 'BEGIN\0')],
    ['a huge one', `-----BEGIN PRIVATE KEY-----${' '.repeat(20_000_000)}`],
  ])('%s is refused', (_, file) => {
    expect(refused(utf8(file)).code).toBe('KEY_INVALID')
  })

  it('is refused with one bit changed in its frame, but for the one that makes it a key of ML-DSA-87', () => {
    const read: string[] = []
    for (let at = 0; at < der.length - SEED.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const outcome = refusal(() => parsePrivateKeyInfo(engine, flipBit(der, at, bit)))
        if (outcome !== 'KEY_INVALID' && outcome !== 'KEY_UNUSABLE') read.push(`${at}.${bit} ${outcome}`)
      }
    }
    expect(read).toEqual(['17.1 nothing thrown']) // the last arc of the OID, 17 to 19
  })

  it('is read or refused with an error of ours, whatever it is, and no error shows a secret', () => {
    const frame = fc.uint8Array({ maxLength: 120 }).map((bytes) => pem('PRIVATE KEY', bytes))
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), frame, fc.string({ unit: 'binary' }).map(Buffer.from)), (file) => {
        expect(refusal(() => parsePrivateKeyInfo(engine, file))).toMatch(/^KEY_(INVALID|UNUSABLE)$/)
      }),
      { numRuns: 1000 },
    )
    for (const broken of [der.subarray(0, -1), concatBytes(der, Uint8Array.of(0)), der.with(21, 31), der.with(20, 0x81), der.with(4, 1)]) {
      for (const file of [broken, pem('PRIVATE KEY', broken), utf8(body), utf8(good.replaceAll('\n', ''))]) {
        const { message, hint, details } = refused(file)
        const shown = JSON.stringify([message, hint, details])
        for (const secret of [toHex(SEED).slice(0, 16), toBase64(SEED).slice(0, 12), body.slice(-40, -20)]) expect(shown).not.toContain(secret)
      }
    }
  })

  it('has its algorithm told apart from its encryption by structure alone', () => {
    expect(identifyPrivateKey(der)).toEqual({ encrypted: false, oid: '2.16.840.1.101.3.4.3.17' })
    for (const bad of [new Uint8Array(), Uint8Array.of(0x30, 0), Uint8Array.of(0x30, 3, 2, 1, 0)])
      expect(refusal(() => identifyPrivateKey(bad))).toBe('KEY_INVALID')
  })
})

function refused(file: Uint8Array): SealstoneError {
  try {
    parsePrivateKeyInfo(engine, file)
  } catch (error) {
    if (error instanceof SealstoneError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

function published(name: string): Uint8Array {
  return fromBase64(PUBLISHED[name] ?? '')
}

function pem(label: string, der: Uint8Array): Uint8Array {
  return utf8(text(label, der))
}

function text(label: string, der: Uint8Array): string {
  return `-----BEGIN ${label}-----\n${(toBase64(der).match(/.{1,64}/g) ?? []).join('\n')}\n-----END ${label}-----\n`
}
