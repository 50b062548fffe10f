/** What happened when, in numbers: counted once from the log's end back, a step at a time, and kept by the minute. */
import type { Database } from '#db'
import type { Activity, ActivitySpan } from '#tlog'
import { IS_BOUNDED } from './bounded.ts'
import { LogStore } from './store.ts'

export class ActivityCounter {
  readonly #db: Database
  readonly #minutes = new Map<number, Counts>()
  // Counted: the entries from #low up to, not including, #high.
  #low = 0
  #high = 0
  #isStarted = false

  readonly #store: LogStore

  /** @param cold directory of the leaves that were moved out of the database */
  constructor(db: Database, cold?: string) {
    this.#db = db
    this.#store = new LogStore(db, cold)
  }

  /** Counts on for some milliseconds; true while there is more to count. */
  step(budgetMs: number): boolean {
    const size = Number(this.#db.prepare('SELECT size FROM audit_head WHERE only = 1').get()?.['size'] ?? 0)
    if (!this.#isStarted) {
      this.#isStarted = true
      this.#low = this.#high = size
    }
    const end = performance.now() + budgetMs
    while (this.#high < size && performance.now() < end) {
      const next = Math.min(size, this.#high + STEP)
      this.#count(this.#high, next)
      this.#high = next
    }
    while (this.#low > 0 && performance.now() < end) {
      const next = Math.max(0, this.#low - STEP)
      this.#count(next, this.#low)
      this.#low = next
    }
    return this.#low > 0 || this.#high < size
  }

  /** Of what is counted by now. A bucket is a minute at least, so a short span begins earlier. */
  read({ since, until, buckets }: ActivitySpan): Activity {
    const began = since ?? this.#timeAt(0) ?? Date.now()
    const last = Math.max(until ?? this.#timeAt(this.#high - 1) ?? began, began + 1)
    const first = Math.min(began, last - (buckets - 1) * MINUTE_MS)
    // Whole minutes, so that each one is in one bucket.
    const bucketMs = Math.ceil(Math.ceil((last - first + 1) / buckets) / MINUTE_MS) * MINUTE_MS
    const start = Math.floor(first / bucketMs) * bucketMs
    const count = Math.min(buckets + 1, Math.floor((last - start) / bucketMs) + 1)
    const [signed, failed, refused] = [empty(count), empty(count), empty(count)]
    for (const [minute, counts] of this.#minutes) {
      const at = Math.floor((minute * MINUTE_MS - start) / bucketMs)
      if (at < 0 || at >= count) continue
      signed[at] = (signed[at] ?? 0) + counts.signed
      failed[at] = (failed[at] ?? 0) + counts.failed
      refused[at] = (refused[at] ?? 0) + counts.refused
    }
    const countedSince = this.#low > 0 ? this.#timeAt(this.#low) : undefined
    return { start, bucketMs, signed, failed, refused, ...(countedSince === undefined ? {} : { countedSince }) }
  }

  #count(from: number, to: number): void {
    for (const row of this.#db.prepare(COUNT).all(from, to)) {
      const minute = row['minute'] as number
      const counts = this.#minutes.get(minute) ?? { signed: 0, failed: 0, refused: 0 }
      counts.signed += row['signed'] as number
      counts.failed += row['failed'] as number
      counts.refused += row['refused'] as number
      this.#minutes.set(minute, counts)
    }
    for (const row of this.#db.prepare(ARCHIVED).all(from, to)) {
      const counts = this.#minutes.get(row['minute'] as number)
      if (counts !== undefined && this.#isSigned(row['idx'] as number)) counts.signed++
    }
  }

  /** What cannot be read is not counted: whoever asks for that entry is told. */
  #isSigned(index: number): boolean {
    try {
      return Buffer.from(this.#store.readLeaf(BigInt(index)) ?? '').includes('"signatures":[')
    } catch {
      return false
    }
  }

  #timeAt(index: number): number | undefined {
    return this.#db.prepare('SELECT time FROM audit_leaf WHERE idx = ?').get(index)?.['time'] as number | undefined
  }
}

interface Counts {
  signed: number
  failed: number
  refused: number
}

function empty(length: number): number[] {
  return Array.from({ length }, () => 0)
}

const STEP = 4096
const MINUTE_MS = 60_000
const ARCHIVED = `
  SELECT idx, time / 60000 AS minute FROM audit_leaf WHERE idx >= ? AND idx < ? AND kind = 'outcome' AND result = 'ok' AND octet_length(bytes) = 0`
const COUNT = `
  SELECT time / 60000 AS minute,
    sum(kind = 'outcome' AND result = 'ok' AND instr(bytes, CAST('"signatures":[' AS BLOB)) > 0) AS signed,
    sum(kind = 'outcome' AND result <> 'ok') AS failed,
    sum(kind = 'refused') AS refused
  FROM audit_leaf WHERE idx >= ? AND idx < ? AND ${IS_BOUNDED} GROUP BY minute`
