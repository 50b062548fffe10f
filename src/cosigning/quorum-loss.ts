/** How long a checkpoint has been waiting for its quorum, and the word to the operator when that is too long, and when it is over. */
import type { Clock, Logger } from '#core'

export interface QuorumLossOptions {
  readonly quorum: number
  readonly witnesses: readonly unknown[]
  readonly clock: Clock
  readonly logger: Logger
}

export class QuorumLoss {
  readonly #options: QuorumLossOptions
  /** Of the monotonic clock: when the oldest checkpoint was found that has no quorum yet. */
  #lacksSince: number | undefined
  #isLost = false

  constructor(options: QuorumLossOptions) {
    this.#options = options
  }

  /** 0 while none waits. */
  lagMs(): number {
    return this.#lacksSince === undefined ? 0 : this.#options.clock.monotonicMs() - this.#lacksSince
  }

  /** @param isLacking whether the newest checkpoint has no quorum @param cosigned leaves that the newest one with a quorum covers */
  note(isLacking: boolean, cosigned: bigint): void {
    if (!isLacking) this.#lacksSince = undefined
    else this.#lacksSince ??= this.#options.clock.monotonicMs()
    this.#tell(cosigned)
  }

  /** What lacked a quorum before this time has it. */
  lacksOnlySince(time: number): void {
    this.#lacksSince = time
  }

  #tell(cosigned: bigint): void {
    const { logger, quorum, witnesses } = this.#options
    const lagMs = this.lagMs()
    const fields = { quorum, witnesses: witnesses.length, cosigned: String(cosigned) }
    if (!this.#isLost && lagMs > LOST_MS) {
      this.#isLost = true
      logger.error({ ...fields, seconds: Math.round(lagMs / 1000) }, 'the quorum of witnesses is lost: what is signed is cosigned by too few')
    } else if (this.#isLost && lagMs < LOST_MS) {
      this.#isLost = false
      logger.info(fields, 'the quorum of witnesses is back')
    }
  }
}

/** A quorum that is missing for so long is told as lost. */
const LOST_MS = 60_000
