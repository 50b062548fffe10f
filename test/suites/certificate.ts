/** Takes an X.509 certificate (RFC 5280 §4.1) apart, for self-signed samples of algorithms that no library names yet. */
import { BitString, fromBER, Sequence } from 'asn1js'

export interface CertificateParts {
  /** The tbsCertificate, DER: what is signed. */
  readonly signed: Uint8Array
  readonly spki: Uint8Array
  readonly signature: Uint8Array
}

export function certificateParts(der: Uint8Array): CertificateParts {
  const certificate = sequence(fromBER(Uint8Array.from(der).buffer).result)
  const [body, , signature] = certificate
  // version, serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo
  const spki = sequence(body)[6]
  if (!(spki instanceof Sequence) || !(body instanceof Sequence) || !(signature instanceof BitString)) throw new Error('not a certificate')
  return { signed: body.valueBeforeDecodeView, spki: spki.valueBeforeDecodeView, signature: signature.valueBlock.valueHexView }
}

function sequence(element: unknown): readonly unknown[] {
  if (!(element instanceof Sequence)) throw new Error('not a SEQUENCE')
  return element.valueBlock.value
}
