/** Counts by the minute, and of what is longer ago by the hour: so much memory at most, whatever times the entries of a log have. */

export interface Counts {
  signed: number
  failed: number
  refused: number
}

export class CountedTimes {
  #minutes = new Map<number, Counts>()
  /** What was before `#boundary`, by the first minute of each `#unit`. */
  #older = new Map<number, Counts>()
  #boundary = Number.NEGATIVE_INFINITY
  #unit = 60

  /** @param minute since 1970 */
  add(minute: number, counts: Counts): void {
    if (minute < this.#boundary) {
      addTo(this.#older, this.#unitOf(minute), counts)
      this.#coarsen()
      return
    }
    addTo(this.#minutes, minute, counts)
    if (this.#minutes.size > MOST) this.#moveOlder()
  }

  /** Each by the minute that it begins with. */
  *entries(): Generator<readonly [minute: number, counts: Counts]> {
    yield* this.#older
    yield* this.#minutes
  }

  /** How many minutes are counted as one, from this minute on. */
  unitAt(minute: number): number {
    return minute < this.#boundary ? this.#unit : 1
  }

  #moveOlder(): void {
    const sorted = [...this.#minutes].sort(([left], [right]) => left - right)
    const kept = sorted.splice(MOST / 2)
    this.#minutes = new Map(kept)
    this.#boundary = kept[0]?.[0] ?? this.#boundary
    for (const [minute, counts] of sorted) addTo(this.#older, this.#unitOf(minute), counts)
    this.#coarsen()
  }

  #coarsen(): void {
    while (this.#older.size > MOST) {
      const finer = this.#older
      this.#unit *= 2
      this.#older = new Map()
      for (const [minute, counts] of finer) addTo(this.#older, this.#unitOf(minute), counts)
    }
  }

  #unitOf(minute: number): number {
    return Math.floor(minute / this.#unit) * this.#unit
  }
}

function addTo(all: Map<number, Counts>, at: number, { signed, failed, refused }: Counts): void {
  const counts = all.get(at)
  if (counts === undefined) {
    all.set(at, { signed, failed, refused })
    return
  }
  counts.signed += signed
  counts.failed += failed
  counts.refused += refused
}

/** Of each: three weeks with something in every minute, and nearly four years with something in every hour. */
const MOST = 32_768
