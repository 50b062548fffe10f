/** Outcomes that could not be written when they came: kept, and written as soon as the log takes entries again. */
import { LIMITS, type Logger, toSealstoneError } from '#core'
import type { NewLeaf } from '#tlog'

/**
 * Whoever appended one in vain has heard of it; here it waits, so that no intent stays open in a daemon that goes on. A crash before it is
 * written leaves the intent to the next start, which closes it as `unknown`; so does one that finds no room here.
 */
export class LateOutcomes {
  readonly #append: (leaf: NewLeaf) => Promise<unknown>
  readonly #logger: Logger
  readonly #waiting: NewLeaf[] = []
  #isWriting = false

  constructor(append: (leaf: NewLeaf) => Promise<unknown>, logger: Logger) {
    this.#append = append
    this.#logger = logger
  }

  /** Called with what could not be written; only outcomes are kept. */
  keep(leaf: NewLeaf): void {
    if (leaf.kind === 'outcome' && this.#waiting.length < LIMITS.queuedLeaves) this.#waiting.push(leaf)
  }

  /** Called when something was written: then these can be too. Never throws. */
  write(): void {
    if (!this.#isWriting && this.#waiting.length > 0) void this.#writeAll()
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true
    try {
      const count = this.#waiting.length
      for (let leaf = this.#waiting[0]; leaf !== undefined; leaf = this.#waiting[0]) {
        await this.#append(leaf)
        this.#waiting.shift()
      }
      this.#logger.info({ count }, 'outcomes that could not be written before are in the audit log now')
    } catch (error) {
      this.#logger.warn({ waiting: this.#waiting.length, error: toSealstoneError(error).message }, 'outcomes wait for the audit log')
    } finally {
      this.#isWriting = false
    }
  }
}
