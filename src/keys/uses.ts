/** Counts what is being signed with each key version, so that a change of state can wait until it has its outcome in the log. */

export class KeyUses {
  readonly #counts = new Map<string, number>()
  /** Of each version that is being changed: when the last of the changes that wait for it is over. */
  readonly #closed = new Map<string, Promise<void>>()
  #waiting: { readonly id: string; readonly resolve: () => void }[] = []

  /** The version is being taken out of use. */
  isClosed(id: string): boolean {
    return this.#closed.has(id)
  }

  begin(id: string): Disposable {
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1)
    let ended = false
    return {
      [Symbol.dispose]: () => {
        if (ended) return
        ended = true
        this.#end(id)
      },
    }
  }

  /** No new use begins until the result is disposed of; resolves when none is left and whoever closed it before has opened it again. */
  async close(id: string): Promise<Disposable> {
    const before = this.#closed.get(id)
    const { promise: over, resolve } = Promise.withResolvers<void>()
    this.#closed.set(id, over)
    await before
    if ((this.#counts.get(id) ?? 0) > 0) await new Promise<void>((left) => this.#waiting.push({ id, resolve: left }))
    return {
      [Symbol.dispose]: () => {
        if (this.#closed.get(id) === over) this.#closed.delete(id)
        resolve()
      },
    }
  }

  #end(id: string): void {
    const left = (this.#counts.get(id) ?? 1) - 1
    if (left > 0) {
      this.#counts.set(id, left)
      return
    }
    this.#counts.delete(id)
    const done = this.#waiting.filter((waiter) => waiter.id === id)
    this.#waiting = this.#waiting.filter((waiter) => waiter.id !== id)
    for (const { resolve } of done) resolve()
  }
}
