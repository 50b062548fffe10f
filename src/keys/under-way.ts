/** Work that has begun and not ended, for those who must wait for it. */

export class UnderWay {
  readonly #work = new Set<Promise<void>>()

  add<Result>(work: Promise<Result>): Promise<Result> {
    const { promise: ended, resolve } = Promise.withResolvers<void>()
    this.#work.add(ended)
    const end = (): void => {
      this.#work.delete(ended)
      resolve()
    }
    work.then(end, end)
    return work
  }

  /** Resolves when everything that is under way now has ended, well or not. */
  async settled(): Promise<void> {
    await Promise.all(this.#work)
  }
}
