/** Tells when the wall clock was set: signatures are dated by it, and keys begin and end by it. */
import type { Clock, Logger } from '#core'

export interface ClockWatch extends Disposable {
  /** Since the start. */
  readonly jumps: number
}

/**
 * Compares the wall clock with one that nobody sets, every second. A machine that slept looks the same as a clock that was set forward.
 * @param onStep by how much it was set, below zero: back
 */
export function watchClock(clock: Clock, logger: Logger, onStep: (byMs: number) => void): ClockWatch {
  let wall = clock.now().getTime()
  let steady = clock.monotonicMs()
  let jumps = 0
  const look = (): void => {
    const now = clock.now().getTime()
    const elapsed = clock.monotonicMs()
    const byMs = Math.round(now - wall - (elapsed - steady))
    wall = now
    steady = elapsed
    if (byMs < FORWARD_MS && byMs > -BACK_MS) return
    jumps += 1
    logger.warn({ byMs, now: new Date(now).toISOString() }, byMs > 0 ? 'the clock was set forward' : 'the clock was set back')
    onStep(byMs)
  }
  const timer = setInterval(look, LOOK_MS).unref()
  return {
    get jumps() {
      return jumps
    },
    [Symbol.dispose]: () => clearInterval(timer),
  }
}

const LOOK_MS = 1000
/** A clock that is kept by NTP is slewed, or stepped by less than a second. A process that was stopped for a while sees no step. */
const FORWARD_MS = 5000
/** Back is what a clock never goes by itself. */
const BACK_MS = 1000
