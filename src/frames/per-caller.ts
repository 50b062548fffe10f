/** How many of something each caller has, so that one caller alone cannot take all that there is. */
import { type Identity, SealstoneError } from '#core'

export class PerCaller {
  readonly #what: string
  readonly #most: number
  readonly #counts = new Map<Identity, number>()

  /** @param what in plural, for the message */
  constructor(what: string, most: number) {
    this.#what = what
    this.#most = most
  }

  /** Throws OVERLOADED, and counts nothing then. Returns what gives it back, once. */
  take(caller: Identity): () => void {
    const count = this.#counts.get(caller) ?? 0
    if (count >= this.#most) throw new SealstoneError('OVERLOADED', `this caller has ${count} ${this.#what} already, at most ${this.#most}`)
    this.#counts.set(caller, count + 1)
    return () => this.#give(caller)
  }

  #give(caller: Identity): void {
    const left = (this.#counts.get(caller) ?? 0) - 1
    if (left > 0) this.#counts.set(caller, left)
    else this.#counts.delete(caller)
  }
}
