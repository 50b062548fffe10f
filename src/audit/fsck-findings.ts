/** What a check of the whole log finds, and hands on of each part of it: the first faults in words, all of them by their number. */

export interface Finding {
  /** What is wrong, by name: a member of the log, such as `leaf 17`, `tile 1/0`, `head`. */
  readonly where: string
  /** Of the first leaf that it concerns. */
  readonly index?: bigint
  /**
   * `bytes`: a leaf is not the one that the tree has. `column`: what filters look at does not say what the leaf says. `hash`: a hash in a
   * tile is not that of its leaf. `order`: a leaf stands in another's place, or time goes back. `missing`, `surplus`: a row too few, too
   * many. `index`: SQLite's own structures, such as an index that lacks a row. `root`, `signature`: head or checkpoint do not fit the leaves. `published`: the published copy has something else.
   */
  readonly changed: 'bytes' | 'column' | 'hash' | 'order' | 'missing' | 'surplus' | 'index' | 'root' | 'signature' | 'published'
  readonly detail: string
}

/** What could not be looked at, because cold storage is away or fails: no fault of the log, and no proof that it has none. */
export interface Unread {
  readonly bundles: number
  /** Of the first one, in words. */
  readonly detail: string
}

/** One that a range could not look at. */
export interface UnreadBundle {
  readonly number: number
  readonly detail: string
}

/** What comes of one part of the log, which is then put together with the others. */
export interface CheckedRange {
  readonly start: number
  readonly count: number
  /** Of each leaf, as the tree has it: where a leaf was changed and its tile still fits its root, the hash of what it was. None from a thread that was not asked for them. */
  readonly hashes: Uint8Array
  /** Of each whole tile, what its hashes come to. */
  readonly roots: readonly Uint8Array[]
  readonly firstTime: string
  readonly lastTime: string
  /** Operations whose intent is here and whose outcome is not, with the intent's index. */
  readonly opened: ReadonlyMap<string, number>
  /** Operations whose outcome is here and whose intent is before, a space between them: one text is cheap to hand on. */
  readonly closed: string
  readonly findings: readonly Finding[]
  readonly findingCount: number
  /** In cold storage, if the log says that they were moved at all. */
  readonly unread: readonly UnreadBundle[]
}

export class Findings {
  readonly #kept: Finding[] = []
  #count = 0
  #unread: Unread | undefined

  get count(): number {
    return this.#count
  }

  /** The first ones, in the order of the log. */
  get kept(): readonly Finding[] {
    return this.#kept
  }

  get unread(): Unread | undefined {
    return this.#unread
  }

  add(finding: Finding): void {
    this.#count++
    if (this.#kept.length < MOST_KEPT) this.#kept.push(finding)
  }

  addAll(kept: readonly Finding[], count: number): void {
    for (const finding of kept) this.add(finding)
    this.#count += count - kept.length
  }

  addUnread({ bundles, detail }: Unread): void {
    this.#unread = { bundles: (this.#unread?.bundles ?? 0) + bundles, detail: this.#unread?.detail ?? detail }
  }
}

/** A log that was replaced has a million faults: these tell enough. */
const MOST_KEPT = 100
