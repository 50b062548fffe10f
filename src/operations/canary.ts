/** Tests keys before somebody needs them: all of them at the start as far as the time allows, then one after the other for ever. */
import { toSealstoneError } from '#core'
import type { KeyRecord } from '#keys'
import type { OperationContext } from './context.ts'
import { CALLER, eventOf, recorded } from './recorded.ts'

export class Canary {
  readonly #context: OperationContext
  #next = 0
  #testedAt: number | undefined

  constructor(context: OperationContext) {
    this.#context = context
  }

  /** Seconds since a key was last tested and signed rightly; undefined before the first one, and while no key may sign. */
  get ageSeconds(): number | undefined {
    return this.#testedAt === undefined ? undefined : (this.#context.clock.monotonicMs() - this.#testedAt) / 1000
  }

  /** Every version that may sign, until the time is over; the rest is tested before its first signature. How many were put into quarantine. */
  async testAll(budgetMs: number): Promise<number> {
    const end = this.#context.clock.monotonicMs() + budgetMs
    let faults = 0
    for (const record of this.#candidates()) {
      if (this.#context.clock.monotonicMs() >= end) break
      if (!(await this.#test(record))) faults += 1
    }
    return faults
  }

  /** The next version in turn. */
  async testNext(): Promise<void> {
    const candidates = this.#candidates()
    const record = candidates[this.#next++ % Math.max(1, candidates.length)]
    if (record === undefined) this.#testedAt = undefined
    else await this.#test(record)
  }

  #candidates(): KeyRecord[] {
    return this.#context.keys.list().filter(({ state, quarantine }) => state === 'active' && quarantine === undefined)
  }

  /** A token that does not answer is no fault of the key. */
  async #test(record: KeyRecord): Promise<boolean> {
    try {
      await this.#context.keys.test(record)
      this.#testedAt = this.#context.clock.monotonicMs()
      return true
    } catch (thrown) {
      const error = toSealstoneError(thrown)
      if (!FAULTS_OF_A_KEY.has(error.code)) {
        this.#context.logger.warn({ key: record.name, keyVersion: record.version, error: error.message }, 'a key could not be tested')
        return true
      }
      await quarantine(this.#context, record, `its test failed: ${error.message}`)
      return false
    }
  }
}

/** The version signs nothing more; the log says why. */
export async function quarantine(context: OperationContext, record: KeyRecord, fault: string): Promise<void> {
  context.keys.quarantine(record, fault)
  context.logger.error({ key: record.name, keyVersion: record.version, fault }, 'key put into quarantine')
  const event = { ...eventOf(CALLER, 'keys.quarantine', record), reason: fault.slice(0, MAX_REASON) }
  await recorded(context, event, () => record).catch((error: unknown) => {
    context.logger.error({ key: record.name, error: toSealstoneError(error).message }, 'the quarantine could not be logged')
  })
}

const FAULTS_OF_A_KEY: ReadonlySet<string> = new Set(['TOKEN_KEY_MISMATCH', 'SEALED_SEED_INVALID', 'SIGNATURE_MISMATCH'])
const MAX_REASON = 1024
