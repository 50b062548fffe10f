/** Certificate requests (PKCS#10, RFC 2986): made for a key whose private half is elsewhere, and checked for proof of its possession. */
import { CertificationRequest } from 'pkijs'
import { SealstoneError } from '#core'
import { type Engine, type PublicKey, verify } from '#suites'
import { decodeStrictly, keyIn, signatureBytes } from './decode.ts'
import { nameOf, nameText } from './name.ts'
import { readPemOrDer, toPem } from './pem.ts'
import { isSignatureAlgorithmOf, signatureAlgorithm } from './signature-algorithm.ts'
import { publicKeyInfo, signDocument, type SignCallback } from './signing.ts'

export interface RequestOptions {
  readonly key: PublicKey
  /** RFC 4514 text, for example `CN=default,O=Example`. */
  readonly subject: string
  readonly sign: SignCallback
}

export interface EncodedDocument {
  readonly der: Uint8Array
  readonly pem: string
}

export interface VerifiedRequest {
  readonly key: PublicKey
  readonly subject: string
}

/** Throws INPUT_INVALID for the subject, SIGNATURE_MISMATCH if `sign` used another key, and whatever `sign` throws. */
export async function certificateRequest(engine: Engine, { key, subject, sign }: RequestOptions): Promise<EncodedDocument> {
  const request = new CertificationRequest({
    version: 0,
    subject: nameOf(subject),
    subjectPublicKeyInfo: publicKeyInfo(key),
    attributes: [], // written although it is empty: RFC 2986 §4.1 has no OPTIONAL there
    signatureAlgorithm: signatureAlgorithm(key.suite),
  })
  const der = await signDocument(engine, key, request, sign)
  return { der, pem: toPem('CERTIFICATE REQUEST', der) }
}

/**
 * Reads a request, PEM or DER, and proves that whoever made it has the private key. The signature must be of the key's own suite: an ECDSA key
 * signs with the hash of its curve. Throws CERTIFICATE_INVALID.
 */
export function verifyCertificateRequest(engine: Engine, file: Uint8Array): VerifiedRequest {
  const request = decodeStrictly((der) => CertificationRequest.fromBER(der), readPemOrDer(file, 'CERTIFICATE REQUEST'), 'certificate request')
  if (request.version !== 0) throw invalid(`certificate request has version ${request.version}, want 0 (RFC 2986)`)
  const key = keyIn(request.subjectPublicKeyInfo, 'certificate request')
  if (!isSignatureAlgorithmOf(key.suite, request.signatureAlgorithm)) {
    throw invalid(`certificate request is signed with ${request.signatureAlgorithm.algorithmId}, want the algorithm of its key: ${key.suite.label}`)
  }
  if (!verify(engine, key, request.tbsView, signatureBytes(request.signatureValue, 'certificate request'))) {
    throw invalid('certificate request is not signed by the key in it')
  }
  return { key, subject: nameText(request.subject) }
}

function invalid(message: string): SealstoneError {
  return new SealstoneError('CERTIFICATE_INVALID', message, { hint: 'check that the request is complete, or make it again' })
}
