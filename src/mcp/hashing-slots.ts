/** Bounds the hashing that callers cause: so many at a time, so many that wait, and so long for each. */
import { cancelled, SealstoneError } from '#core'

export interface HashingLimits {
  /** At a time; default 2. */
  readonly atATime: number
  /** Those that wait for their turn; one more is refused. Default 8. */
  readonly waiting: number
  /** For one, its wait included; default 600,000. */
  readonly timeoutMs: number
}

export class HashingSlots {
  readonly #limits: HashingLimits
  readonly #queue: (() => void)[] = []
  #running = 0

  constructor(limits: HashingLimits) {
    this.#limits = limits
  }

  /** Throws OVERLOADED, CANCELLED, DEADLINE_EXCEEDED, and what the work throws. */
  async run<Result>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(this.#limits.timeoutMs)])
    await this.#enter(bounded)
    try {
      return await work(bounded)
    } catch (thrown) {
      throw bounded.aborted ? cancelled(bounded) : thrown
    } finally {
      this.#running--
      this.#queue.shift()?.()
    }
  }

  async #enter(signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw cancelled(signal)
    if (this.#running >= this.#limits.atATime) await this.#wait(signal)
    this.#running++
  }

  #wait(signal: AbortSignal): Promise<void> {
    if (this.#queue.length >= this.#limits.waiting) throw new SealstoneError('OVERLOADED', `${this.#queue.length} models wait to be hashed already`)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const abort = (): void => {
      this.#queue.splice(this.#queue.indexOf(resolve), 1)
      reject(cancelled(signal))
    }
    this.#queue.push(resolve)
    signal.addEventListener('abort', abort, { once: true })
    return promise.finally(() => signal.removeEventListener('abort', abort))
  }
}
