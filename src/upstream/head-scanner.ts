/** Finds `id`, `method` and a few names in a JSON-RPC message as its bytes come, without holding or parsing the rest of it. */
import { utf8Text } from '#core'
import { serverFault } from './limits.ts'
import { HeadMembers, type MessageHead } from './message-head.ts'

/** The head of a message that is held whole. */
export function readHead(message: Uint8Array, maxDepth: number): MessageHead {
  const scanner = new HeadScanner(maxDepth)
  scanner.push(message)
  return scanner.end()
}

/**
 * Takes one message in pieces of any size. Throws MCP_SERVER_FAULT for what two parsers could read in two ways: a member that appears
 * twice, one that differs from a known one in case only, strings and brackets in an order that no JSON has (a host that splits lines where
 * we do not would see another message in them), several messages in one.
 */
export class HeadScanner {
  readonly #maxDepth: number
  readonly #members = new HeadMembers()
  #state: 'before' | 'name' | 'colon' | 'value' | 'separator' | 'string' | 'scalar' | 'after' = 'before'
  /** The string that is being read is the name of a member. */
  #isName = false
  /** The last piece ended within an escape. */
  #escaped = false
  #captured: Uint8Array[] | undefined
  #capturedBytes = 0
  /** Of all pieces before this one. */
  #bytesBefore = 0

  constructor(maxDepth: number) {
    this.#maxDepth = maxDepth
  }

  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      if (this.#state === 'string') at = this.#readString(bytes, at)
      else if (this.#state === 'scalar') at = this.#readScalar(bytes, at)
      else at = this.#readStructure(bytes, at)
    }
    this.#bytesBefore += bytes.length
  }

  /** What was found so far. */
  get head(): MessageHead {
    return this.#members.head
  }

  /** Its closing brace has come. */
  get isComplete(): boolean {
    return this.#state === 'after'
  }

  /** The message is complete. Throws where it is not. */
  end(): MessageHead {
    if (this.#state !== 'after') throw serverFault('a message breaks off before its end')
    return this.#members.end()
  }

  #readStructure(bytes: Uint8Array, at: number): number {
    const byte = bytes[at] as number
    switch (byte) {
      case 0x20:
      case 0x09:
      case 0x0d:
      case 0x0a:
        return at + 1
      case QUOTE:
        if (this.#state !== 'name' && this.#state !== 'value') break
        this.#isName = this.#state === 'name'
        this.#state = 'string'
        if (this.#isName ? this.#members.isWatched() : this.#members.isWanted()) this.#capture()
        return at + 1
      case 0x7b: // {
      case 0x5b: // [
        if (this.#state !== 'before' && this.#state !== 'value') break
        if (this.#state === 'before' && byte === 0x5b) throw serverFault('several messages in one are not taken: MCP has no batches since 2025-06-18')
        this.#members.open(byte === 0x7b)
        if (this.#members.depth > this.#maxDepth) throw serverFault(`a message is nested deeper than ${this.#maxDepth} levels`)
        this.#state = byte === 0x7b ? 'name' : 'value'
        return at + 1
      case 0x7d: // }
      case 0x5d: // ]
        if (this.#state !== 'separator' && this.#state !== (byte === 0x7d ? 'name' : 'value')) break
        if (!this.#members.close(byte === 0x7d, this.#bytesBefore + at, this.#state === 'name')) break
        this.#state = this.#members.depth === 0 ? 'after' : 'separator'
        return at + 1
      case 0x2c: // ,
        if (this.#state !== 'separator') break
        this.#state = this.#members.isInObject ? 'name' : 'value'
        return at + 1
      case 0x3a: // :
        if (this.#state !== 'colon') break
        this.#state = 'value'
        return at + 1
      default:
        if (this.#state !== 'value' || !isScalarByte(byte)) break
        this.#state = 'scalar'
        if (this.#members.isWanted()) this.#capture()
        return at
    }
    throw serverFault('a message is not valid JSON')
  }

  #readString(bytes: Uint8Array, at: number): number {
    let from = this.#escaped ? at + 1 : at // there is at least one byte
    this.#escaped = false
    for (;;) {
      const quote = bytes.indexOf(QUOTE, from)
      const stop = quote === -1 ? bytes.length : quote
      let slashes = 0
      while (stop - slashes > from && bytes[stop - slashes - 1] === BACKSLASH) slashes++
      const escapes = slashes % 2 === 1 // a quote behind an odd number of backslashes is part of the string
      if (quote !== -1 && escapes) {
        from = quote + 1
        continue
      }
      this.#keep(bytes.subarray(at, stop))
      if (quote === -1) this.#escaped = escapes
      else this.#endString()
      return quote === -1 ? bytes.length : quote + 1
    }
  }

  #readScalar(bytes: Uint8Array, at: number): number {
    let end = at
    while (end < bytes.length && isScalarByte(bytes[end] as number)) end++
    this.#keep(bytes.subarray(at, end))
    if (end < bytes.length) {
      const text = this.#taken()
      if (text !== undefined) this.#members.record(text)
      this.#state = 'separator'
    }
    return end
  }

  #endString(): void {
    const raw = this.#taken()
    this.#state = this.#isName ? 'colon' : 'separator'
    if (raw === undefined) {
      if (this.#isName) this.#members.enter('')
      return
    }
    const text = parseString(`"${raw}"`)
    if (this.#isName) this.#members.enter(text)
    else this.#members.record(`"${raw}"`)
  }

  #capture(): void {
    this.#captured = []
    this.#capturedBytes = 0
  }

  #keep(bytes: Uint8Array): void {
    if (this.#captured === undefined) return
    this.#capturedBytes += bytes.length
    if (this.#capturedBytes > MOST_CAPTURED) throw serverFault(`a name or id is longer than ${MOST_CAPTURED} bytes`)
    this.#captured.push(bytes.slice())
  }

  #taken(): string | undefined {
    const parts = this.#captured
    this.#captured = undefined
    return parts === undefined ? undefined : utf8Text(parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts))
  }
}

function parseString(text: string): string {
  try {
    return JSON.parse(text) as string
  } catch (cause) {
    throw serverFault('a message is not valid JSON', cause)
  }
}

/** Of numbers, true, false and null; nothing else may stand outside of strings. */
function isScalarByte(byte: number): boolean {
  return SCALAR[byte] === 1
}

const SCALAR = new Uint8Array(256)
for (const byte of Buffer.from('0123456789+-.eEtrufalsn')) SCALAR[byte] = 1
const QUOTE = 0x22
const BACKSLASH = 0x5c
const MOST_CAPTURED = 8192
