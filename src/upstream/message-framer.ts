/** Messages out of bytes: short ones come whole, long ones in pieces, so that what is held is bounded. Where one ends is told from outside. */
import { HeadScanner } from './head-scanner.ts'
import { serverFault, type UpstreamLimits } from './limits.ts'
import type { MessageHead } from './message-head.ts'

/** A message, or a piece of a long one: its last piece comes with the complete head, the ones before with what was found so far. */
export interface Incoming {
  readonly head: MessageHead
  /** As they came, on one line and without its end. */
  readonly bytes: Uint8Array
  readonly part: 'whole' | 'first' | 'next' | 'last'
}

export type FramingLimits = Pick<UpstreamLimits, 'heldBytes' | 'streamedBytes' | 'depth'>

/** Throws MCP_SERVER_FAULT at the first byte that breaks a rule; after that it must not be used. */
export class MessageFramer {
  readonly #limits: FramingLimits
  #scanner: HeadScanner
  #held: Uint8Array[] = []
  #heldBytes = 0
  #streamed = 0
  /** Its closing brace has come, and was not given out: until the end was judged nobody may take the pieces for a message. */
  #keepsBrace = false

  constructor(limits: FramingLimits) {
    this.#limits = limits
    this.#scanner = new HeadScanner(limits.depth)
  }

  /** More of a message, which goes on. */
  feed(piece: Uint8Array): Incoming | undefined {
    this.#scanner.push(piece)
    if (this.#streamed > 0 || this.#heldBytes + piece.length > this.#limits.heldBytes) return this.#stream(piece)
    if (piece.length > 0) this.#hold(piece)
    return undefined
  }

  /** The rest of a message. Nothing, where it was blank. */
  finish(piece: Uint8Array): Incoming | undefined {
    this.#scanner.push(piece)
    if (this.#streamed > 0) {
      if (this.#streamed + piece.length > this.#limits.streamedBytes) throw this.#tooLong()
      const head = this.#scanner.end()
      const bytes = this.#keepsBrace ? BRACE : piece
      this.#reset()
      return { head, bytes, part: 'last' }
    }
    if (piece.length > 0) this.#hold(piece)
    if (this.#heldBytes > this.#limits.streamedBytes) throw this.#tooLong()
    const bytes = this.#held.length === 1 ? (this.#held[0] as Uint8Array) : Buffer.concat(this.#held)
    const head = isBlank(bytes) ? undefined : this.#scanner.end()
    this.#reset()
    return head === undefined ? undefined : { head, bytes, part: 'whole' }
  }

  /** Part of a message was taken and its end was not. */
  get within(): boolean {
    return this.#heldBytes > 0 || this.#streamed > 0
  }

  #stream(piece: Uint8Array): Incoming | undefined {
    const first = this.#streamed === 0
    const bytes = first && this.#held.length > 0 ? Buffer.concat([...this.#held, piece]) : piece
    this.#held = []
    this.#heldBytes = 0
    this.#streamed += bytes.length
    if (this.#streamed > this.#limits.streamedBytes) throw this.#tooLong()
    if (this.#keepsBrace) return undefined // only blanks can follow
    this.#keepsBrace = this.#scanner.isComplete
    const given = this.#keepsBrace ? bytes.subarray(0, bytes.lastIndexOf(CLOSING)) : bytes
    return { head: this.#scanner.head, bytes: given, part: first ? 'first' : 'next' }
  }

  #hold(piece: Uint8Array): void {
    this.#held.push(piece)
    this.#heldBytes += piece.length
  }

  #reset(): void {
    this.#scanner = new HeadScanner(this.#limits.depth)
    this.#held = []
    this.#heldBytes = 0
    this.#streamed = 0
    this.#keepsBrace = false
  }

  #tooLong(): Error {
    return serverFault(`a message is longer than ${this.#limits.streamedBytes} bytes`)
  }
}

/** The stdio transport: one message a line. Some readers split lines at carriage returns too; between tokens they become spaces. */
export class LineFramer {
  readonly #framer: MessageFramer

  constructor(limits: FramingLimits) {
    this.#framer = new MessageFramer(limits)
  }

  *push(bytes: Uint8Array): Generator<Incoming, void, undefined> {
    const chunk = bytes.includes(RETURN) ? bytes.map((byte) => (byte === RETURN ? SPACE : byte)) : bytes
    for (let at = 0; at < chunk.length; ) {
      const newline = chunk.indexOf(NEWLINE, at)
      const incoming = newline === -1 ? this.#framer.feed(chunk.subarray(at)) : this.#framer.finish(chunk.subarray(at, newline))
      if (incoming !== undefined) yield incoming
      at = newline === -1 ? chunk.length : newline + 1
    }
  }

  /** The stream ended. Throws where a message was not complete. */
  end(): void {
    if (this.#framer.within) throw serverFault('the stream ended in the middle of a message')
  }
}

/** Whole messages alone, each below the limit: for connections on which we are the only one who asks. */
export function wholeMessages(limits: UpstreamLimits): FramingLimits {
  return { heldBytes: limits.messageBytes, streamedBytes: limits.messageBytes, depth: limits.depth }
}

/** Line ends between the tokens of a message become spaces, so that it fits on one line. There are none inside of strings. */
export function onOneLine(bytes: Uint8Array): Uint8Array {
  if (!bytes.includes(NEWLINE) && !bytes.includes(RETURN)) return bytes
  return bytes.map((byte) => (byte === NEWLINE || byte === RETURN ? SPACE : byte))
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === SPACE || byte === RETURN || byte === TAB)
}

const CLOSING = 0x7d
const BRACE = Uint8Array.of(CLOSING)
const NEWLINE = 0x0a
const RETURN = 0x0d
const SPACE = 0x20
const TAB = 0x09
