/** Tells the operator when the wall clock was set: signatures are dated by it, and keys begin and end by it. */
import type { Clock, Logger } from '#core'

export interface ClockWatch extends Disposable {
  /** Since the start. */
  readonly jumps: number
}

/** Compares the wall clock with one that nobody sets, every second. A machine that slept looks the same as a clock that was set forward. */
export function watchClock(clock: Clock, logger: Logger): ClockWatch {
  let wall = clock.now().getTime()
  let steady = clock.monotonicMs()
  let jumps = 0
  const look = (): void => {
    const now = clock.now().getTime()
    const elapsed = clock.monotonicMs()
    const byMs = Math.round(now - wall - (elapsed - steady))
    wall = now
    steady = elapsed
    if (Math.abs(byMs) < JUMP_MS) return
    jumps += 1
    logger.warn({ byMs, now: new Date(now).toISOString() }, byMs > 0 ? 'the clock was set forward' : 'the clock was set back')
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
/** A clock that is kept by NTP is slewed, or stepped by less than a second. */
const JUMP_MS = 5000
