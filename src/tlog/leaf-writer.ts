/**
 * Writes usual leaves several times as fast as `encodeLeaf`: a member that passes the expression by which the scanner knows it is put down as it
 * is; nothing is sorted, escaped or parsed. Leaves of a rarer form are for `encodeLeaf`, which also names the fault of what is no leaf.
 */
import { isJsonObject, type JsonValue } from '#core'
import { encodeLeaf, type Leaf } from './leaf.ts'
import { isLeafTime, MAX_SIGNATURES } from './leaf-members.ts'
import { LONGEST_USUAL, REQUIRED_MEMBERS, sortedMembers, USUAL_MEMBERS, USUAL_SIGNATURE_MEMBERS } from './leaf-scanner.ts'
import { prefixedLeafHash } from './merkle.ts'

export interface WrittenLeaf {
  /** As `encodeLeaf` makes them. They are a part of a larger buffer. */
  readonly bytes: Uint8Array
  /** RFC 9162 §2.1.1. */
  readonly hash: Uint8Array
}

/** Keeps the time that it met last, and a buffer that it fills with leaf after leaf. One for each log. */
export class LeafWriter {
  #buffer = new Uint8Array(0)
  #used = 0
  #time = ''

  /** Throws as `encodeLeaf` does. */
  write(leaf: Leaf): WrittenLeaf {
    const text = this.#usualText(leaf)
    const bytes = text === undefined ? encodeLeaf(leaf) : undefined
    const length = bytes?.length ?? (text as string).length
    if (this.#used + 1 + length > this.#buffer.length) {
      this.#buffer = new Uint8Array(Math.max(BUFFER_BYTES, 1 + length))
      this.#used = 0
    }
    // Before each leaf is the 0x00 that its hash begins with: nothing is ever written there.
    const prefixed = this.#buffer.subarray(this.#used, this.#used + 1 + length)
    const written = prefixed.subarray(1)
    if (bytes === undefined) ENCODER.encodeInto(text as string, written)
    else written.set(bytes)
    this.#used += prefixed.length
    return { bytes: written, hash: prefixedLeafHash(prefixed) }
  }

  /** ASCII, a byte a character. */
  #usualText(leaf: Leaf): string | undefined {
    const text = usualObject(leaf as unknown as Members, WRITERS, REQUIRED)
    if (text === undefined || text.length > LONGEST_USUAL) return undefined
    // The expressions have seen the digits; the calendar has not.
    if (leaf.oldestCachedDigest !== undefined && !isLeafTime(leaf.oldestCachedDigest)) return undefined
    if (leaf.time !== this.#time && !isLeafTime(leaf.time)) return undefined
    this.#time = leaf.time
    return text
  }
}

type Members = Readonly<Record<string, unknown>>

interface MemberWriter {
  readonly name: string
  /** `"name":`, and the quote before a text. */
  readonly head: string
  /** What comes behind the value: a quote behind a text, then the comma, or the end of the object. */
  readonly tail: string
  /** The value as it stands between them, or undefined for one that is not usual. */
  write(value: unknown): string | undefined
}

/** @param writers the last of them is of a member that is required, so that it ends the object. */
function usualObject(object: Members, writers: readonly MemberWriter[], required: readonly string[]): string | undefined {
  for (let at = 0; at < required.length; at++) if (object[required[at] as string] === undefined) return undefined
  let text = '{'
  let found = 0
  for (let at = 0; at < writers.length; at++) {
    const { name, head, tail, write } = writers[at] as MemberWriter
    const value = object[name]
    if (value === undefined) continue
    const written = write(value)
    if (written === undefined) return undefined
    text += head + written + tail
    found++
  }
  // More would be one that is rare or unknown.
  return Object.keys(object).length === found ? text : undefined
}

function signatures(value: unknown): string | undefined {
  if (!Array.isArray(value) || value.length < 1 || value.length > MAX_SIGNATURES) return undefined
  let text = '['
  for (let at = 0; at < value.length; at++) {
    if (!isJsonObject(value[at] as JsonValue)) return undefined
    const written = usualObject(value[at] as Members, SIGNATURE_WRITERS, SIGNATURE_MEMBERS)
    if (written === undefined) return undefined
    text += at === 0 ? written : `,${written}`
  }
  return `${text}]`
}

function memberWriters(members: Readonly<Record<string, string>>): MemberWriter[] {
  return sortedMembers(members).map(([name, expression], at, { length }) => {
    const end = at === length - 1 ? '}' : ','
    if (name === 'signatures') return { name, head: `"${name}":`, tail: end, write: signatures }
    const isText = expression.startsWith('"')
    const quote = isText ? '"' : ''
    // Between the quotes, so that none has to be looked for in the value: no expression lets one through, nor a backslash.
    const pattern = new RegExp(`^(?:${isText ? expression.slice(1, -1) : expression})$`)
    return { name, head: `"${name}":${quote}`, tail: quote + end, write: isText ? textWriter(pattern) : numberWriter(pattern) }
  })
}

function textWriter(pattern: RegExp): MemberWriter['write'] {
  return (value) => (typeof value === 'string' && pattern.test(value) ? value : undefined)
}

function numberWriter(pattern: RegExp): MemberWriter['write'] {
  return (value) => {
    if (typeof value !== 'number') return undefined
    const text = String(value)
    return pattern.test(text) ? text : undefined
  }
}

const ENCODER = new TextEncoder()
const REQUIRED = [...REQUIRED_MEMBERS]
const WRITERS = memberWriters(USUAL_MEMBERS)
const SIGNATURE_WRITERS = memberWriters(USUAL_SIGNATURE_MEMBERS)
const SIGNATURE_MEMBERS = Object.keys(USUAL_SIGNATURE_MEMBERS)
const BUFFER_BYTES = 65_536
