/** Certificates that a key signs for itself (RFC 5280 §4.1): made for a key whose private half is elsewhere, and read back. */
import { Integer } from 'asn1js'
import { Certificate, Time } from 'pkijs'
import { equalBytes, SealstoneError } from '#core'
import { type Engine, type PublicKey, verify } from '#suites'
import type { EncodedDocument, RequestOptions } from './certificate-request.ts'
import { decodeStrictly, keyIn, signatureBytes } from './decode.ts'
import { signerExtensions } from './extensions.ts'
import { nameOf, nameText } from './name.ts'
import { readPemOrDer, toPem } from './pem.ts'
import { isSignatureAlgorithmOf, signatureAlgorithm } from './signature-algorithm.ts'
import { publicKeyInfo, signDocument } from './signing.ts'

export interface SelfSignedOptions extends RequestOptions {
  /** Fractions of a second are cut off. */
  readonly notBefore: Date
  readonly notAfter: Date
  /** Above zero and of at most 159 bits; random, unless something else makes it unique. */
  readonly serial: bigint
  /** Adds the extended key usage for code signing, which model_signing asks for. */
  readonly codeSigning?: boolean
}

export interface CertificateFacts {
  readonly key: PublicKey
  readonly subject: string
  readonly issuer: string
  readonly serial: bigint
  readonly notBefore: Date
  readonly notAfter: Date
}

/** No CA: the certificate vouches for its own key and for nothing else. Throws INPUT_INVALID, SIGNATURE_MISMATCH, and whatever `sign` throws. */
export async function selfSignedCertificate(engine: Engine, options: SelfSignedOptions): Promise<EncodedDocument> {
  const { key, notBefore, notAfter } = options
  const name = nameOf(options.subject)
  if (!(notBefore.getTime() < notAfter.getTime())) throw invalidInput('certificate ends before it begins, want notBefore earlier than notAfter')
  const certificate = new Certificate({
    version: 2, // X.509 version 3
    serialNumber: serialNumber(options.serial),
    signature: signatureAlgorithm(key.suite),
    issuer: name,
    notBefore: timeOf(notBefore),
    notAfter: timeOf(notAfter),
    subject: name,
    subjectPublicKeyInfo: publicKeyInfo(key),
    extensions: signerExtensions(engine, key, options.codeSigning ?? false),
    signatureAlgorithm: signatureAlgorithm(key.suite),
  })
  const der = await signDocument(engine, key, certificate, options.sign)
  return { der, pem: toPem('CERTIFICATE', der) }
}

/** What a certificate says, PEM or DER, whoever issued it. Proves nothing. Throws CERTIFICATE_INVALID. */
export function readCertificate(file: Uint8Array): CertificateFacts {
  return factsOf(decode(file))
}

/** Reads a certificate and proves that the key in it signed it. It says nothing of trust, and dates are not looked at. Throws CERTIFICATE_INVALID. */
export function verifySelfSigned(engine: Engine, file: Uint8Array): CertificateFacts {
  const certificate = decode(file)
  const facts = factsOf(certificate)
  const { suite } = facts.key
  if (!isSignatureAlgorithmOf(suite, certificate.signatureAlgorithm) || !isSignatureAlgorithmOf(suite, certificate.signature)) {
    throw invalid(`certificate is signed with ${certificate.signatureAlgorithm.algorithmId}, want the algorithm of its key: ${suite.label}`)
  }
  if (!equalBytes(new Uint8Array(certificate.issuer.valueBeforeDecode), new Uint8Array(certificate.subject.valueBeforeDecode))) {
    throw invalid('certificate names another issuer than its subject, so it is not self-signed')
  }
  if (!verify(engine, facts.key, certificate.tbsView, signatureBytes(certificate.signatureValue, 'certificate'))) {
    throw invalid('certificate is not signed by the key in it')
  }
  return facts
}

function decode(file: Uint8Array): Certificate {
  return decodeStrictly((der) => Certificate.fromBER(der), readPemOrDer(file, 'CERTIFICATE'), 'certificate')
}

function factsOf(certificate: Certificate): CertificateFacts {
  return {
    key: keyIn(certificate.subjectPublicKeyInfo, 'certificate'),
    subject: nameText(certificate.subject),
    issuer: nameText(certificate.issuer),
    serial: certificate.serialNumber.toBigInt(),
    notBefore: certificate.notBefore.value,
    notAfter: certificate.notAfter.value,
  }
}

/** RFC 5280 §4.1.2.2: positive and of at most 20 bytes, the sign bit included. */
function serialNumber(serial: bigint): Integer {
  if (serial <= 0n || serial >= 1n << 159n) throw invalidInput('serial number is out of range, want more than 0 and at most 159 bits')
  return Integer.fromBigInt(serial)
}

/** RFC 5280 §4.1.2.5: UTCTime until 2049, GeneralizedTime from 2050 on, both in whole seconds. */
function timeOf(date: Date): Time {
  const year = date.getUTCFullYear()
  if (!(year >= 1950 && year <= 9999)) throw invalidInput('date of the certificate is out of range, want a year from 1950 to 9999')
  return new Time({ type: year < 2050 ? 0 : 1, value: new Date(Math.floor(date.getTime() / 1000) * 1000) })
}

function invalid(message: string): SealstoneError {
  return new SealstoneError('CERTIFICATE_INVALID', message)
}

function invalidInput(message: string): SealstoneError {
  return new SealstoneError('INPUT_INVALID', message)
}
