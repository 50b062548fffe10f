/** ML-DSA keys and certificates of RFC 9881: public keys, certificates that signed themselves, all private forms, and the bad ones. */
import { describe, expect, it } from 'vitest'
import { fromBase64, toHex } from '#core'
import {
  encodeSeedPkcs8,
  findSuite,
  type MlDsaSet,
  mlDsaPrimitive,
  parseMlDsaPrivateKey,
  parsePublicKey,
  parsePublicKeyPem,
  publicKeyPem,
  verify,
} from '#suites'
import { certificateParts } from './certificate.ts'
import { flipBit, refusal } from '../support/hostile.ts'
import { ENGINES, pemBlock, tally, vectorJson, vectorText } from './support.ts'

const PRIVATE_KEYS = vectorJson<Readonly<Record<string, string>>>('rfc9881/private-keys.pkcs8.json')
const SETS: readonly MlDsaSet[] = [44, 65, 87]
const SEED = Uint8Array.from({ length: 32 }, (_, at) => at) // RFC 9881 appendix C.1: the samples are of 00…1f
const counted = tally('rfc9881', 3 * 3 + 3 * 3 + 3)

describe.each(SETS)('ML-DSA-%d', (set) => {
  const pem = vectorText(`rfc9881/ML-DSA-${set}.pub`)
  const key = parsePublicKeyPem(pem)
  const primitives = [mlDsaPrimitive(set)]

  it('reads the public key and writes it back to the letter', () => {
    expect(key.suite.id).toBe(`mldsa${set}`)
    expect(publicKeyPem(key).trim()).toBe(pem.trim())
    counted.onBoth(primitives, (engine) => expect(toHex(engine.publicKeyFromSeed(set, SEED))).toBe(toHex(key.raw)))
  })

  it('reads the key of the certificate, which signed itself', () => {
    const certificate = certificateParts(pemBlock(vectorText(`rfc9881/ML-DSA-${set}.crt`)))
    expect(toHex(parsePublicKey(certificate.spki).spki)).toBe(toHex(key.spki))
    counted.onBoth(primitives, (engine) => expect(verify(engine, key, certificate.signed, certificate.signature)).toBe(true))
    counted.onBoth(primitives, (engine) => expect(verify(engine, key, flipBit(certificate.signed, 9), certificate.signature)).toBe(false))
  })

  it.each(['seed', 'expanded', 'both'])('reads the %s form of the private key', (form) => {
    const der = privateKey(`ML-DSA-${set}-${form}.priv`)
    counted.onBoth(primitives, (engine) => {
      const read = parseMlDsaPrivateKey(der, engine)
      expect(read.set).toBe(set)
      expect(read.seed === undefined ? undefined : toHex(read.seed)).toBe(form === 'expanded' ? undefined : toHex(SEED))
      expect(read.expanded === undefined).toBe(form === 'seed')
    })
  })

  it('writes the seed form only: 54 bytes', () => {
    expect(toHex(encodeSeedPkcs8(set, SEED))).toBe(toHex(privateKey(`ML-DSA-${set}-seed.priv`)))
    expect(encodeSeedPkcs8(set, SEED)).toHaveLength(54)
    expect(refusal(() => encodeSeedPkcs8(set, SEED.subarray(1)))).toBe('KEY_INVALID')
  })

  it('refuses every form when it is cut, extended or of another set', () => {
    for (const form of ['seed', 'expanded', 'both']) {
      const der = privateKey(`ML-DSA-${set}-${form}.priv`)
      const other = Uint8Array.from(der)
      other[other.indexOf(0x03, 15)] = 0x7f
      for (const engine of ENGINES) {
        for (const bad of [der.subarray(0, -1), Uint8Array.of(...der, 0), other, der.with(4, 1)]) {
          expect([form, refusal(() => parseMlDsaPrivateKey(bad, engine))]).toEqual([form, 'KEY_INVALID'])
        }
      }
    }
  })
})

// 1: seed and expanded key differ. 2: tr is not the hash of the public key. 3: a coefficient of s1 is out of range.
it.each([1, 2, 3])('refuses bad private key %d', (number) => {
  counted.onBoth(['ml-dsa-44'], (engine) => {
    expect(refusal(() => parseMlDsaPrivateKey(privateKey(`bad-ML-DSA-44-${number}.priv`), engine))).toBe('KEY_INVALID')
  })
})

it('refuses an SLH-DSA private key', () => {
  for (const engine of ENGINES) expect(refusal(() => parseMlDsaPrivateKey(privateKey('id-slh-dsa-sha2-128s.priv'), engine))).toBe('KEY_INVALID')
})

it.each(SETS)('refuses an expanded ML-DSA-%d key with one flipped bit, wherever it is checked', (set) => {
  const der = privateKey(`ML-DSA-${set}-expanded.priv`)
  const start = der.length - { 44: 2560, 65: 4032, 87: 4896 }[set]
  // rho, tr, a coefficient of s1, one of s2, t0 at its start and end. K is any 32 bytes.
  for (const at of [0, 64, 128, 128 + { 44: 400, 65: 700, 87: 700 }[set], 128 + { 44: 768, 65: 1408, 87: 1440 }[set], der.length - 1 - start]) {
    for (const engine of ENGINES) {
      expect([at, engine.name, refusal(() => parseMlDsaPrivateKey(flipBit(der, start + at, 2), engine))]).toEqual([at, engine.name, 'KEY_INVALID'])
    }
  }
})

// One coefficient of s2 is lowered by one, and t0 with it: rho, t1 and tr stay true, only the range of s2 can tell.
it.each([
  ['accepts', 'in', 3, 'nothing thrown'],
  ['refuses', 'out of', 4, 'KEY_INVALID'],
])('%s a forged expanded key whose parts fit each other, with s2 %s range', (_verb, _range, stored, want) => {
  const der = Uint8Array.from(privateKey('ML-DSA-44-expanded.priv'))
  const key = der.subarray(der.length - 2560)
  const [s2, t0] = [key.subarray(128 + 4 * 96), key.subarray(128 + 8 * 96)]
  const index = Array.from({ length: 256 }, (_, at) => at).find((at) => bitsAt(s2, at * 3, 3) === stored && bitsAt(t0, at * 13, 13) < 8000) ?? -1
  addBits(s2, index * 3, 3)
  addBits(t0, index * 13, 13)
  expect(toHex(der)).not.toBe(toHex(privateKey('ML-DSA-44-expanded.priv')))
  for (const engine of ENGINES) expect([engine.name, refusal(() => parseMlDsaPrivateKey(der, engine))]).toEqual([engine.name, want])
})

it('has all its files in the count', () => {
  expect(Object.keys(PRIVATE_KEYS)).toHaveLength(13)
  expect(SETS.map((set) => findSuite(`mldsa${set}`).oid.split('.').at(-1))).toEqual(['17', '18', '19'])
})

function privateKey(name: string): Uint8Array {
  return fromBase64(PRIVATE_KEYS[name] ?? '')
}

function bitsAt(bytes: Uint8Array, offset: number, count: number): number {
  return Array.from({ length: count }, (_, at) => ((bytes[(offset + at) >> 3] ?? 0) >> ((offset + at) & 7)) & 1).reduceRight(
    (value, bit) => value * 2 + bit,
    0,
  )
}

/** Adds one to the number at these bits. */
function addBits(bytes: Uint8Array, offset: number, count: number): void {
  const sum = bitsAt(bytes, offset, count) + 1
  for (let at = 0; at < count; at++) {
    const [byte, mask] = [(offset + at) >> 3, 1 << ((offset + at) & 7)]
    bytes[byte] = ((bytes[byte] ?? 0) & ~mask) | (((sum >> at) & 1) * mask)
  }
}
