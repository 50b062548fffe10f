/** Counts what is being signed with each key version, so that a change of state can wait until it has its outcome in the log. */

export class KeyUses {
  readonly #counts = new Map<string, number>()
  readonly #closed = new Set<string>()
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

  /** No new use begins until the result is disposed of; resolves when none is left. */
  async close(id: string): Promise<Disposable> {
    this.#closed.add(id)
    if ((this.#counts.get(id) ?? 0) > 0) await new Promise<void>((resolve) => this.#waiting.push({ id, resolve }))
    return { [Symbol.dispose]: () => void this.#closed.delete(id) }
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
