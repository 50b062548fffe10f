/** Answers that come in pieces: held while somebody here may have to read them, and passed on, one piece after the other, where they are a call's. */
import { type Incoming, type MessageHead, serverFault } from '#upstream'

export interface LongAnswerTaker {
  /** It is an answer that nobody here reads. */
  isCalls(head: MessageHead): boolean
  /** Its id has not come, and it may turn out to be one. */
  mayBeCalls(head: MessageHead): boolean
  /** Bytes that are held in any case, so that what is shorter goes out at once. */
  readonly leastHeld: number
  /** Longer than anything that is read here. */
  readonly mostHeld: number
  whole(head: MessageHead, bytes: Uint8Array): void | Promise<void>
  /** The first piece, all that was held before; the last one is of an answer for which `isCalls` holds. */
  pass(incoming: Incoming): void | Promise<void>
}

export class LongAnswers {
  readonly #taker: LongAnswerTaker
  #long: { passes: boolean; parts: Uint8Array[]; bytes: number } | undefined

  constructor(taker: LongAnswerTaker) {
    this.#taker = taker
  }

  /** Some of an answer has come, and its end has not. */
  get isWithin(): boolean {
    return this.#long !== undefined
  }

  /** Throws MCP_SERVER_FAULT; what was passed on of the answer must be abandoned then. */
  async take({ head, bytes, part }: Incoming): Promise<void> {
    const long = (this.#long ??= { passes: false, parts: [], bytes: 0 })
    if (part === 'last') {
      this.#long = undefined
      if (!long.passes) return await this.#taker.whole(head, Buffer.concat([...long.parts, bytes]))
      // The id may come last: until the end of the line is written, the host has no message.
      if (!this.#taker.isCalls(head)) throw serverFault('a long answer was not to a call of the host')
      return await this.#taker.pass({ head, bytes, part })
    }
    if (long.passes) return await this.#taker.pass({ head, bytes, part: 'next' })
    long.parts.push(bytes)
    long.bytes += bytes.length
    long.passes = this.#mustPass(head, long.bytes)
    if (long.passes) await this.#taker.pass({ head, bytes: Buffer.concat(long.parts.splice(0)), part: 'first' })
  }

  /** The rest of it will not come. */
  drop(): void {
    this.#long = undefined
  }

  #mustPass(head: MessageHead, bytes: number): boolean {
    const { leastHeld, mostHeld } = this.#taker
    if (bytes <= leastHeld) return false
    if (this.#taker.isCalls(head)) return true
    if (bytes <= mostHeld) return false
    // No answer that is read here is so long, so it must be one to a call; its id is judged at its end.
    if (this.#taker.mayBeCalls(head)) return true
    throw serverFault(`a message that must be held is longer than ${mostHeld} bytes`)
  }
}
