/** Counts by name, for no more names than a report can show: what a hostile caller makes up does not grow memory. */

export interface TallyRow {
  readonly name: readonly string[]
  readonly count: number
  readonly first: string
  readonly last: string
}

export class Tally {
  readonly #most: number
  readonly #rows = new Map<string, { name: readonly string[]; count: number; first: string; last: string }>()
  #others = 0

  constructor(most: number) {
    this.#most = most
  }

  /** @param time RFC 3339; never earlier than the one before */
  add(name: readonly string[], time: string, count = 1): void {
    const id = name.join('\0')
    const row = this.#rows.get(id)
    if (row !== undefined) {
      row.count += count
      row.last = time
    } else if (this.#rows.size < this.#most) this.#rows.set(id, { name, count, first: time, last: time })
    else this.#others += count
  }

  /** Most frequent first. */
  rows(): TallyRow[] {
    return [...this.#rows.values()].sort((left, right) => right.count - left.count)
  }

  /** What was counted under names that there was no room for. */
  get others(): number {
    return this.#others
  }
}

/** The first ones, and how many more there were. */
export class Sample<Item> {
  readonly items: Item[] = []
  readonly #most: number
  #left = 0

  constructor(most: number) {
    this.#most = most
  }

  add(item: Item): void {
    if (this.items.length < this.#most) this.items.push(item)
    else this.#left++
  }

  get leftOut(): number {
    return this.#left
  }
}
