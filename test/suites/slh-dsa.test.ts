/** SLH-DSA: the certificate of RFC 9909, and every parameter set signed by OpenSSL and verified by both engines. */
import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { fromBase64, toHex, utf8 } from '#core'
import { findSuite, parsePublicKey, parsePublicKeyPem, type Primitive, PRIMITIVES, publicKeyPem, type Suite, SUITE_IDS, verify } from '#suites'
import { certificateParts } from './certificate.ts'
import { flipBit } from '../support/hostile.ts'
import { ENGINES, pemBlock, tally, vectorJson, vectorText } from './support.ts'

const SLH_DSA = SUITE_IDS.map(findSuite).filter(({ kind }) => kind === 'slh-dsa')
const MESSAGE = utf8('a model')
const counted = tally('rfc9909 and slh-dsa', 3 + 12 * 3)

describe('the certificate of RFC 9909', () => {
  const pem = vectorText('rfc9909/id-slh-dsa-sha2-128s.pub')
  const key = parsePublicKeyPem(pem)
  const certificate = certificateParts(pemBlock(vectorText('rfc9909/id-slh-dsa-sha2-128s.pem')))

  it('has the key beside it, which is written back to the letter', () => {
    expect(key.suite.id).toBe('slhdsa-sha2-128s')
    expect(toHex(parsePublicKey(certificate.spki).spki)).toBe(toHex(key.spki))
    expect(publicKeyPem(key).trim()).toBe(pem.trim())
  })

  it('signed itself', () => {
    const primitives = [primitiveOf(key.suite)]
    counted.onBoth(primitives, (engine) => expect(verify(engine, key, certificate.signed, certificate.signature)).toBe(true))
    counted.onBoth(primitives, (engine) => expect(verify(engine, key, flipBit(certificate.signed, 40), certificate.signature)).toBe(false))
    counted.onBoth(primitives, (engine) => expect(verify(engine, key, certificate.signed, flipBit(certificate.signature, 5000))).toBe(false))
  })

  it('has the private key of the RFC behind it', () => {
    const der = fromBase64(vectorJson<Record<string, string>>('rfc9881/private-keys.pkcs8.json')['id-slh-dsa-sha2-128s.priv'] ?? '')
    const signature = sign(null, MESSAGE, createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' }))
    for (const engine of ENGINES) expect(verify(engine, key, MESSAGE, signature)).toBe(true)
  })
})

describe.each(SLH_DSA)('$id', (suite) => {
  it('verifies on both engines, in its context only, and refuses a flipped bit', () => {
    const { publicKey, privateKey } = keyPair(suite)
    const key = parsePublicKey(publicKey.export({ format: 'der', type: 'spki' }))
    const signature = sign(null, MESSAGE, { key: privateKey, context: utf8('test') })
    expect(key.suite.id).toBe(suite.id)
    const primitives = [primitiveOf(suite)]
    counted.onBoth(primitives, (engine) => expect(verify(engine, key, MESSAGE, signature, utf8('test'))).toBe(true))
    counted.onBoth(primitives, (engine) => expect(verify(engine, key, MESSAGE, signature)).toBe(false))
    counted.onBoth(primitives, (engine) => expect(verify(engine, key, MESSAGE, flipBit(signature, signature.length - 1), utf8('test'))).toBe(false))
  })

  it('refuses a signature and a key of the wrong length', () => {
    const { publicKeyBytes, signatureBytes } = sizes(suite)
    for (const engine of ENGINES) {
      expect(engine.verify(primitiveOf(suite), new Uint8Array(publicKeyBytes), MESSAGE, new Uint8Array(signatureBytes + 1))).toBe(false)
      expect(engine.verify(primitiveOf(suite), new Uint8Array(publicKeyBytes - 1), MESSAGE, new Uint8Array(signatureBytes))).toBe(false)
    }
  })
})

it('is verified, and not signed with', () => {
  expect(SLH_DSA).toHaveLength(12)
  expect(SLH_DSA.filter(({ canSign }) => canSign)).toEqual([])
})

function primitiveOf({ id, classical }: Suite): Extract<Primitive, `slh-${string}`> {
  if (classical === undefined || !isSlhDsa(classical)) throw new Error(`${id} is not SLH-DSA`)
  return classical
}

function isSlhDsa(primitive: Primitive): primitive is Extract<Primitive, `slh-${string}`> {
  return primitive.startsWith('slh-dsa-')
}

function sizes(suite: Suite) {
  return PRIMITIVES[primitiveOf(suite)]
}

/** node:crypto has one overload for each name. */
function keyPair(suite: Suite) {
  return generateKeyPairSync(primitiveOf(suite) as 'slh-dsa-sha2-128s')
}
