/** What happened when, in numbers: counted once from the log's end back, a step at a time. */
import type { Database } from '#db'
import type { Activity, ActivitySpan } from '#tlog'
import { IS_BOUNDED } from './bounded.ts'
import { CountedTimes } from './counted-times.ts'
import { LogStore } from './store.ts'

export class ActivityCounter {
  readonly #db: Database
  readonly #times = new CountedTimes()
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

  /** Of what is counted by now. A bucket is a minute at least, or what is counted as one that long ago, so a short span begins earlier. */
  read({ since, until, buckets }: ActivitySpan): Activity {
    const began = since ?? this.#timeAt(0) ?? Date.now()
    const last = Math.max(until ?? this.#timeAt(this.#high - 1) ?? began, began + 1)
    const unitMs = this.#times.unitAt(Math.min(began, last - (buckets - 1) * MINUTE_MS) / MINUTE_MS) * MINUTE_MS
    const first = Math.min(began, last - (buckets - 1) * unitMs)
    // Whole ones, so that each one is in one bucket.
    const bucketMs = Math.ceil(Math.ceil((last - first + 1) / buckets) / unitMs) * unitMs
    const start = Math.floor(first / bucketMs) * bucketMs
    const count = Math.min(buckets + 1, Math.floor((last - start) / bucketMs) + 1)
    const [signed, failed, refused] = [empty(count), empty(count), empty(count)]
    for (const [minute, counts] of this.#times.entries()) {
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
      const [signed, failed, refused] = [row['signed'] as number, row['failed'] as number, row['refused'] as number]
      this.#times.add(row['minute'] as number, { signed, failed, refused })
    }
    for (const row of this.#db.prepare(ARCHIVED).all(from, to)) {
      if (this.#isSigned(row['idx'] as number)) this.#times.add(row['minute'] as number, { signed: 1, failed: 0, refused: 0 })
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
