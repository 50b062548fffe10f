/** Signatures and keys as MCP registries take them; node:crypto signs and judges, noble judges too. */
import { createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { p384 } from '@noble/curves/nist.js'
import { describe, expect, it } from 'vitest'
import { utf8 } from '#core'
import { findSuite, fromRegistrySignature, parsePublicKey, registryProof, toRegistrySignature } from '#suites'

const spkiOf = (key: KeyObject): Uint8Array => Uint8Array.from(key.export({ format: 'der', type: 'spki' }))
const P384 = findSuite('ecdsa-p384')

describe('a P-384 signature', () => {
  it('is r and s in 48 bytes each, also where one of them is shorter', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
    const raw = parsePublicKey(spkiOf(publicKey)).raw
    let short = 0
    for (let number = 0; number < 5000 && short < 3; number++) {
      const message = utf8(`2026-01-31T12:00:00Z ${number}`)
      const der = sign('sha384', message, privateKey)
      const released = toRegistrySignature(P384, der)
      expect(released).toHaveLength(96)
      if (released[0] !== 0 && released[48] !== 0) continue
      short++
      expect(verify('sha384', message, { key: publicKey, dsaEncoding: 'ieee-p1363' }, released)).toBe(true)
      expect(p384.verify(released, message, raw, { lowS: false })).toBe(true)
      expect(Buffer.from(fromRegistrySignature(P384, released)).equals(der)).toBe(true)
    }
    expect(short).toBe(3)
  })

  it.each([
    ['nothing', ''],
    ['one integer', '3003020101'],
    ['three integers', '3009020101020101020101'],
    ['an integer of 49 bytes', `3036 0231 01${'00'.repeat(48)} 020101`.replaceAll(' ', '')],
    ['bytes after it', '300602010102010100'],
  ])('of %s is refused', (_, hex) => {
    expect(() => toRegistrySignature(P384, Buffer.from(hex, 'hex'))).toThrow(/signature|DER|bytes/)
  })
})

describe('the proof that a domain publishes', () => {
  it('has the raw key of Ed25519', () => {
    const { publicKey } = generateKeyPairSync('ed25519')
    const [, base64 = ''] = /^v=MCPv1; k=ed25519; p=([A-Za-z0-9+/=]+)$/.exec(registryProof(parsePublicKey(spkiOf(publicKey)))) ?? []
    expect(
      createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(base64, 'base64').toString('base64url') }, format: 'jwk' }).equals(
        publicKey,
      ),
    ).toBe(true)
  })

  it('has the compressed point of P-384, with an even Y and with an odd one', () => {
    const signs = new Set<number>()
    while (signs.size < 2) {
      const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
      const key = parsePublicKey(spkiOf(publicKey))
      const [, base64 = ''] = /^v=MCPv1; k=ecdsap384; p=([A-Za-z0-9+/=]+)$/.exec(registryProof(key)) ?? []
      const point = Uint8Array.from(Buffer.from(base64, 'base64'))
      expect(point).toHaveLength(49)
      expect(p384.Point.fromBytes(point).toBytes(false)).toEqual(key.raw)
      signs.add(point[0] ?? 0)
    }
  })

  it('there is none for another suite, and the error names those that there are', () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    expect(() => registryProof(parsePublicKey(spkiOf(publicKey)))).toThrow(/suite ecdsa-p256, registries take ed25519 and ecdsa-p384/)
  })
})
