/** Large requests are worked on one after another: decoded and signed, one takes a hundred times its size in memory while it runs. */
import { SealstoneError } from '#core'

export class LargeRequests {
  readonly #most: number
  #count = 0
  #last: Promise<void> = Promise.resolve()

  /** @param most how many may run or wait; one more is refused */
  constructor(most: number) {
    this.#most = most
  }

  /** Throws OVERLOADED, and what `signal` is aborted with if that comes before its turn. */
  async run<Answer>(signal: AbortSignal, work: () => Promise<Answer>): Promise<Answer> {
    if (this.#count >= this.#most) throw new SealstoneError('OVERLOADED', `${this.#count} large requests wait already, at most ${this.#most}`)
    this.#count += 1
    const before = this.#last
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#last = promise
    try {
      await before
      signal.throwIfAborted()
      return await work()
    } finally {
      this.#count -= 1
      resolve()
    }
  }
}
