/** Lists entries by filter, page by page, so that no reader holds the database or the whole log. */
import { fromHex, SealstoneError } from '#core'
import type { Database, SqlValue } from '#db'
import type { EntryFilter } from '#tlog'
import type { LogStore } from './store.ts'

/** Yields index and bytes as stored, up to the size that the log has at the first step. */
export function* findEntries(db: Database, store: LogStore, size: bigint, filter: EntryFilter): Generator<{ index: bigint; bytes: Uint8Array }> {
  const { where, values } = conditions(filter)
  let [low, high] = timeRange(store, size, filter) // low inclusive, high exclusive
  if (filter.from !== undefined && filter.reverse === true) high = min(high, filter.from + 1n)
  else if (filter.from !== undefined && filter.from > low) low = filter.from

  const order = filter.reverse === true ? 'DESC' : 'ASC'
  const page = db.prepare(`SELECT idx, bytes FROM audit_leaf WHERE idx >= ? AND idx < ?${where} ORDER BY idx ${order} LIMIT ?`)
  let left = checkLimit(filter.limit)
  while (left > 0 && low < high) {
    const wanted = Math.min(left, PAGE)
    const rows = page.all(low, high, ...values, wanted)
    for (const row of rows) yield { index: BigInt(row['idx'] as number), bytes: row['bytes'] as Uint8Array }
    const last = rows.at(-1)
    if (last === undefined || rows.length < wanted) return
    left -= rows.length
    const reached = BigInt(last['idx'] as number)
    if (filter.reverse === true) high = reached
    else low = reached + 1n
  }
}

function conditions(filter: EntryFilter): { where: string; values: SqlValue[] } {
  const columns: [sql: string, value: SqlValue | undefined][] = [
    [' AND key = ?', filter.key],
    [' AND caller = ?', filter.caller],
    [' AND kind = ?', filter.kind],
    [' AND operation_id = ?', filter.operationId === undefined ? undefined : fromHex(filter.operationId, 16)],
    [' AND model_name = ?', filter.modelName],
    [' AND result = ?', filter.result],
  ]
  const given = columns.filter((column): column is [string, SqlValue] => column[1] !== undefined)
  return { where: given.map(([sql]) => sql).join(''), values: given.map(([, value]) => value) }
}

/** Times never go back along the log, so each bound is found by bisection. */
function timeRange(store: LogStore, size: bigint, { since, until }: EntryFilter): [bigint, bigint] {
  const low = since === undefined ? 0n : firstAtOrAfter(store, size, parseTime(since, 'since'))
  const high = until === undefined ? size : firstAtOrAfter(store, size, parseTime(until, 'until'))
  return [low, high]
}

function firstAtOrAfter(store: LogStore, size: bigint, time: number): bigint {
  let low = 0n
  let high = size
  while (low < high) {
    const middle = (low + high) / 2n
    const found = store.readTime(middle)
    if (found === undefined) throw new SealstoneError('AUDIT_CORRUPT', `leaf ${middle} is missing`)
    if (found < time) low = middle + 1n
    else high = middle
  }
  return low
}

function parseTime(text: string, name: string): number {
  const time = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(time)) {
    throw new SealstoneError('INPUT_INVALID', `${name} is ${JSON.stringify(text)}, want RFC 3339 such as 2026-01-31T12:00:00Z or 2026-01-31`)
  }
  return time
}

function checkLimit(limit: number | undefined): number {
  if (limit === undefined) return Number.POSITIVE_INFINITY
  if (!Number.isSafeInteger(limit) || limit < 0) throw new SealstoneError('INPUT_INVALID', `limit is ${limit}, want a whole number from 0`)
  return limit
}

function min(left: bigint, right: bigint): bigint {
  return left < right ? left : right
}

const PAGE = 256
