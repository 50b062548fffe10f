/** Self-signed certificates of every suite, judged by node:crypto and openssl where they know the algorithm, and by published certificates where they do not. */
import { createPublicKey, X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Certificate } from 'pkijs'
import { describe, expect, it } from 'vitest'
import { readCertificate, verifySelfSigned } from '#certificates'
import { fromBase64, toHex, utf8 } from '#core'
import { findSuite, type Suite, suiteByOid } from '#suites'
import { makeAuthority } from '../support/openssl.ts'
import { flipBit, refusal } from '../support/hostile.ts'
import { temporaryFolder } from '../support/temporary.ts'
import { certificateParts } from '../suites/certificate.ts'
import { pemBlock, tally, vectorJson, vectorText } from '../suites/support.ts'
import { certificateOf, engine, keyOf, openssl, OPENSSL_KNOWS, PSS_SUITES, SIGNING_SUITES } from './support.ts'

const ALL = [...SIGNING_SUITES, ...PSS_SUITES]
const NODE_KNOWS = ALL.filter(({ hybrid }) => !hybrid)

describe.each(ALL)('a certificate of $id', (suite) => {
  it('is signed by the key in it, and says what it was asked to say', async () => {
    const { der, pem } = await certificateOf(suite)
    for (const file of [der, utf8(pem)]) {
      expect(facts(verifySelfSigned(engine, file))).toEqual({
        suite: suite.id,
        spki: toHex(keyOf(suite).key.spki),
        subject: 'CN=default,O=Example',
        issuer: 'CN=default,O=Example',
        serial: 0x1234_5678_9abcn,
        notBefore: '2026-01-01T00:00:00.000Z',
        notAfter: '2046-01-01T00:00:00.000Z',
      })
    }
  })

  it('names the algorithm twice and alike, with no parameters unless it is RSA-PSS', async () => {
    const { der } = await certificateOf(suite)
    const { signature, signatureAlgorithm } = Certificate.fromBER(Uint8Array.from(der))
    expect(new Uint8Array(signature.toSchema().toBER())).toEqual(new Uint8Array(signatureAlgorithm.toSchema().toBER()))
    expect([signatureAlgorithm.algorithmId, signatureAlgorithm.algorithmParams === undefined]).toEqual([suite.oid, !suite.id.startsWith('rsa')])
  })

  it('is refused with a changed body, signature or algorithm', async () => {
    const { der } = await certificateOf(suite)
    const { signed } = certificateParts(der)
    const body = der.length > 1000 ? 4 : 3 // the header of the outermost SEQUENCE, more or less
    for (const at of [0, 1, body + 20, Math.floor(signed.length / 2), signed.length, signed.length + 12, der.length - 40, der.length - 1]) {
      expect([at, refusal(() => verifySelfSigned(engine, flipBit(der, at)))]).toEqual([at, 'CERTIFICATE_INVALID'])
    }
  })
})

describe.each(NODE_KNOWS)('node:crypto', (suite) => {
  it(`verifies the certificate of ${suite.id} and reads the same facts`, async () => {
    const certificate = new X509Certificate(Buffer.from((await certificateOf(suite)).pem))
    const key = createPublicKey({ key: Buffer.from(keyOf(suite).key.spki), format: 'der', type: 'spki' })
    expect(certificate.verify(key)).toBe(true)
    expect(certificate.publicKey.equals(key)).toBe(true)
    expect(certificate.verify(createPublicKey({ key: Buffer.from(keyOf(otherThan(suite)).key.spki), format: 'der', type: 'spki' }))).toBe(false)
    expect(certificate).toMatchObject({
      subject: 'O=Example\nCN=default',
      issuer: 'O=Example\nCN=default',
      serialNumber: '123456789ABC',
      ca: false,
      validFromDate: new Date('2026-01-01T00:00:00Z'),
      validToDate: new Date('2046-01-01T00:00:00Z'),
      keyUsage: ['1.3.6.1.5.5.7.3.3'],
    })
  })
})

describe('openssl', () => {
  it.each(OPENSSL_KNOWS)('verifies the certificate of %s by the strict rules of RFC 5280', async (id) => {
    const file = join(temporaryFolder(), 'self.pem')
    writeFileSync(file, (await certificateOf(findSuite(id))).pem)
    const verified = openssl(['verify', '-x509_strict', '-check_ss_sig', '-attime', '1800000000', '-CAfile', file, file])
    expect(verified).toBe(`${file}: OK\n`)
  })

  it.each([true, false])('prints every extension (code signing %s)', async (codeSigning) => {
    const { pem } = await certificateOf(findSuite('ecdsa-p256'), { codeSigning })
    const printed = openssl(['x509', '-noout', '-text'], pem).replace(/\s+/g, ' ')
    const identifier = '((?:[0-9A-F]{2}:){19}[0-9A-F]{2})'
    expect(printed).toContain('X509v3 Basic Constraints: critical CA:FALSE X509v3 Key Usage: critical Digital Signature X509v3')
    expect(printed.includes('X509v3 Extended Key Usage: Code Signing')).toBe(codeSigning)
    expect(printed).toMatch(new RegExp(`Subject Key Identifier: ${identifier} X509v3 Authority Key Identifier: \\1 Signature Algorithm`))
  })

  it('prints the parameters of RSA-PSS: hash, mask and salt', async () => {
    for (const [suite, hash, salt] of PSS_SUITES.map(
      (pss) => [pss, pss.id === 'rsa4096-pss' ? 'sha384' : 'sha256', pss.id === 'rsa4096-pss' ? '0x30' : '0x20'] as const,
    )) {
      const printed = openssl(['x509', '-noout', '-text'], (await certificateOf(suite)).pem).replace(/\s+/g, ' ')
      expect(printed).toContain(
        `rsassaPss Hash Algorithm: ${hash} Mask Algorithm: mgf1 with ${hash} Salt Length: ${salt} Trailer Field: 0x01 (default)`,
      )
    }
  })

  it.each([
    ['2049-12-31T23:59:59Z', 'UTCTIME', '491231235959Z'],
    ['2050-01-01T00:00:00Z', 'GENERALIZEDTIME', '20500101000000Z'],
    ['2046-01-01T00:00:00.999Z', 'UTCTIME', '460101000000Z'],
    ['9999-12-31T23:59:59Z', 'GENERALIZEDTIME', '99991231235959Z'],
  ])('finds the end %s as %s', async (end, type, text) => {
    const { der } = await certificateOf(findSuite('ed25519'), { notAfter: new Date(end) })
    expect(openssl(['asn1parse', '-inform', 'DER'], der)).toMatch(new RegExp(`${type}\\s+:${text}\n`))
    expect(verifySelfSigned(engine, der).notAfter.toISOString()).toBe(`${end.slice(0, 19)}.000Z`)
  })

  it('issues a certificate that is read here, but is not self-signed', () => {
    const { der } = makeAuthority(temporaryFolder()).issue('signer', { subject: '/O=Example/CN=signer' })
    expect(readCertificate(der)).toMatchObject({ subject: 'CN=signer,O=Example', issuer: 'CN=ca', key: { suite: { id: 'ecdsa-p256' } } })
    expect(() => verifySelfSigned(engine, der)).toThrow(/names another issuer than its subject/)
  })

  it('makes a name of joined and unknown attributes, which is told without guessing', () => {
    const folder = temporaryFolder()
    const file = join(folder, 'c.der')
    const subject = '/O=a+OU=b/serialNumber=7/CN=x\u0007,y'
    const key = ['-newkey', 'ed25519', '-nodes', '-keyout', join(folder, 'k')]
    openssl(['req', '-x509', '-multivalue-rdn', '-utf8', ...key, '-subj', subject, '-outform', 'DER', '-out', file])
    expect(readCertificate(new X509Certificate(openssl(['x509', '-inform', 'DER', '-in', file])).raw).subject).toBe(
      'CN=x\\07\\,y,2.5.4.5=#130137,O=a+OU=b',
    )
  })
})

describe('the options', () => {
  it.each([
    ['a serial of 0', { serial: 0n }],
    ['a negative serial', { serial: -1n }],
    ['a serial of 160 bits', { serial: 1n << 159n }],
    ['an end before the beginning', { notAfter: new Date('2025-12-31T00:00:00Z') }],
    ['an end that is the beginning', { notAfter: new Date('2026-01-01T00:00:00Z') }],
    ['no date at all', { notAfter: new Date(Number.NaN) }],
    ['a beginning before 1950', { notBefore: new Date('1949-12-31T00:00:00Z') }],
    ['an end after 9999', { notAfter: new Date('+010000-01-01T00:00:00Z') }],
    ['a subject that is none', { subject: 'default' }],
  ])('refuse %s', async (_, options) => {
    await expect(certificateOf(findSuite('ed25519'), options)).rejects.toMatchObject({ code: 'INPUT_INVALID' })
  })

  it.each([1n, 0x7fn, 0x80n, 0xffn, (1n << 159n) - 1n])('take the serial %d', async (serial) => {
    const { der, pem } = await certificateOf(findSuite('ed25519'), { serial })
    expect(verifySelfSigned(engine, der).serial).toBe(serial)
    expect(BigInt(`0x${new X509Certificate(pem).serialNumber}`)).toBe(serial)
  })
})

describe('published certificates', () => {
  interface Vector {
    readonly tcId: string
    readonly pk: string
    readonly x5c: string
  }
  const { tests } = vectorJson<{ tests: readonly Vector[] }>('composite/testvectors.json')
  const counted = tally('certificates', tests.length + 3)

  // draft-ietf-lamps-pq-composite-sigs-19: 18 composites and pure ML-DSA.
  it.each(tests)('$tcId is read, verified, and written again byte for byte', ({ pk, x5c }) => {
    const der = fromBase64(x5c)
    counted.outsidePort('native', 'draft-19', () => {
      const read = verifySelfSigned(engine, der)
      expect(toHex(read.key.raw)).toBe(toHex(fromBase64(pk)))
      expect(read.subject).toBe(read.issuer)
      expect(toHex(writtenAgain(der))).toBe(toHex(der))
      expect(refusal(() => verifySelfSigned(engine, flipBit(der, der.length - 1)))).toBe('CERTIFICATE_INVALID')
    })
  })

  it.each([44, 65, 87])('that of RFC 9881 for ML-DSA-%d is read and verified', (set) => {
    const der = pemBlock(vectorText(`rfc9881/ML-DSA-${set}.crt`))
    counted.outsidePort('native', 'RFC 9881', () => {
      expect(verifySelfSigned(engine, der)).toMatchObject({ key: { suite: { id: `mldsa${set}` } } })
      expect(toHex(writtenAgain(der))).toBe(toHex(der))
    })
  })

  it('of the composites carry the very AlgorithmIdentifiers that are written here', async () => {
    for (const suite of SIGNING_SUITES.filter(({ hybrid }) => hybrid)) {
      const published = tests
        .map(({ x5c }) => Certificate.fromBER(fromBase64(x5c).slice()))
        .find(({ signatureAlgorithm }) => suiteByOid(signatureAlgorithm.algorithmId)?.id === suite.id)
      const ours = Certificate.fromBER(Uint8Array.from((await certificateOf(suite)).der))
      for (const part of ['signature', 'signatureAlgorithm'] as const) {
        expect(toHex(new Uint8Array(ours[part].toSchema().toBER()))).toBe(
          toHex(new Uint8Array(published?.[part].toSchema().toBER() ?? new ArrayBuffer())),
        )
      }
      expect(toHex(new Uint8Array(ours.subjectPublicKeyInfo.algorithm.toSchema().toBER()))).toBe(
        toHex(new Uint8Array(published?.subjectPublicKeyInfo.algorithm.toSchema().toBER() ?? new ArrayBuffer())),
      )
    }
  })
})

function facts({ key, ...rest }: ReturnType<typeof readCertificate>) {
  return { suite: key.suite.id, spki: toHex(key.spki), ...rest, notBefore: rest.notBefore.toISOString(), notAfter: rest.notAfter.toISOString() }
}

/** Through the same objects as ours, the body included. */
function writtenAgain(der: Uint8Array): Uint8Array {
  return new Uint8Array(Certificate.fromBER(Uint8Array.from(der)).toSchema(true).toBER())
}

function otherThan(suite: Suite): Suite {
  return findSuite(suite.id === 'ecdsa-p256' ? 'ecdsa-p384' : 'ecdsa-p256')
}
