/** Reads certificates and requests through pkijs, and refuses every encoding but DER. */
import type { BitString } from 'asn1js'
import type { PublicKeyInfo } from 'pkijs'
import { SealstoneError } from '#core'
import { checkDer, parsePublicKey, type PublicKey } from '#suites'

/** `read` is of pkijs, which takes any BER. Throws CERTIFICATE_INVALID. */
export function decodeStrictly<Document>(read: (der: Uint8Array<ArrayBuffer>) => Document, der: Uint8Array, what: string): Document {
  try {
    checkDer(der)
    return read(Uint8Array.from(der))
  } catch (cause) {
    throw new SealstoneError('CERTIFICATE_INVALID', `${what} is malformed`, { cause })
  }
}

/** Throws CERTIFICATE_INVALID for a key that is malformed or of no known suite. */
export function keyIn(info: PublicKeyInfo, what: string): PublicKey {
  try {
    return parsePublicKey(new Uint8Array(info.toSchema().toBER()))
  } catch (cause) {
    const reason = cause instanceof Error ? `: ${cause.message}` : ''
    throw new SealstoneError('CERTIFICATE_INVALID', `${what} has a key that is not supported${reason}`, { cause })
  }
}

/** A signature is whole bytes. */
export function signatureBytes(value: BitString, what: string): Uint8Array {
  if (value.valueBlock.unusedBits !== 0) throw new SealstoneError('CERTIFICATE_INVALID', `${what} has a signature with unused bits`)
  return Uint8Array.from(value.valueBlock.valueHexView)
}
