/** The extensions of a self-signed signing certificate (RFC 5280 §4.2.1). */
import { BitString, OctetString } from 'asn1js'
import { AuthorityKeyIdentifier, BasicConstraints, Extension, ExtKeyUsage } from 'pkijs'
import type { Engine, PublicKey } from '#suites'

/** No CA, signatures only. Both key identifiers are the same, because the certificate is its own issuer. */
export function signerExtensions(engine: Pick<Engine, 'digest'>, key: PublicKey, codeSigning: boolean): Extension[] {
  const identifier = keyIdentifier(engine, key)
  return [
    new Extension({ extnID: BASIC_CONSTRAINTS, critical: true, extnValue: new BasicConstraints({ cA: false }).toSchema().toBER() }),
    new Extension({ extnID: KEY_USAGE, critical: true, extnValue: digitalSignature().toBER() }),
    ...(codeSigning
      ? [new Extension({ extnID: EXTENDED_KEY_USAGE, extnValue: new ExtKeyUsage({ keyPurposes: [CODE_SIGNING] }).toSchema().toBER() })]
      : []),
    new Extension({ extnID: SUBJECT_KEY_IDENTIFIER, extnValue: new OctetString({ valueHex: identifier }).toBER() }),
    new Extension({
      extnID: AUTHORITY_KEY_IDENTIFIER,
      extnValue: new AuthorityKeyIdentifier({ keyIdentifier: new OctetString({ valueHex: identifier }) }).toSchema().toBER(),
    }),
  ]
}

/** RFC 7093 §2, method 1: the leftmost 160 bits of the SHA-256 of the public key's bits. SHA-1 is not used for anything here. */
function keyIdentifier(engine: Pick<Engine, 'digest'>, key: PublicKey): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(engine.digest('sha256', key.raw).subarray(0, 20))
}

/** X.690 §11.2.2: a list of named bits ends with the last one that is set. */
function digitalSignature(): BitString {
  return new BitString({ valueHex: Uint8Array.of(0x80), unusedBits: 7 })
}

const SUBJECT_KEY_IDENTIFIER = '2.5.29.14'
const KEY_USAGE = '2.5.29.15'
const BASIC_CONSTRAINTS = '2.5.29.19'
const AUTHORITY_KEY_IDENTIFIER = '2.5.29.35'
const EXTENDED_KEY_USAGE = '2.5.29.37'
const CODE_SIGNING = '1.3.6.1.5.5.7.3.3'
