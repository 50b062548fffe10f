/** Models that were verified and are guarded for this host: so many, until they are released or the host goes away. */
import { randomUUID } from 'node:crypto'
import { excerpt, SealstoneError } from '#core'
import type { Change, PreparedModel } from '#launch'
import type { HashingSlots } from './hashing-slots.ts'

export class PreparedModels implements AsyncDisposable {
  readonly #hashing: HashingSlots
  readonly #kept = new Map<string, KeptModel>()
  readonly #making = new Set<Promise<KeptModel>>()
  readonly #ending = new AbortController()

  constructor(hashing: HashingSlots) {
    this.#hashing = hashing
  }

  /**
   * Keeps what is made, unless making it fails or was cancelled. Throws OVERLOADED where as many are kept or made as may be.
   * @param make removes by itself what it made when it throws
   */
  async keep(signal: AbortSignal, name: string, make: (signal: AbortSignal) => Promise<PreparedModel>): Promise<KeptModel> {
    if (this.#kept.size + this.#making.size >= MOST_PREPARED) {
      const hint = 'give one back with release_model; check_prepared_model lists them'
      throw new SealstoneError('OVERLOADED', `${MOST_PREPARED} models are prepared already`, { hint })
    }
    const making = this.#make(AbortSignal.any([signal, this.#ending.signal]), name, make)
    this.#making.add(making)
    try {
      return await making
    } finally {
      this.#making.delete(making)
    }
  }

  /** One, or all of them. Throws INPUT_INVALID for an id that was not given out, or was released. */
  find(id?: string): readonly KeptModel[] {
    if (id === undefined) return [...this.#kept.values()]
    const found = this.#kept.get(id)
    if (found === undefined) throw unknown(id)
    return [found]
  }

  /** What changed since the last look. Throws what HashingSlots throws. */
  look(model: KeptModel, signal: AbortSignal): Promise<readonly Change[]> {
    return this.#hashing.run(AbortSignal.any([signal, this.#ending.signal]), (bounded) => model.look(bounded))
  }

  async release(model: KeptModel): Promise<void> {
    if (!this.#kept.delete(model.id)) throw unknown(model.id)
    await model[Symbol.asyncDispose]()
  }

  /** Waits for what is being made, so that nothing of it stays. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort()
    await Promise.allSettled(this.#making)
    await Promise.allSettled(Array.from(this.#kept.values(), (model) => model[Symbol.asyncDispose]()))
    this.#kept.clear()
  }

  async #make(signal: AbortSignal, name: string, make: (signal: AbortSignal) => Promise<PreparedModel>): Promise<KeptModel> {
    const model = new KeptModel(name, await make(signal))
    // A host that cancelled does not learn the id, and could not release it.
    if (signal.aborted) await model[Symbol.asyncDispose]()
    signal.throwIfAborted()
    this.#kept.set(model.id, model)
    return model
  }
}

/** Looks and the end come one after the other: what is removed while it is looked at would be told as changed. */
export class KeptModel implements AsyncDisposable {
  readonly id = randomUUID()
  /** Real path of the model itself. */
  readonly name: string
  readonly prepared: PreparedModel
  readonly #changes: Change[] = []
  #changesTotal = 0
  #harmed = false
  #released = false
  #turn: Promise<unknown> = Promise.resolve()

  constructor(name: string, prepared: PreparedModel) {
    this.name = name
    this.prepared = prepared
  }

  /** All that was found in any look; once harmed it stays so. */
  get found(): { readonly changes: readonly Change[]; readonly total: number; readonly harmed: boolean } {
    return { changes: this.#changes, total: this.#changesTotal, harmed: this.#harmed }
  }

  /** What was found in this look. Throws INPUT_INVALID for one that was released meanwhile. */
  look(signal?: AbortSignal): Promise<readonly Change[]> {
    return this.#next(async () => {
      if (this.#released) throw unknown(this.id)
      const changes = await this.prepared.findChanges(signal)
      this.#changes.push(...changes.slice(0, MOST_CHANGES - this.#changes.length))
      this.#changesTotal += changes.length
      this.#harmed ||= changes.some(({ harmless }) => !harmless)
      return changes
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#next(async () => {
      this.#released = true
      await this.prepared[Symbol.asyncDispose]()
    })
  }

  #next<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(work)
    this.#turn = result.catch(() => {})
    return result
  }
}

function unknown(id: string): SealstoneError {
  return new SealstoneError('INPUT_INVALID', `no prepared model has the id ${excerpt(id)}, or it was released`, {
    hint: 'call check_prepared_model without an id for those that are there',
  })
}

const MOST_PREPARED = 8
const MOST_CHANGES = 50
