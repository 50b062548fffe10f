/** How many signings may be under way: as many as will be done within a bound of time, and of those a fair share for each caller. */
import { type Clock, SealstoneError } from '#core'
import { ReturnDelay } from './return-delay.ts'

export interface CapacityOptions {
  /** What cannot be done in so long is refused at once. */
  readonly boundMs: number
  readonly clock: Clock
}

export class Capacity {
  readonly #options: CapacityOptions
  readonly #returnDelay: ReturnDelay
  readonly #byCaller = new Map<string, number>()
  #running = 0
  /** Completions per millisecond, as it was lately while there was work. */
  #rate = FIRST_RATE
  #windowStart: number
  #windowDone = 0
  #windowIdle = true

  constructor(options: CapacityOptions) {
    this.#options = options
    // Half of what waits is done then.
    this.#returnDelay = new ReturnDelay(options.clock, Math.max(MIN_RETRY_MS, Math.ceil(options.boundMs / 2)))
    this.#windowStart = options.clock.monotonicMs()
  }

  get running(): number {
    return this.#running
  }

  /** Signings a second. */
  get ratePerSecond(): number {
    return this.#rate * 1000
  }

  /** Throws OVERLOADED with `retryDelayMs` in its details. Dispose of the result when the signing is over, however it ended. */
  enter(caller: string): Disposable {
    const { boundMs, clock } = this.#options
    this.#roll(clock.monotonicMs())
    const most = Math.max(LEAST, this.#rate * boundMs)
    const mine = this.#byCaller.get(caller) ?? 0
    const callers = this.#byCaller.size + (mine === 0 ? 1 : 0)
    // A caller alone may use everything; the more callers there are, the smaller is the part that one can hold against the others.
    const share = Math.max(1, Math.floor(most / callers))
    if (this.#running >= most || (mine >= share && this.#running >= most / 2)) throw this.#refusal(mine, share)
    this.#running += 1
    this.#byCaller.set(caller, mine + 1)
    let left = false
    return {
      [Symbol.dispose]: () => {
        if (left) return
        left = true
        this.#leave(caller)
      },
    }
  }

  #leave(caller: string): void {
    this.#windowDone += 1
    this.#returnDelay.done()
    this.#roll(this.#options.clock.monotonicMs())
    this.#running -= 1
    const mine = (this.#byCaller.get(caller) ?? 1) - 1
    if (mine > 0) this.#byCaller.set(caller, mine)
    else this.#byCaller.delete(caller)
    if (this.#running === 0) this.#windowIdle = true
  }

  /** Only a window in which there was always work says how fast it is done; the last one counts for a third. */
  #roll(now: number): void {
    const elapsed = now - this.#windowStart
    if (elapsed < WINDOW_MS) return
    if (!this.#windowIdle && this.#windowDone > 0) this.#rate += (this.#windowDone / elapsed - this.#rate) / 3
    this.#windowStart = now
    this.#windowDone = 0
    this.#windowIdle = this.#running === 0
  }

  #refusal(mine: number, share: number): SealstoneError {
    const waitMs = Math.ceil(this.#running / this.#rate)
    const whose = mine >= share ? `${mine} of them yours, ${share} is your share` : 'from all callers'
    return new SealstoneError('OVERLOADED', `${this.#running} signings are under way (${whose}) and take ${waitMs} ms`, {
      details: { retryDelayMs: String(this.#returnDelay.refused()) },
    })
  }
}

/** A guess until there is a measurement: 300 a second. */
const FIRST_RATE = 0.3
const WINDOW_MS = 250
/** So many are always let in, however slow the token is. */
const LEAST = 8
const MIN_RETRY_MS = 50
