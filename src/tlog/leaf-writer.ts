/**
 * Writes usual leaves several times as fast as `encodeLeaf`: a member that passes the expression by which the scanner knows it is put down as it
 * is; nothing is sorted, escaped or parsed. Leaves of a rarer form are for `encodeLeaf`, which also names the fault of what is no leaf.
 */
import { canonicalJson, isJsonObject, type JsonValue, keyProtectionJson, parseKeyProtection } from '#core'
import { encodeLeaf, type Leaf, type NewLeaf } from './leaf.ts'
import { isLeafTime, MAX_SIGNATURES } from './leaf-members.ts'
import { LONGEST_USUAL, sortedMembers, USUAL_MEMBERS, USUAL_SIGNATURE_MEMBERS } from './leaf-scanner.ts'
import { prefixedLeafHash } from './merkle.ts'

export interface WrittenLeaf {
  /** As `encodeLeaf` makes them. They are a part of a larger buffer. */
  readonly bytes: Uint8Array
  /** RFC 9162 §2.1.1. */
  readonly hash: Uint8Array
}

/** What the log itself adds to a leaf. */
export type LeafStamp = Pick<Leaf, 'time' | 'run' | 'uptimeMs'>

/** Keeps what it met last, most of which comes again, and a buffer that it fills with leaf after leaf. One for each log. */
export class LeafWriter {
  readonly #members = memberWriters(USUAL_MEMBERS)
  /** For each place in the list. */
  readonly #signatureMembers = Array.from({ length: MAX_SIGNATURES }, () => memberWriters(USUAL_SIGNATURE_MEMBERS))
  #buffer = new Uint8Array(0)
  #used = 0
  #time = ''

  /** Throws as `encodeLeaf` does. */
  write(leaf: NewLeaf, stamp: LeafStamp): WrittenLeaf {
    const text = this.#usualText(leaf, stamp)
    const bytes = text === undefined ? encodeLeaf({ version: 1, ...stamp, ...leaf }) : undefined
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
  #usualText(leaf: NewLeaf, stamp: LeafStamp): string | undefined {
    if (leaf.kind === undefined || leaf.operationId === undefined || leaf.caller === undefined || leaf.operation === undefined) return undefined
    let text = '{'
    let found = 0
    for (const member of this.#members) {
      const { name, isStamp } = member
      if (name === 'version') continue
      const value = (isStamp ? (stamp as Members) : (leaf as unknown as Members))[name]
      if (value === undefined) continue
      const written =
        name === 'signatures' ? this.#signatures(member, value) : name === 'keyProtection' ? protection(member, value) : usualMember(member, value)
      if (written === undefined) return undefined
      text += `${written},`
      if (!isStamp) found++
    }
    // More would be one that is rare or unknown.
    if (Object.keys(leaf).length !== found) return undefined
    text += VERSION
    if (text.length > LONGEST_USUAL) return undefined
    // The expressions have seen the digits; the calendar has not.
    if (leaf.oldestCachedDigest !== undefined && !isLeafTime(leaf.oldestCachedDigest)) return undefined
    if (stamp.time !== this.#time && !isLeafTime(stamp.time)) return undefined
    this.#time = stamp.time
    return text
  }

  #signatures({ head }: MemberWriter, value: unknown): string | undefined {
    if (!Array.isArray(value) || value.length < 1 || value.length > MAX_SIGNATURES) return undefined
    let text = head
    for (const [at, signature] of (value as readonly JsonValue[]).entries()) {
      const members = this.#signatureMembers[at] as MemberWriter[]
      if (!isJsonObject(signature) || Object.keys(signature).length !== members.length) return undefined
      text += at === 0 ? '[{' : '},{'
      for (const [place, member] of members.entries()) {
        const written = usualMember(member, signature[member.name])
        if (written === undefined) return undefined
        text += place === 0 ? written : `,${written}`
      }
    }
    return `${text}}]`
  }
}

type Members = Readonly<Record<string, unknown>>

interface MemberWriter {
  readonly name: string
  readonly isStamp: boolean
  readonly isText: boolean
  /** Of the value: between the quotes, so that none has to be looked for in it. No expression lets one through, nor a backslash. */
  readonly pattern: RegExp
  /** `"name":`, and the quote before a text. */
  readonly head: string
  /** The quote behind a text. */
  readonly tail: string
  /** What it wrote last, and for which value. */
  last: unknown
  written: string
}

/** Undefined for a value that is not usual. */
function usualMember(member: MemberWriter, value: unknown): string | undefined {
  if (value === member.last) return member.written
  const { isText, pattern, head, tail } = member
  if (typeof value !== (isText ? 'string' : 'number')) return undefined
  const text = String(value)
  if (!pattern.test(text)) return undefined
  const written = head + text + tail
  if (text.length <= KEPT_LENGTH) {
    member.last = value
    member.written = written
  }
  return written
}

/** The same object comes with every signature of a key, and is kept. */
function protection(member: MemberWriter, value: unknown): string | undefined {
  if (value === member.last) return member.written
  try {
    const text = canonicalJson(keyProtectionJson(parseKeyProtection(value as JsonValue)))
    if (!member.pattern.test(text)) return undefined
    member.last = value
    member.written = member.head + text
    return member.written
  } catch {
    return undefined // `encodeLeaf` names the fault
  }
}

function memberWriters(members: Readonly<Record<string, string>>): MemberWriter[] {
  return sortedMembers(members).map(([name, expression]) => {
    const isText = expression.startsWith('"')
    const quote = isText ? '"' : ''
    const pattern = new RegExp(`^(?:${isText ? expression.slice(1, -1) : expression})$`)
    const isStamp = STAMP.has(name)
    return { name, isStamp, isText, pattern, head: `"${name}":${quote}`, tail: quote, last: NOTHING, written: '' }
  })
}

const ENCODER = new TextEncoder()
const STAMP: ReadonlySet<string> = new Set<keyof LeafStamp>(['time', 'run', 'uptimeMs'])
/** The last of the members by name. */
const VERSION = '"version":1}'
/** Is no value. */
const NOTHING = Symbol('nothing')
const KEPT_LENGTH = 256
const BUFFER_BYTES = 65_536
