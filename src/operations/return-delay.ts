/** When whoever is refused for lack of room is told to come again: so that about as many come again in a time as are let in meanwhile. */
import type { Clock } from '#core'

/**
 * A fixed delay would have a thousand callers who wait outside ask more often than they can be let in, and each refusal takes the time of a good part
 * of a signing. Over one delay each of them comes once, so the refusals of such a time are how many wait.
 */
export class ReturnDelay {
  readonly #clock: Clock
  readonly #leastMs: number
  #ms: number
  #windowStart: number
  #refused = 0
  #done = 0

  /** @param leastMs while fewer are refused than let in */
  constructor(clock: Clock, leastMs: number) {
    this.#clock = clock
    this.#leastMs = leastMs
    this.#ms = leastMs
    this.#windowStart = clock.monotonicMs()
  }

  /** Counts one, and says what to tell it: whole milliseconds, the same number for as long as a delay takes. */
  refused(): number {
    this.#roll(this.#clock.monotonicMs())
    this.#refused += 1
    return this.#ms
  }

  /** One that was let in has left. */
  done(): void {
    this.#done += 1
  }

  #roll(now: number): void {
    const elapsed = now - this.#windowStart
    if (elapsed < this.#ms) return
    // Nobody who was refused came again when told to: those who waited have gone. Else as long as it takes to do what they ask for; nothing done says
    // only that it is longer than was thought.
    const needed =
      this.#refused === 0 || elapsed > 2 * MOST_MS ? this.#leastMs : this.#done === 0 ? 2 * this.#ms : (this.#refused * elapsed) / this.#done
    this.#ms = Math.round(Math.min(MOST_MS, Math.max(this.#leastMs, needed)))
    this.#windowStart = now
    this.#refused = 0
    this.#done = 0
  }
}

/** Whoever is told more than this may as well be told that the daemon is away. */
const MOST_MS = 5000
