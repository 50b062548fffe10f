/** Reads a log beside the daemon that writes it, for a thread of its own. Verifies nothing. */
import type { Database } from '#db'
import type { FoundEntries, LogSearch, TileSource } from '#tlog'
import { databaseTiles } from './database-tiles.ts'
import { findPage } from './entries.ts'
import { LogStore } from './store.ts'

export class LogReader {
  readonly tiles: TileSource
  readonly #db: Database
  readonly #store: LogStore

  /** @param cold directory of the leaves that were moved out of the database */
  constructor(db: Database, cold?: string) {
    this.tiles = databaseTiles(db, cold)
    this.#db = db
    this.#store = new LogStore(db, cold)
  }

  /** Newest first. Ends after `budgetMs` with what it has, so that no reader waits long for another one. */
  search({ before, limit, ...filter }: LogSearch, budgetMs: number): FoundEntries {
    const size = this.#store.readHead()?.size ?? 0n
    const entries: { index: bigint; leaf: Uint8Array }[] = []
    const end = performance.now() + budgetMs
    let from = (before === undefined || before > size ? size : before) - 1n
    while (from >= 0n && entries.length < limit) {
      const page = findPage(this.#db, this.#store, size, { ...filter, from, reverse: true, limit: limit - entries.length })
      entries.push(...page.entries.map(({ index, bytes }) => ({ index, leaf: bytes })))
      if (page.next === undefined) return { entries }
      from = page.next
      if (performance.now() >= end) break
    }
    return from < 0n ? { entries } : { entries, next: from + 1n }
  }
}
