/** How many events of a minute are leaves of their own. What is beyond that is counted, so that nobody can flood the log, nor hide one event behind many of another sort. */
import type { Clock } from '#core'

export class EventBudget {
  readonly #clock: Clock
  readonly #told = new Map<string, number>()
  #minuteEnds = Number.NEGATIVE_INFINITY
  #total = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether one more of this sort may be told by itself. */
  take(sort: string): boolean {
    const now = this.#clock.monotonicMs()
    if (now >= this.#minuteEnds) {
      this.#minuteEnds = now + MINUTE_MS
      this.#total = 0
      this.#told.clear()
    }
    const told = this.#told.get(sort) ?? 0
    if (told >= OF_ONE_SORT || this.#total >= OF_ALL) return false
    this.#told.set(sort, told + 1)
    this.#total += 1
    return true
  }
}

const MINUTE_MS = 60_000
const OF_ONE_SORT = 20
const OF_ALL = 60
