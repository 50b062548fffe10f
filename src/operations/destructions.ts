/** Tells which destructions are due: by the wall clock, and by one that nobody can set. A mistake with the clock must not destroy a key. */
import type { Clock, Logger } from '#core'
import type { KeyRecord } from '#keys'

interface Wait {
  readonly destroyAt: number
  /** By the clock that nobody sets. */
  readonly endsAt: number
  told: boolean
}

/** Knows only what it saw in this process: after a restart the wall clock is believed again. */
export class Destructions {
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #waits = new Map<string, Wait>()

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock
    this.#logger = logger
  }

  /** Looked at the first time, a wait counts from then on. */
  isDue({ name, version, state, destroyAt }: KeyRecord): boolean {
    const id = `${name} version ${version}`
    if (destroyAt === undefined || state === 'destroyed') {
      this.#waits.delete(id)
      return false
    }
    const wait = this.#look(id, destroyAt.getTime())
    if (this.#clock.now() < destroyAt) return false
    const leftMs = wait.endsAt - this.#clock.monotonicMs()
    if (leftMs <= TOLERANCE_MS) return true
    if (!wait.told)
      this.#logger.warn(
        { key: name, version, destroyAt: destroyAt.toISOString(), leftHours: Math.ceil(leftMs / HOUR_MS) },
        'a destruction is held: the clock was set forward; it takes place when its time has really passed, or after a restart with the right time',
      )
    wait.told = true
    return false
  }

  #look(id: string, destroyAt: number): Wait {
    const known = this.#waits.get(id)
    if (known?.destroyAt === destroyAt) return known
    const wait = { destroyAt, endsAt: this.#clock.monotonicMs() + destroyAt - this.#clock.now().getTime(), told: false }
    this.#waits.set(id, wait)
    return wait
  }
}

/** A clock that NTP slews runs as much ahead of the other in a few days. */
const TOLERANCE_MS = 300_000
const HOUR_MS = 3_600_000
