/** The little DER (X.690) that tokens need: ECDSA signatures, RSA public keys, and the OCTET STRING around CKA_EC_POINT. */
import { concatBytes, SealstoneError } from '#core'

/** ECDSA-Sig-Value (RFC 3279 §2.2.3) from the token's r‖s. */
export function ecdsaDer(raw: Uint8Array, fieldBytes: number): Uint8Array {
  if (raw.length !== 2 * fieldBytes)
    throw new SealstoneError('TOKEN_UNAVAILABLE', `the token's signature is ${raw.length} bytes, want ${2 * fieldBytes}`)
  return derSequenceOfIntegers([raw.subarray(0, fieldBytes), raw.subarray(fieldBytes)])
}

/** SEQUENCE of INTEGERs from unsigned big-endian bytes. */
export function derSequenceOfIntegers(values: readonly Uint8Array[]): Uint8Array {
  return element(0x30, concatBytes(...values.map(unsignedInteger)))
}

/** CKA_EC_POINT is a DER OCTET STRING around the point (PKCS#11 2.40 §2.3.3); some tokens leave the wrapping out. */
export function derUnwrapOctetString(value: Uint8Array, byteLength: number): Uint8Array {
  if (value.length === byteLength) return Uint8Array.from(value)
  const header = element(0x04, new Uint8Array(byteLength)).length - byteLength
  const expected = element(0x04, new Uint8Array(byteLength)).subarray(0, header)
  if (value.length !== header + byteLength || !expected.every((byte, index) => byte === value[index])) {
    throw new SealstoneError('TOKEN_KEY_MISMATCH', `the token's public key is ${value.length} bytes, want ${byteLength}`)
  }
  return Uint8Array.from(value.subarray(header))
}

/** X.690 §8.3: shortest form, a leading zero byte where the highest bit is set. */
function unsignedInteger(bytes: Uint8Array): Uint8Array {
  const first = bytes.findIndex((byte) => byte !== 0)
  const minimal = first === -1 ? Uint8Array.of(0) : bytes.subarray(first)
  return element(0x02, (minimal[0] as number) >= 0x80 ? concatBytes(Uint8Array.of(0), minimal) : minimal)
}

function element(tag: number, content: Uint8Array): Uint8Array {
  const { length } = content
  if (length < 0x80) return concatBytes(Uint8Array.of(tag, length), content)
  if (length < 0x100) return concatBytes(Uint8Array.of(tag, 0x81, length), content)
  return concatBytes(Uint8Array.of(tag, 0x82, length >> 8, length & 0xff), content)
}
