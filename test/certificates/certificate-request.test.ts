/** Certificate requests of every suite, judged by openssl where it knows the algorithm; and hostile requests. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { certificateRequest, verifyCertificateRequest } from '#certificates'
import { concatBytes, SealstoneError, toHex, utf8 } from '#core'
import { findSuite } from '#suites'
import { flipBit, refusal } from '../support/hostile.ts'
import { temporaryFolder } from '../support/temporary.ts'
import { engine, keyOf, openssl, OPENSSL_KNOWS, PSS_SUITES, requestOf, signerOf, SIGNING_SUITES } from './support.ts'
import { processorMs } from '../support/processor-time.ts'

describe.each([...SIGNING_SUITES, ...PSS_SUITES])('a request of $id', (suite) => {
  it('proves that its maker has the key, as PEM and as DER', async () => {
    const { der, pem } = await requestOf(suite)
    for (const file of [der, utf8(pem), utf8(`\r\n ${pem.replaceAll('\n', '\r\n')}\r\n`)]) {
      const read = verifyCertificateRequest(engine, file)
      expect([read.key.suite.id, read.subject, toHex(read.key.spki)]).toEqual([suite.id, 'CN=default,O=Example', toHex(keyOf(suite).key.spki)])
    }
    expect(pem.split('\n')[0]).toBe('-----BEGIN CERTIFICATE REQUEST-----')
    expect(pem).toMatch(/^(.{1,64}\n)+$/)
  })

  it('is refused with one bit changed anywhere', async () => {
    const { der } = await requestOf(suite)
    fc.assert(
      fc.property(fc.nat(der.length - 1), fc.nat(7), (at, bit) => {
        expect([at, bit, refusal(() => verifyCertificateRequest(engine, flipBit(der, at, bit)))]).toEqual([at, bit, 'CERTIFICATE_INVALID'])
      }),
      { numRuns: 60 },
    )
  })

  it('is not let out when another key signed it', async () => {
    const other = findSuite(suite.id === 'mldsa44' ? 'mldsa65' : 'mldsa44')
    const options = { key: keyOf(suite).key, subject: 'CN=default' }
    await expect(certificateRequest(engine, { ...options, sign: signerOf(other) })).rejects.toMatchObject({ code: 'SIGNATURE_MISMATCH' })
    const refusing = async () => Promise.reject(new SealstoneError('TOKEN_UNAVAILABLE'))
    await expect(certificateRequest(engine, { ...options, sign: refusing })).rejects.toMatchObject({ code: 'TOKEN_UNAVAILABLE' })
  })
})

describe('openssl', () => {
  it.each(OPENSSL_KNOWS)('verifies a request of %s and prints its subject', async (id) => {
    const { pem } = await requestOf(findSuite(id), 'CN=a\\, b,OU=Models,O=Exämple,C=CH,DC=example,DC=com')
    const printed = openssl(['req', '-verify', '-noout', '-subject', '-nameopt', 'RFC2253,-esc_msb,utf8', '-text'], pem)
    expect(printed).toMatch(/self-signature verify OK/)
    expect(printed).toContain('subject=CN=a\\, b,OU=Models,O=Exämple,C=CH,DC=example,DC=com')
  })

  it('finds the structure of a composite request whole', async () => {
    const { der } = await requestOf(findSuite('mldsa65-ecdsa-p256'))
    const printed = openssl(['asn1parse', '-inform', 'DER'], der)
    expect(printed.match(/OBJECT\s+:1\.3\.6\.1\.5\.5\.7\.6\.45/g)).toHaveLength(2)
    expect(printed).toMatch(/cont \[ 0 \]/) // the empty attributes
  })

  it.each([
    ['ecdsa-p256', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-sha256']],
    ['ecdsa-p384', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384', '-sha384']],
    ['ed25519', ['-newkey', 'ed25519']],
    ['rsa3072-pss', ['-newkey', 'rsa:3072', '-sha256', '-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:digest']],
  ])('makes a request of %s that is read here', (id, options) => {
    const der = opensslRequest(options)
    expect(verifyCertificateRequest(engine, der)).toMatchObject({ key: { suite: { id } }, subject: 'CN=made by openssl,O=Example' })
    expect(refusal(() => verifyCertificateRequest(engine, flipBit(der, der.length - 3)))).toBe('CERTIFICATE_INVALID')
  })

  it('makes a request with the hash of another curve, which is refused by name', () => {
    const der = opensslRequest(['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384', '-sha256'])
    expect(() => verifyCertificateRequest(engine, der)).toThrow(
      /signed with 1\.2\.840\.10045\.4\.3\.2, want the algorithm of its key: ECDSA-P384-SHA384/,
    )
  })
})

describe('a hostile file', () => {
  it('gets CERTIFICATE_INVALID', async () => {
    const { der, pem } = await requestOf(findSuite('ed25519'))
    const bad = [
      new Uint8Array(),
      der.subarray(0, -1),
      concatBytes(der, Uint8Array.of(0)),
      utf8(pem + pem),
      utf8(`text\n${pem}`),
      utf8(pem.replaceAll('CERTIFICATE REQUEST', 'CERTIFICATE')),
      utf8(pem.replace('END CERTIFICATE REQUEST', 'END CERTIFICATE')),
      utf8(pem.replace('\nM', '\n!')),
      utf8(`-----BEGIN CERTIFICATE REQUEST-----${' '.repeat(130_000)}`),
      new Uint8Array(50_000_000).fill(0x30),
      nested(20_000),
      indefinite(der),
      Uint8Array.of(0xff, 0xfe),
    ]
    const spentMs = processorMs()
    for (const file of bad) expect(refusal(() => verifyCertificateRequest(engine, file))).toBe('CERTIFICATE_INVALID')
    expect(spentMs()).toBeLessThan(20_000)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(refusal(() => verifyCertificateRequest(engine, bytes))).toBe('CERTIFICATE_INVALID')
      }),
    )
  })
})

/** SEQUENCEs within each other, each with a length of four bytes. */
function nested(depth: number): Uint8Array {
  const bytes = new Uint8Array(depth * 6)
  for (let level = 0; level < depth; level++) {
    bytes.set([0x30, 0x84], level * 6)
    new DataView(bytes.buffer).setUint32(level * 6 + 2, bytes.length - level * 6 - 6)
  }
  return bytes
}

/** The same document in BER: its outermost length indefinite. */
function indefinite(der: Uint8Array): Uint8Array {
  const header = (der[1] ?? 0) < 0x80 ? 2 : 2 + ((der[1] ?? 0) & 0x7f)
  return concatBytes(Uint8Array.of(0x30, 0x80), der.subarray(header), Uint8Array.of(0, 0))
}

function opensslRequest(options: readonly string[]): Uint8Array {
  const out = join(temporaryFolder(), 'request.der')
  openssl(['req', '-new', '-nodes', '-keyout', `${out}.key`, '-subj', '/O=Example/CN=made by openssl', '-outform', 'DER', '-out', out, ...options])
  return readFileSync(out)
}
