/** Time as a dependency, so that tests can hold it. */

export interface Clock {
  /** Wall-clock time. */
  now(): Date
  /** Milliseconds that never go backwards, from an arbitrary start. */
  monotonicMs(): number
}

export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
}
