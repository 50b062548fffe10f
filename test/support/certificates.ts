/** X.509 certificates for tests, made with pkijs and WebCrypto; the leaf's key signs through node:crypto. */
import { KeyObject, sign as signWith, webcrypto } from 'node:crypto'
import { BitString, Integer, OctetString, Utf8String } from 'asn1js'
import { AttributeTypeAndValue, BasicConstraints, Certificate, ExtKeyUsage, Extension, Time } from 'pkijs'

export interface TestCertificate {
  readonly der: Uint8Array
  readonly pem: string
  readonly name: string
  readonly keys: webcrypto.CryptoKeyPair
  /** ECDSA P-384 with SHA-384, DER. */
  sign(message: Uint8Array): Uint8Array
}

export interface CertificateOptions {
  readonly name: string
  /** Default: itself. */
  readonly issuer?: TestCertificate
  /** Use these keys instead of fresh ones. */
  readonly keys?: webcrypto.CryptoKeyPair
  /** Of the issuer's signature; default SHA-384. */
  readonly hash?: 'SHA-1' | 'SHA-256' | 'SHA-384'
  readonly notBefore?: string
  readonly notAfter?: string
  /** Absent: no basic constraints at all. */
  readonly ca?: boolean
  readonly pathLength?: number
  /** RFC 5280 bits of the first byte; absent: no key usage. */
  readonly keyUsage?: number
  readonly extendedKeyUsage?: readonly string[]
  /** OID of one more critical extension. */
  readonly critical?: string
}

export const DIGITAL_SIGNATURE = 0x80
export const KEY_CERT_SIGN = 0x04
export const CODE_SIGNING = '1.3.6.1.5.5.7.3.3'

export function makeRoot(options: Partial<CertificateOptions> = {}): Promise<TestCertificate> {
  return makeCertificate({ name: 'test root', ca: true, keyUsage: KEY_CERT_SIGN, ...options })
}

export function makeIntermediate(issuer: TestCertificate, options: Partial<CertificateOptions> = {}): Promise<TestCertificate> {
  return makeCertificate({ name: 'test intermediate', ca: true, keyUsage: KEY_CERT_SIGN, issuer, ...options })
}

export function makeLeaf(issuer: TestCertificate, options: Partial<CertificateOptions> = {}): Promise<TestCertificate> {
  return makeCertificate({ name: 'test signer', ca: false, keyUsage: DIGITAL_SIGNATURE, extendedKeyUsage: [CODE_SIGNING], issuer, ...options })
}

export async function makeCertificate(options: CertificateOptions): Promise<TestCertificate> {
  const { name, issuer } = options
  const keys = options.keys ?? (await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-384' }, true, ['sign', 'verify']))
  const certificate = new Certificate()
  certificate.version = 2
  certificate.serialNumber = new Integer({ value: 1 + Math.floor(Math.random() * 1e9) })
  certificate.subject.typesAndValues.push(commonName(name))
  certificate.issuer.typesAndValues.push(commonName(issuer?.name ?? name))
  certificate.notBefore = new Time({ value: new Date(options.notBefore ?? '2026-01-01T00:00:00Z') })
  certificate.notAfter = new Time({ value: new Date(options.notAfter ?? '2036-01-01T00:00:00Z') })
  certificate.extensions = extensionsOf(options)
  await certificate.subjectPublicKeyInfo.importKey(keys.publicKey)
  await certificate.sign((issuer?.keys ?? keys).privateKey, options.hash ?? 'SHA-384')
  const der = new Uint8Array(certificate.toSchema(true).toBER())
  const privateKey = KeyObject.from(keys.privateKey)
  return {
    der,
    pem: `-----BEGIN CERTIFICATE-----\n${(der.toBase64().match(/.{1,64}/g) ?? []).join('\n')}\n-----END CERTIFICATE-----\n`,
    name,
    keys,
    sign: (message) => new Uint8Array(signWith('sha384', message, privateKey)),
  }
}

function extensionsOf({ ca, pathLength, keyUsage, extendedKeyUsage, critical }: CertificateOptions): Extension[] {
  const extensions: Extension[] = []
  if (ca !== undefined) {
    const constraints = new BasicConstraints({ cA: ca, ...(pathLength === undefined ? {} : { pathLenConstraint: pathLength }) })
    extensions.push(extension('2.5.29.19', constraints.toSchema().toBER(), true))
  }
  if (keyUsage !== undefined)
    extensions.push(extension('2.5.29.15', new BitString({ valueHex: Uint8Array.of(keyUsage).buffer, unusedBits: 0 }).toBER(), true))
  if (extendedKeyUsage !== undefined)
    extensions.push(extension('2.5.29.37', new ExtKeyUsage({ keyPurposes: [...extendedKeyUsage] }).toSchema().toBER(), false))
  if (critical !== undefined) extensions.push(extension(critical, new OctetString({ valueHex: Uint8Array.of(1).buffer }).toBER(), true))
  return extensions
}

function extension(extnID: string, extnValue: ArrayBuffer, critical: boolean): Extension {
  return new Extension({ extnID, extnValue, critical })
}

function commonName(value: string): AttributeTypeAndValue {
  return new AttributeTypeAndValue({ type: '2.5.4.3', value: new Utf8String({ value }) })
}
