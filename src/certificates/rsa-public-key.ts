/** RSAPublicKey (RFC 8017 appendix A.1.1) as its two numbers, without leading zero bytes, which is how JOSE writes them. */
import { fromBER, Integer, Sequence } from 'asn1js'
import { concatBytes, SealstoneError } from '#core'

export interface RsaNumbers {
  readonly modulus: Uint8Array
  readonly exponent: Uint8Array
}

export function writeRsaPublicKey({ modulus, exponent }: RsaNumbers): Uint8Array {
  return new Uint8Array(new Sequence({ value: [integer(modulus), integer(exponent)] }).toBER())
}

/** @param raw as `parsePublicKey` checked it */
export function readRsaPublicKey(raw: Uint8Array): RsaNumbers {
  const { result } = fromBER(Uint8Array.from(raw))
  const [modulus, exponent] = result instanceof Sequence ? result.valueBlock.value : []
  if (!(modulus instanceof Integer) || !(exponent instanceof Integer)) throw new SealstoneError('INTERNAL', 'RSA key is not two numbers')
  return { modulus: magnitude(modulus), exponent: magnitude(exponent) }
}

function integer(bytes: Uint8Array): Integer {
  const positive = (bytes[0] ?? 0) >= 0x80 ? concatBytes(Uint8Array.of(0), bytes) : Uint8Array.from(bytes)
  return new Integer({ valueHex: positive })
}

function magnitude(number: Integer): Uint8Array {
  const bytes = Uint8Array.from(number.valueBlock.valueHexView)
  return bytes[0] === 0 ? bytes.subarray(1) : bytes
}
