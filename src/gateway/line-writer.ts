/** The host's end of a stdio connection: messages go out whole, one after the other, as fast as the host takes them. */
import { once } from 'node:events'
import type { Writable } from 'node:stream'

/** Where a session writes what its host is to get. */
export type HostEnd = Pick<LineWriter, 'write' | 'writePart' | 'finish' | 'abandon'>

export class LineWriter {
  readonly #stream: Writable
  /** Held while a long message goes out in pieces. */
  #turn: Promise<void> = Promise.resolve()
  #held: PromiseWithResolvers<void> | undefined
  #broken = false

  constructor(stream: Writable) {
    this.#stream = stream
    stream.on('error', () => {
      this.#broken = true // nobody reads any more: the end of standard input follows
    })
  }

  /** A whole message. Resolves once the host's pipe has room for more. */
  write(message: Uint8Array): Promise<void> | undefined {
    return this.#held === undefined ? this.#line(message) : this.#turn.then(async () => await this.#line(message))
  }

  /** The first pieces of a message; `finish` or `abandon` must follow. */
  async writePart(bytes: Uint8Array): Promise<void> {
    if (this.#held === undefined) {
      this.#held = Promise.withResolvers()
      this.#turn = this.#held.promise
    }
    await this.#put(bytes, false)
  }

  async finish(bytes: Uint8Array): Promise<void> {
    await this.#put(bytes, true)
    this.#release()
  }

  /** Ends the line in the middle of the message, so that no reader takes it for one. */
  abandon(): void {
    if (this.#held === undefined) return
    void this.#put(NOTHING, true)
    this.#release()
  }

  #release(): void {
    this.#held?.resolve()
    this.#held = undefined
  }

  #line(message: Uint8Array): Promise<void> | undefined {
    return this.#put(message, true)
  }

  #put(bytes: Uint8Array, ends: boolean): Promise<void> | undefined {
    if (this.#broken || this.#stream.destroyed) return undefined
    this.#stream.cork()
    let more = this.#stream.write(bytes)
    if (ends) more = this.#stream.write(NEWLINE)
    this.#stream.uncork()
    return more ? undefined : drained(this.#stream)
  }
}

async function drained(stream: Writable): Promise<void> {
  const waiting = new AbortController()
  const { signal } = waiting
  // A host that goes away drains nothing.
  await Promise.race([once(stream, 'drain', { signal }), once(stream, 'close', { signal })]).catch(() => {})
  waiting.abort()
}

const NOTHING = new Uint8Array(0)
const NEWLINE = Uint8Array.of(0x0a)
