/** Bytes and their text forms. Decoding is strict: what decodes also encodes back to the same text. */
import { SealstoneError } from './errors.ts'

/** UTF-8 bytes of a string. A lone surrogate is refused: it has no UTF-8 form. */
export function utf8(text: string): Uint8Array {
  if (!text.isWellFormed()) throw new SealstoneError('INPUT_INVALID', 'text holds a lone surrogate, want well-formed Unicode')
  return ENCODER.encode(text)
}

/** Strict UTF-8 decoding: an invalid sequence is refused, a byte order mark is kept. */
export function utf8Text(bytes: Uint8Array): string {
  try {
    return DECODER.decode(bytes)
  } catch (cause) {
    throw new SealstoneError('FORMAT_INVALID', 'text is not valid UTF-8', { cause })
  }
}

export function toHex(bytes: Uint8Array): string {
  return bytes.toHex()
}

/** Lower-case hex only. `byteLength` pins the size. */
export function fromHex(text: string, byteLength?: number): Uint8Array {
  if (!/^(?:[0-9a-f]{2})*$/.test(text)) throw new SealstoneError('FORMAT_INVALID', `not lower-case hex: ${excerpt(text)}`)
  if (byteLength !== undefined && text.length !== byteLength * 2) {
    throw new SealstoneError('FORMAT_INVALID', `hex holds ${text.length / 2} bytes, want ${byteLength}`)
  }
  return Uint8Array.fromHex(text)
}

/** Standard alphabet with padding (RFC 4648 §4). */
export function toBase64(bytes: Uint8Array): string {
  return bytes.toBase64()
}

/** Canonical base64 (RFC 4648 §4): padding present, unused bits zero, no white space. */
export function fromBase64(text: string): Uint8Array {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new SealstoneError('FORMAT_INVALID', `not standard base64: ${excerpt(text)}`)
  try {
    return Uint8Array.fromBase64(text, { lastChunkHandling: 'strict' })
  } catch (cause) {
    throw new SealstoneError('FORMAT_INVALID', 'base64 is not canonical', { cause })
  }
}

/** URL-safe alphabet without padding (RFC 7515 §2). */
export function toBase64Url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: 'base64url', omitPadding: true })
}

/** Canonical base64url (RFC 7515 §2): no padding, unused bits zero, no white space. */
export function fromBase64Url(text: string): Uint8Array {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) throw new SealstoneError('FORMAT_INVALID', `not base64url without padding: ${excerpt(text)}`)
  try {
    return Uint8Array.fromBase64(text.padEnd(Math.ceil(text.length / 4) * 4, '='), { alphabet: 'base64url', lastChunkHandling: 'strict' })
  } catch (cause) {
    throw new SealstoneError('FORMAT_INVALID', 'base64url is not canonical', { cause })
  }
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}

/** Equality of public values. Not for secrets: those are compared where they live. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false
  for (let index = 0; index < left.length; index++) if (left[index] !== right[index]) return false
  return true
}

/** Order of well-formed text by code points, which is the order of its UTF-8 bytes; shorter first on a common prefix. */
export function compareCodePoints(left: string, right: string): number {
  const shared = Math.min(left.length, right.length)
  for (let index = 0; index < shared; index++) {
    const [unit, other] = [left.charCodeAt(index), right.charCodeAt(index)]
    if (unit !== other) return codePointRank(unit) - codePointRank(other)
  }
  return left.length - right.length
}

/** UTF-16 puts surrogates, which stand for code points from U+10000, before U+E000 to U+FFFF. */
function codePointRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}

/** Unsigned 64-bit big endian. */
export function u64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, value)
  return bytes
}

/** At most 40 characters of foreign text, control characters shown escaped, for error messages. */
export function excerpt(text: string): string {
  const short = text.length > 40 ? `${text.slice(0, 40)}…` : text
  return JSON.stringify(short)
}

const ENCODER = new TextEncoder()
const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
