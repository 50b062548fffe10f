/** Bounds the bytes that are held of messages that are not whole yet, over all calls together: each call alone may hold little, many may not. */
import { SealstoneError } from '#core'

export class ByteBudget {
  readonly #most: number
  #held = 0

  constructor(most: number) {
    this.#most = most
  }

  /** Before the bytes are kept. Throws OVERLOADED, and takes nothing then. */
  take(bytes: number): void {
    if (this.#held + bytes > this.#most)
      throw new SealstoneError('OVERLOADED', `${this.#held} bytes of unfinished messages are held already, at most ${this.#most}`)
    this.#held += bytes
  }

  give(bytes: number): void {
    this.#held -= bytes
  }
}
