/** A long answer that comes in pieces, on its way to one of several open requests: its id, which says to which, may come last. */
import { type Incoming, type MessageHead, serverFault } from '#upstream'
import type { HostReply } from './host-reply.ts'
import type { HostOutput } from './line-writer.ts'

export interface AnswerTarget {
  readonly id: string
  readonly reply: HostReply
}

export interface AnswerStreams extends Pick<HostOutput, 'write'> {
  /** Whose an answer must be; undefined as long as that is not known, or where it cannot go out as it is. @param id missing if it did not come yet */
  targetOf(id: string | undefined): AnswerTarget | undefined
  /** The answer with this id went out in pieces. */
  passed(id: string): void
}

/** What one server says to hosts whose requests wait in several places, so that nobody waits for the end of a long answer to another. */
export class AnswerSource implements ReturnType<HostOutput['source']> {
  readonly isWaitedFor = false
  readonly #streams: AnswerStreams
  #target: AnswerTarget | undefined
  #held: Uint8Array[] = []
  #heldBytes = 0

  constructor(streams: AnswerStreams) {
    this.#streams = streams
  }

  write(message: Uint8Array, head?: MessageHead): Promise<void> | undefined {
    return this.#streams.write(message, head)
  }

  /** Throws MCP_SERVER_FAULT where it gets too long before it is known whose it is. */
  async part({ head, bytes, part }: Incoming): Promise<void> {
    if (part === 'last') return await this.#finish(head, bytes)
    if (this.#target !== undefined) return await this.#target.reply.part(bytes)
    this.#held.push(bytes)
    this.#heldBytes += bytes.length
    this.#target = this.#streams.targetOf(head.id)
    if (this.#target === undefined) {
      if (this.#heldBytes <= MOST_HELD_BYTES) return
      throw serverFault(`an answer is longer than ${MOST_HELD_BYTES} bytes, its id comes last, and several requests are open`)
    }
    for (const held of this.#held.splice(0)) await this.#target.reply.part(held)
    this.#heldBytes = 0
  }

  abandon(): void {
    this.#target?.reply.end()
    this.#target = undefined
    this.#held = []
    this.#heldBytes = 0
  }

  async #finish(head: MessageHead, bytes: Uint8Array): Promise<void> {
    const target = this.#target
    const held = this.#held
    this.#target = undefined
    this.abandon()
    if (target === undefined) return await this.#streams.write(Buffer.concat([...held, bytes]), head)
    if (target.id === head.id) target.reply.finish(bytes)
    else {
      // Nobody else was asked when it began, so the server made it up; who was asked since gets no answer either.
      target.reply.end()
      this.#streams.targetOf(head.id)?.reply.end()
      this.#streams.passed(target.id)
    }
    this.#streams.passed(head.id ?? '')
  }
}

const MOST_HELD_BYTES = 32 * 1024 * 1024
