/** Signs what pkijs has laid out: the private key is elsewhere, in a token, so the bytes go out and the signature comes back. */
import { BitString, type Sequence } from 'asn1js'
import { type AlgorithmIdentifier, PublicKeyInfo } from 'pkijs'
import { equalBytes, SealstoneError } from '#core'
import { type Engine, type PublicKey, verify } from '#suites'

/** The bytes to be signed → the signature as the suite makes it, with an empty context. */
export type SignCallback = (toBeSigned: Uint8Array) => Promise<Uint8Array>

/** What certificates and requests have in common in pkijs. */
interface Unsigned {
  signatureAlgorithm: AlgorithmIdentifier
  signatureValue: BitString
  toSchema(encodeTbs: boolean): Sequence
}

/** The signed document, DER. Throws SIGNATURE_MISMATCH if the signature does not verify under `key`: such a document is not let out. */
export async function signDocument(engine: Engine, key: PublicKey, document: Unsigned, sign: SignCallback): Promise<Uint8Array> {
  const toBeSigned = encodeFirst(document.toSchema(true))
  const signature = await sign(toBeSigned)
  if (!verify(engine, key, toBeSigned, signature)) {
    throw new SealstoneError('SIGNATURE_MISMATCH', `a fresh signature of suite ${key.suite.id} does not verify under the key in the document`)
  }
  document.signatureValue = new BitString({ valueHex: Uint8Array.from(signature) })
  return new Uint8Array(document.toSchema(true).toBER())
}

/** pkijs takes some keys apart and writes them again, so that nothing but the same bytes is accepted. */
export function publicKeyInfo(key: PublicKey): PublicKeyInfo {
  const info = PublicKeyInfo.fromBER(Uint8Array.from(key.spki))
  if (!equalBytes(new Uint8Array(info.toSchema().toBER()), key.spki)) {
    throw new SealstoneError('INTERNAL', `public key of suite ${key.suite.id} is not written as it was read`)
  }
  return info
}

function encodeFirst(document: Sequence): Uint8Array {
  const [toBeSigned] = document.valueBlock.value
  if (toBeSigned === undefined) throw new SealstoneError('INTERNAL', 'document has nothing to sign')
  return new Uint8Array(toBeSigned.toBER())
}
