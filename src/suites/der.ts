/** The little DER (X.690) that public and private keys need: strict reading, minimal lengths, no trailing bytes. */
import { concatBytes, SealstoneError } from '#core'

export const DER = { integer: 0x02, bitString: 0x03, octetString: 0x04, null: 0x05, oid: 0x06, sequence: 0x30, context0: 0x80 } as const

export interface DerElement {
  readonly tag: number
  readonly value: Uint8Array
}

/** Reads the elements that fill `bytes` exactly. Throws KEY_INVALID. */
export function readElements(bytes: Uint8Array): DerElement[] {
  const elements: DerElement[] = []
  for (let at = 0; at < bytes.length; ) {
    const { element, end } = readElement(bytes, at)
    elements.push(element)
    at = end
  }
  return elements
}

/**
 * Refuses every encoding of one element but DER's: definite, minimal lengths and plain booleans all the way down. For documents that a more lenient
 * library reads. Throws KEY_INVALID.
 */
export function checkDer(bytes: Uint8Array): void {
  if (checkElements(bytes, 0) !== 1) throw invalid('DER is not one element')
}

/** The members of a SEQUENCE that fills `bytes` exactly. */
export function readSequence(bytes: Uint8Array): DerElement[] {
  const [sequence, ...rest] = readElements(bytes)
  if (sequence?.tag !== DER.sequence || rest.length > 0) throw invalid('DER is not one SEQUENCE')
  return readElements(sequence.value)
}

/** The value of an element that must have this tag. */
export function expectTag(element: DerElement | undefined, tag: number, what: string): Uint8Array {
  if (element?.tag !== tag) throw invalid(`${what} has DER tag ${element?.tag ?? 'missing'}, want ${tag}`)
  return element.value
}

export function writeElement(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const value = concatBytes(...parts)
  return concatBytes(Uint8Array.of(tag), writeLength(value.length), value)
}

/** Content of an OBJECT IDENTIFIER as dotted text. */
export function oidText(value: Uint8Array): string {
  const arcs: number[] = []
  let arc = 0
  for (const [index, byte] of value.entries()) {
    if (arc === 0 && byte === 0x80) throw invalid('OID arc is not minimal')
    arc = arc * 128 + (byte & 0x7f)
    if (arc > Number.MAX_SAFE_INTEGER / 256) throw invalid('OID arc is too large')
    if ((byte & 0x80) === 0) {
      arcs.push(arc)
      arc = 0
    } else if (index === value.length - 1) throw invalid('OID is cut short')
  }
  const [first, ...others] = arcs
  if (first === undefined) throw invalid('OID is empty')
  const root = Math.min(2, Math.floor(first / 40))
  return [root, first - root * 40, ...others].join('.')
}

export function writeOid(oid: string): Uint8Array {
  const [root = 0, second = 0, ...others] = oid.split('.').map(Number)
  return writeElement(DER.oid, Uint8Array.from([root * 40 + second, ...others].flatMap(base128)))
}

function checkElements(bytes: Uint8Array, depth: number): number {
  if (depth > MAX_DEPTH) throw invalid(`DER is nested deeper than ${MAX_DEPTH} levels`)
  const elements = readElements(bytes)
  for (const { tag, value } of elements) {
    if ((tag & CONSTRUCTED) !== 0) checkElements(value, depth + 1)
    if (tag === BOOLEAN && !(value.length === 1 && (value[0] === 0 || value[0] === 0xff))) throw invalid('DER BOOLEAN is neither 00 nor FF')
  }
  return elements.length
}

function readElement(bytes: Uint8Array, start: number): { element: DerElement; end: number } {
  const tag = bytes[start]
  const first = bytes[start + 1]
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) throw invalid('DER element is cut short or has a long tag')
  let length = first
  let at = start + 2
  if (first >= 0x80) {
    const count = first & 0x7f
    if (count === 0 || count > 4 || at + count > bytes.length) throw invalid('DER length is indefinite, too long or cut short')
    length = 0
    for (const byte of bytes.subarray(at, at + count)) length = length * 256 + byte
    at += count
    if (length < 0x80 || length < 2 ** (8 * (count - 1))) throw invalid('DER length is not minimal')
  }
  if (at + length > bytes.length) throw invalid(`DER element says ${length} bytes, ${bytes.length - at} are there`)
  return { element: { tag, value: bytes.subarray(at, at + length) }, end: at + length }
}

function writeLength(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length)
  const bytes: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  return Uint8Array.of(0x80 | bytes.length, ...bytes)
}

function base128(arc: number): number[] {
  const bytes = [arc % 128]
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) bytes.unshift((rest % 128) | 0x80)
  return bytes
}

function invalid(message: string): SealstoneError {
  return new SealstoneError('KEY_INVALID', message)
}

const MAX_DEPTH = 32
const BOOLEAN = 0x01
const CONSTRUCTED = 0x20
