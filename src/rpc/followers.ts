/** Streams that wait for what comes: only so many, none for long, and none in the way of a drain. */
import { type Clock, SealstoneError } from '#core'
import type { Following } from '#operations'
import type { Admission } from './admission.ts'
import type { RpcLimits } from './limits.ts'

export class Followers {
  readonly #limits: Pick<RpcLimits, 'followers' | 'followMs'>
  readonly #admission: Pick<Admission, 'closed'>
  readonly #clock: Clock
  #running = 0

  constructor(limits: Pick<RpcLimits, 'followers' | 'followMs'>, admission: Pick<Admission, 'closed'>, clock: Clock) {
    this.#limits = limits
    this.#admission = admission
    this.#clock = clock
  }

  /** Throws OVERLOADED. Disposed when the stream has ended. */
  admit(): Following & Disposable {
    const { followers, followMs } = this.#limits
    if (this.#running >= followers) throw new SealstoneError('OVERLOADED', `${this.#running} callers follow the log already, at most ${followers}`)
    this.#running++
    const endsAt = this.#clock.monotonicMs() + followMs
    return {
      isOver: () => this.#admission.closed || this.#clock.monotonicMs() >= endsAt,
      [Symbol.dispose]: () => void this.#running--,
    }
  }
}
