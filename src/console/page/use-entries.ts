/** The entries that the list shows: by index while nothing narrows them, by search else; each page is verified as it comes. */
import { useEffect, useMemo, useReducer } from 'preact/hooks'
import { fetchEntries } from './api.ts'
import { type Entry, toEntry } from './entry.ts'
import { type Filter, filterName, isEmpty } from './filter.ts'
import type { EntryJudgement } from './judgement.ts'
import type { Verifier } from './verifier-client.ts'

export interface EntryRows {
  /** Rows that can be scrolled to; newest first. */
  readonly count: number
  row(at: number): Entry | undefined
  /** Called with what is on the screen. */
  show(first: number, last: number): void
  /** A search that has not reached the beginning of the log has looked down to this index. */
  readonly searchedTo?: string
  readonly isSearching: boolean
  readonly error?: string
}

/** @param size of the tree that was checked; @param covered of the part of it that witnesses vouch for; @param epoch changes whenever everything must be judged again */
export function useEntries(verifier: Verifier, filter: Filter, size: bigint | undefined, covered: bigint | undefined, epoch: number): EntryRows {
  const [, redraw] = useReducer((count: number) => count + 1, 0)
  const name = filterName(filter)
  const loader = useMemo(
    () => (isEmpty(filter) ? new IndexLoader(verifier, () => redraw(undefined)) : new SearchLoader(verifier, filter, () => redraw(undefined))),
    [verifier, name, epoch],
  )
  useEffect(() => () => loader.stop(), [loader])
  useEffect(() => {
    if (size !== undefined) loader.grow(size)
  }, [loader, size])
  useEffect(() => void loader.judgeAgain(), [loader, covered])
  return loader
}

abstract class Loader {
  readonly #verifier: Verifier
  readonly #changed: () => void
  readonly #stop = new AbortController()
  error?: string

  constructor(verifier: Verifier, changed: () => void) {
    this.#verifier = verifier
    this.#changed = changed
  }

  get signal(): AbortSignal {
    return this.#stop.signal
  }

  stop(): void {
    this.#stop.abort()
  }

  /** Of what is shown, that which waited for witnesses. */
  abstract judgeAgain(): Promise<void>

  protected async judgedAgain(entries: readonly Entry[]): Promise<Entry[]> {
    const judgements = await this.judge(entries.filter(isWaiting))
    return entries.map((entry) => withJudgement(entry, judgements.get(entry.index)))
  }

  protected changed(): void {
    if (!this.signal.aborted) this.#changed()
  }

  protected async judge(entries: readonly Entry[]): Promise<Map<string, EntryJudgement>> {
    const judged = await this.#verifier
      .ask('check', { entries: entries.map(({ index, bytes }) => ({ index, bytes })) })
      .catch((error: unknown) => entries.map(({ index }): EntryJudgement => ({ index, state: 'unknown', reason: String(error) })))
    return new Map(judged.map((one) => [one.index, one]))
  }

  protected failed(error: unknown): void {
    if (this.signal.aborted) return
    this.error = error instanceof Error ? error.message : String(error)
    this.changed()
  }
}

/** Row 0 is the newest entry of the tree; pages are runs of indexes, so that a growing log moves none of them. */
class IndexLoader extends Loader implements EntryRows {
  readonly isSearching = false
  #size = 0n
  readonly #pages = new Map<bigint, Entry[] | 'loading'>()

  get count(): number {
    return Number(this.#size)
  }

  grow(size: bigint): void {
    const before = this.#size
    this.#size = size
    if (size === before) return
    // The page at the right edge has more entries now; a log that is shorter than was said begins anew.
    if (size < before) this.#pages.clear()
    else if (before > 0n) this.#pages.delete(before / PAGE)
    this.changed()
  }

  row(at: number): Entry | undefined {
    const index = this.#size - 1n - BigInt(at)
    const page = this.#pages.get(index / PAGE)
    return Array.isArray(page) ? page[Number(index % PAGE)] : undefined
  }

  show(first: number, last: number): void {
    if (this.#size === 0n) return
    const top = (this.#size - 1n - BigInt(first)) / PAGE
    const bottom = (this.#size - 1n - BigInt(Math.min(last, this.count - 1))) / PAGE
    for (let page = top; page >= bottom && page >= 0n; page--)
      if (!this.#pages.has(page)) this.#load(page).catch((error: unknown) => this.failed(error))
  }

  async judgeAgain(): Promise<void> {
    for (const [page, rows] of this.#pages) {
      if (!Array.isArray(rows) || !rows.some(isWaiting)) continue
      const judged = await this.judgedAgain(rows)
      if (this.#pages.get(page) === rows) this.#pages.set(page, judged)
    }
    this.changed()
  }

  async #load(page: bigint): Promise<void> {
    this.#pages.set(page, 'loading')
    if (this.#pages.size > MOST_PAGES) {
      const [oldest] = this.#pages.keys()
      if (oldest !== undefined) this.#pages.delete(oldest)
    }
    try {
      const end = (page + 1n) * PAGE < this.#size ? (page + 1n) * PAGE : this.#size
      const { entries } = await fetchEntries({ before: end, limit: Number(end - page * PAGE) }, this.signal)
      const rows = entries.map(toEntry).reverse()
      this.#pages.set(page, rows)
      this.changed()
      const judgements = await this.judge(rows)
      this.#pages.set(
        page,
        rows.map((row) => withJudgement(row, judgements.get(row.index))),
      )
      this.changed()
    } catch (error) {
      this.#pages.delete(page)
      throw error
    }
  }
}

/** Rows are found from the newest down; the server says how far it has looked. */
class SearchLoader extends Loader implements EntryRows {
  readonly #filter: Filter
  #rows: Entry[] = []
  #next: bigint | undefined
  #wanted = PAGE_ROWS
  #size: bigint | undefined
  isSearching = false
  searchedTo?: string

  constructor(verifier: Verifier, filter: Filter, changed: () => void) {
    super(verifier, changed)
    this.#filter = filter
  }

  get count(): number {
    return this.#rows.length
  }

  row(at: number): Entry | undefined {
    return this.#rows[at]
  }

  show(_first: number, last: number): void {
    if (last + PAGE_ROWS / 2 < this.#rows.length) return
    this.#wanted = Math.max(this.#wanted, last + PAGE_ROWS)
    this.#search()
  }

  grow(size: bigint): void {
    const before = this.#size
    this.#size = size
    if (before === undefined) {
      this.#next = size
      this.#search()
    } else if (size > before) {
      this.#newer(before).catch((error: unknown) => this.failed(error))
    }
  }

  async judgeAgain(): Promise<void> {
    const rows = this.#rows
    if (!rows.some(isWaiting)) return
    const judged = new Map((await this.judgedAgain(rows)).map((entry) => [entry.index, entry]))
    this.#rows = this.#rows.map((entry) => judged.get(entry.index) ?? entry)
    this.changed()
  }

  #search(): void {
    if (this.isSearching || this.#next === undefined || this.#rows.length >= this.#wanted) return
    this.isSearching = true
    this.#run()
      .catch((error: unknown) => this.failed(error))
      .finally(() => {
        this.isSearching = false
        this.changed()
      })
  }

  async #run(): Promise<void> {
    while (this.#next !== undefined && this.#rows.length < this.#wanted && !this.signal.aborted) {
      const { entries, next } = await fetchEntries({ filter: this.#filter, before: this.#next, limit: PAGE_ROWS }, this.signal)
      this.#next = next === undefined ? undefined : BigInt(next)
      if (next === undefined) delete this.searchedTo
      else this.searchedTo = next
      const rows = entries.map(toEntry)
      const judgements = await this.judge(rows)
      this.#rows = [...this.#rows, ...rows.map((row) => withJudgement(row, judgements.get(row.index)))]
      this.changed()
    }
  }

  /** What came since; more than a page of it at once is rare, and is found by the next search. */
  async #newer(since: bigint): Promise<void> {
    const { entries } = await fetchEntries(
      { filter: this.#filter, ...(this.#size === undefined ? {} : { before: this.#size }), limit: PAGE_ROWS },
      this.signal,
    )
    const rows = entries.map(toEntry).filter(({ index }) => BigInt(index) >= since)
    const judgements = await this.judge(rows)
    this.#rows = [...rows.map((row) => withJudgement(row, judgements.get(row.index))), ...this.#rows]
    this.changed()
  }
}

function isWaiting({ judgement }: Entry): boolean {
  return judgement?.state === 'no-quorum'
}

function withJudgement(entry: Entry, judgement: EntryJudgement | undefined): Entry {
  return judgement === undefined ? entry : { ...entry, judgement }
}

const PAGE = 128n
const PAGE_ROWS = 100
/** What is far from the screen is forgotten and fetched again. */
const MOST_PAGES = 64
