/** Time that things are put in order by: the log's entries and the changes of keys. It stands still while the wall clock is behind. */
import type { Clock } from './clock.ts'

/**
 * Whether a signature was made before its key was retired or compromised is told by comparing the time of a log entry with that of the
 * change. So both come from one timeline, which goes on from the last of them at each start, whatever happened to the clock meanwhile.
 */
export class Timeline {
  readonly #clock: Clock
  readonly #started: number
  #last = Number.NEGATIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
    this.#started = clock.monotonicMs()
  }

  /** Not before any time that was given. */
  now(): Date {
    this.#last = Math.max(this.#clock.now().getTime(), this.#last)
    return new Date(this.#last)
  }

  /** Later than every time that was given, by a millisecond at least. */
  next(): Date {
    this.#last = Math.max(this.#clock.now().getTime(), this.#last) + 1
    return new Date(this.#last)
  }

  /** From here on: a time that was given by an earlier process. */
  reach(time: Date): void {
    this.#last = Math.max(time.getTime(), this.#last)
  }

  /** Whole milliseconds since this timeline was made, by the clock that nobody sets. */
  get uptimeMs(): number {
    return Math.max(0, Math.floor(this.#clock.monotonicMs() - this.#started))
  }

  /** How far the wall clock is behind; 0 where it is not. */
  get behindMs(): number {
    return Math.max(0, this.#last - this.#clock.now().getTime())
  }
}
