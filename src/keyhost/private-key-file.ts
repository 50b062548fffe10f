/** The DER inside a private key file. A secret never becomes a string here: strings cannot be wiped. */
import { SealstoneError, utf8Text } from '#core'

export interface PrivateKeyDer extends Disposable {
  /** In memory of its own, which is wiped at the end of the scope. */
  readonly der: Uint8Array
  /** The label of the PEM block; absent for a file that is DER itself. */
  readonly label?: string
}

/** Takes PEM (RFC 7468, one block) or DER. The file's own bytes stay the caller's to wipe. Throws KEY_INVALID. */
export function openPrivateKeyFile(file: Uint8Array): PrivateKeyDer {
  if (file.length > MAX_FILE_BYTES) throw invalid(`file is ${file.length} bytes, want a private key of at most ${MAX_FILE_BYTES}`)
  if (file[0] === DER_SEQUENCE) {
    const der = secretMemory(file.length)
    der.set(file)
    return wipedLater(der)
  }
  const { label, bodyStart, bodyEnd } = findBlock(file)
  const text = secretMemory(bodyEnd - bodyStart)
  try {
    return { ...wipedLater(decodeBase64(withoutSpace(file.subarray(bodyStart, bodyEnd), text))), label }
  } finally {
    text.fill(0)
  }
}

/** Only the two marker lines are looked at as text. */
function findBlock(file: Uint8Array): { readonly label: string; readonly bodyStart: number; readonly bodyEnd: number } {
  const start = file.findIndex((byte) => !isSpace(byte))
  const end = file.findLastIndex((byte) => !isSpace(byte)) + 1
  const bodyStart = lineEnd(file, start)
  const begin = /^-----BEGIN ([A-Z0-9]+(?:[ -][A-Z0-9]+)*)-----$/.exec(line(file, start, bodyStart))
  const label = begin?.[1]
  if (label === undefined) throw invalid('file is neither DER nor one PEM block that begins with -----BEGIN PRIVATE KEY-----')
  const bodyEnd = end - `-----END ${label}-----`.length
  if (bodyEnd < bodyStart || line(file, bodyEnd, end) !== `-----END ${label}-----`)
    throw invalid(`PEM block does not end with -----END ${label}-----`)
  return { label, bodyStart, bodyEnd }
}

function lineEnd(file: Uint8Array, start: number): number {
  let at = Math.max(start, 0)
  while (at < file.length && file[at] !== LF && file[at] !== CR) at++
  return at
}

/** A marker is short: more would only be somebody's secret in an error message. */
function line(file: Uint8Array, start: number, end: number): string {
  const bytes = file.subarray(start, end)
  return bytes.length <= 80 && bytes.every((byte) => byte >= 0x20 && byte < 0x7f) ? utf8Text(bytes).trimEnd() : ''
}

function withoutSpace(body: Uint8Array, into: Uint8Array): Uint8Array {
  let length = 0
  for (const byte of body) if (!isSpace(byte)) into[length++] = byte
  return into.subarray(0, length)
}

/** RFC 4648 §4, canonical: whole groups, padding only at the end, unused bits zero. Header lines of older PEM forms have a colon and fail here. */
function decodeBase64(text: Uint8Array): Uint8Array {
  const padding = text.at(-1) !== PAD ? 0 : text.at(-2) === PAD ? 2 : 1
  if (text.length === 0 || text.length % 4 !== 0) throw invalid('PEM private key has a base64 body that is empty or cut short')
  const bytes = secretMemory((text.length / 4) * 3 - padding)
  if (decodeInto(bytes, text.subarray(0, text.length - padding))) return bytes
  bytes.fill(0)
  throw invalid('PEM private key has a body that is not canonical base64')
}

function decodeInto(bytes: Uint8Array, text: Uint8Array): boolean {
  let bits = 0
  let value = 0
  let length = 0
  for (const character of text) {
    const six = sextet(character)
    if (six === undefined) return false
    value = ((value << 6) | six) & 0xffff
    bits += 6
    if (bits < 8) continue
    bits -= 8
    bytes[length++] = value >> bits
  }
  return (value & ((1 << bits) - 1)) === 0
}

function sextet(character: number): number | undefined {
  if (character >= 0x41 && character <= 0x5a) return character - 0x41 // A-Z
  if (character >= 0x61 && character <= 0x7a) return character - 0x61 + 26 // a-z
  if (character >= 0x30 && character <= 0x39) return character - 0x30 + 52 // 0-9
  if (character === 0x2b) return 62
  return character === 0x2f ? 63 : undefined
}

function wipedLater(der: Uint8Array): PrivateKeyDer {
  return { der, [Symbol.dispose]: () => der.fill(0) }
}

/** V8 moves typed arrays of up to 64 bytes about and leaves copies behind; an ArrayBuffer made first stays where it is. */
function secretMemory(byteLength: number): Uint8Array {
  return new Uint8Array(new ArrayBuffer(byteLength))
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === LF || byte === CR || byte === 0x09
}

function invalid(message: string): SealstoneError {
  return new SealstoneError('KEY_INVALID', message)
}

// The largest form of ML-DSA-87 takes 6.7 KB as PEM.
const MAX_FILE_BYTES = 16_384
const DER_SEQUENCE = 0x30
const LF = 0x0a
const CR = 0x0d
const PAD = 0x3d
