/** Server-sent events (HTML standard §9.2) as MCP uses them: each event's data is one message, which may be too long to be held. */
import { utf8Text } from '#core'
import { serverFault } from './limits.ts'
import { type FramingLimits, type Incoming, MessageFramer } from './message-framer.ts'

export type StreamEvent =
  | { readonly kind: 'message'; readonly incoming: Incoming }
  /** Where to go on after a break. */
  | { readonly kind: 'id'; readonly id: string }
  /** How long to wait before that, in milliseconds. */
  | { readonly kind: 'retry'; readonly ms: number }
  /** An event without a message: the end of a comment, or data that is empty, which comes with an id to go on from. */
  | { readonly kind: 'blank'; readonly hasData: boolean }

export class EventStreamFramer {
  readonly #framer: MessageFramer
  /** Of the current line: its beginning, as long as it is not known to be data. */
  #line: Uint8Array[] = []
  #lineBytes = 0
  #inData = false
  #hasData = false
  #afterReturn = false

  constructor(limits: FramingLimits) {
    this.#framer = new MessageFramer(limits)
  }

  *push(chunk: Uint8Array): Generator<StreamEvent, void, undefined> {
    for (let at = 0; at < chunk.length; ) {
      if (this.#afterReturn) {
        this.#afterReturn = false
        if (chunk[at] === NEWLINE) {
          at++
          continue
        }
      }
      const end = endOfLine(chunk, at)
      const piece = chunk.subarray(at, end === -1 ? chunk.length : end)
      at += piece.length + (end === -1 ? 0 : 1)
      this.#afterReturn = end !== -1 && chunk[end] === RETURN
      yield* this.#take(piece, end !== -1)
    }
  }

  *#take(piece: Uint8Array, ends: boolean): Generator<StreamEvent, void, undefined> {
    let rest = piece
    if (!this.#inData) {
      this.#line.push(piece)
      this.#lineBytes += piece.length
      const line = this.#line.length === 1 ? piece : Buffer.concat(this.#line)
      // Six bytes tell whether it is data and whether a space follows the colon, which is not part of it.
      if (startsWithData(line) && (ends || line.length > DATA.length)) {
        if (this.#hasData) yield* message(this.#framer.feed(SPACE_BYTE)) // lines of data are joined by a line end
        this.#inData = true
        this.#hasData = true
        rest = line.subarray(line[DATA.length] === SPACE ? DATA.length + 1 : DATA.length)
        this.#clearLine()
      } else if (ends) {
        this.#clearLine()
        yield* line.length === 0 ? this.#dispatch() : field(line)
        return
      } else {
        if (this.#lineBytes > LONGEST_FIELD) throw serverFault(`a line of an event stream is longer than ${LONGEST_FIELD} bytes`)
        return
      }
    }
    yield* message(this.#framer.feed(rest))
    if (ends) this.#inData = false
  }

  /** An event has begun, and its end has not come. */
  get isWithin(): boolean {
    return this.#framer.within
  }

  /** An event whose end did not come is dropped, as the standard says, unless some of it was passed on already. */
  end(): void {
    if (this.#framer.within) throw serverFault('the event stream ended in the middle of a message')
  }

  *#dispatch(): Generator<StreamEvent, void, undefined> {
    const hasData = this.#hasData
    this.#hasData = false
    const incoming = hasData ? this.#framer.finish(NOTHING) : undefined
    yield incoming === undefined ? { kind: 'blank', hasData } : { kind: 'message', incoming }
  }

  #clearLine(): void {
    this.#line = []
    this.#lineBytes = 0
  }
}

function* message(incoming: Incoming | undefined): Generator<StreamEvent, void, undefined> {
  if (incoming !== undefined) yield { kind: 'message', incoming }
}

function* field(line: Uint8Array): Generator<StreamEvent, void, undefined> {
  const text = utf8Text(line)
  const id = /^id: ?([^\0]*)$/.exec(text)?.[1]
  if (id !== undefined) yield { kind: 'id', id }
  const retry = /^retry: ?(\d{1,9})$/.exec(text)?.[1]
  if (retry !== undefined) yield { kind: 'retry', ms: Number(retry) }
}

function startsWithData(line: Uint8Array): boolean {
  return line.length >= DATA.length && DATA.every((byte, index) => line[index] === byte)
}

function endOfLine(chunk: Uint8Array, from: number): number {
  const newline = chunk.indexOf(NEWLINE, from)
  const before = newline === -1 ? chunk : chunk.subarray(0, newline)
  const carriage = before.indexOf(RETURN, from)
  return carriage === -1 ? newline : carriage
}

const NEWLINE = 0x0a
const RETURN = 0x0d
const SPACE = 0x20
const SPACE_BYTE = Uint8Array.of(SPACE)
const NOTHING = new Uint8Array(0)
const DATA = [...Buffer.from('data:')]
const LONGEST_FIELD = 8192
