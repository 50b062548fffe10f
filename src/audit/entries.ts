/** Finds entries by filter, a page at a time: each looks at so many entries at most, so that no reader holds the database or the daemon. */
import { fromHex, matchesGlob, SealstoneError } from '#core'
import type { Database, Row, SqlValue } from '#db'
import type { EntryFilter } from '#tlog'
import { bounded, comparable, MOST_LEAF_BYTES, upTo } from './bounded.ts'
import { isArchived } from './cold-bundles.ts'
import { RARE_KIND, RARE_RESULT } from './schema.ts'
import type { LogStore } from './store.ts'

export interface StoredEntry {
  readonly index: bigint
  readonly bytes: Uint8Array
}

export interface StoredPage {
  readonly entries: readonly StoredEntry[]
  /** Where the next page begins; absent after the last one. */
  readonly next?: bigint
}

/** Up to 256 entries out of 8,192, as stored. A page may be empty and still have a next one. @param size entries from there on are not listed @param names all by which the log may have the filter's caller */
export function findPage(db: Database, store: LogStore, size: bigint, filter: EntryFilter, names?: readonly string[]): StoredPage {
  const { reverse = false } = filter
  const { start, end, isLast } = findWindow(store, size, filter)
  const wanted = Math.min(checkLimit(filter.limit), PAGE)
  if (start >= end || wanted === 0) return { entries: [] }

  const { where, values } = conditions(filter, names)
  const order = reverse ? 'DESC' : 'ASC'
  const isSelected = selection(store, filter)
  const rows =
    isSelected === undefined
      ? db
          .prepare(`SELECT idx, ${upTo(MOST_LEAF_BYTES, 'bytes')} FROM audit_leaf WHERE idx >= ? AND idx < ?${where} ORDER BY idx ${order} LIMIT ?`)
          .all(start, end, ...values, wanted)
      : db
          .prepare(
            `SELECT idx, ${comparable('model_name')}, octet_length(bytes) AS length FROM audit_leaf WHERE idx >= ? AND idx < ?${where} ORDER BY idx ${order}`,
          )
          .all(start, end, ...values)
          .values()
          .filter(isSelected)
          .take(wanted)
          .toArray()
  const entries = rows.map((row) => {
    const index = BigInt(row['idx'] as number)
    const bytes = isSelected === undefined ? bounded<Uint8Array>(row, 'bytes', `leaf ${index}`, MOST_LEAF_BYTES) : undefined
    return { index, bytes: bytes === undefined || isArchived(bytes) ? readLeaf(store, index) : bytes }
  })

  const last = entries.at(-1)
  const isFull = last !== undefined && entries.length === wanted
  const next = reverse ? (isFull ? last.index : start) - 1n : isFull ? last.index + 1n : end
  return isLast && (next < start || next >= end) ? { entries } : { entries, next }
}

/** What SQLite cannot tell from the rows: undefined where it can. Texts in leaves that were moved out of the database are looked for here. */
function selection(store: LogStore, filter: EntryFilter): ((row: Row) => boolean) | undefined {
  const { modelPattern } = filter
  const wanted = textsOf(filter).map(lowerAscii)
  if (modelPattern === undefined && wanted.length === 0) return undefined
  return (row) => {
    const model = row['model_name']
    if (modelPattern !== undefined && (typeof model !== 'string' || !matchesGlob(modelPattern, model))) return false
    if (wanted.length === 0 || row['length'] !== 0) return true
    const text = lowerAscii(Buffer.from(readLeaf(store, BigInt(row['idx'] as number))).toString())
    return wanted.every((part) => text.includes(part))
  }
}

/** As LIKE compares: A to Z are a to z, and no other letters are the same. */
function lowerAscii(text: string): string {
  return text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
}

interface Window {
  /** Inclusive. */
  readonly start: bigint
  /** Exclusive. */
  readonly end: bigint
  /** What the filter lets through beyond it, in its direction, is nothing. */
  readonly isLast: boolean
}

/** The next entries to look at. Times never go back along the log, so a bound in time is found by bisection, and that of the far side within the window. */
function findWindow(store: LogStore, size: bigint, { from, reverse, since, until }: EntryFilter): Window {
  const notBefore = since === undefined ? undefined : parseTime(since, 'since')
  const before = until === undefined ? undefined : parseTime(until, 'until')
  if (reverse === true) {
    const most = from === undefined ? size : min(size, from + 1n)
    const end = before === undefined ? most : firstAtOrAfter(store, 0n, most, before)
    const bound = max(0n, end - WINDOW)
    const start = notBefore === undefined ? bound : firstAtOrAfter(store, bound, end, notBefore)
    return { start, end, isLast: start > bound || bound === 0n }
  }
  const start = notBefore === undefined ? (from ?? 0n) : firstAtOrAfter(store, from ?? 0n, size, notBefore)
  const bound = min(size, start + WINDOW)
  const end = before === undefined ? bound : firstAtOrAfter(store, start, bound, before)
  return { start, end, isLast: end < bound || bound === size }
}

function readLeaf(store: LogStore, index: bigint): Uint8Array {
  const bytes = store.readLeaf(index)
  if (bytes === undefined) throw new SealstoneError('AUDIT_CORRUPT', `leaf ${index} is missing`)
  return bytes
}

interface Condition {
  readonly column: string
  readonly value: SqlValue | undefined
  /** What the index of the rare values says, where this is one; SQLite takes it only if the query says the same. */
  readonly rare?: string | undefined
}

/**
 * Without statistics SQLite cannot tell the index that leads to three entries from the one that leads to a million: the likely shortest way is taken,
 * and the `+` keeps the other columns from being one. Names have no index: a common one soon fills a page, and for a rare one a window is looked
 * through in some milliseconds.
 */
function conditions(
  filter: EntryFilter,
  names: readonly string[] = filter.caller === undefined ? [] : [filter.caller],
): { where: string; values: SqlValue[] } {
  const { operationId, result, kind, modelName, key, caller } = filter
  const all: Condition[] = [
    { column: 'operation_id', value: operationId === undefined ? undefined : fromHex(operationId, 16) },
    { column: 'result', value: result, rare: result === 'ok' ? undefined : RARE_RESULT },
    { column: 'kind', value: kind, rare: kind === 'intent' || kind === 'outcome' ? undefined : RARE_KIND },
    { column: 'model_name', value: modelName },
    { column: 'key', value: key },
    { column: 'caller', value: caller },
  ]
  const given = all.filter((condition): condition is Condition & { value: SqlValue } => condition.value !== undefined)
  const way = given.find(({ column, rare }) => rare !== undefined || column === 'operation_id')
  const where = given.map((condition) => {
    const { column, rare } = condition
    const one = column === 'caller' ? `IN (${names.map(() => '?').join(', ')})` : '= ?'
    if (condition !== way) return ` AND +${column} ${one}`
    return ` AND ${column} ${one}${rare === undefined ? '' : ` AND ${rare}`}`
  })
  const texts = textsOf(filter).map(textPattern)
  return {
    where: where.join('') + WORD.repeat(texts.length),
    values: [...given.flatMap(({ column, value }): readonly SqlValue[] => (column === 'caller' ? names : [value])), ...texts],
  }
}

/** What must stand in the leaf. It is canonical JSON: what is escaped there is escaped here, and a member with its value is one text in it. */
function textsOf({ words = [], modelDigest }: EntryFilter): string[] {
  return [...words.map((word) => JSON.stringify(word).slice(1, -1)), ...(modelDigest === undefined ? [] : [`"modelDigest":"sha256:${modelDigest}"`])]
}

function textPattern(text: string): string {
  return `%${text.replaceAll(/[!%_]/g, '!$&')}%`
}

/** Mostly one look is enough: a page goes on where the last one ended. */
export function firstAtOrAfter(store: LogStore, from: bigint, to: bigint, time: number): bigint {
  if (from >= to || readTime(store, from) >= time) return from
  if (readTime(store, to - 1n) < time) return to
  let [low, high] = [from, to]
  while (low < high) {
    const middle = (low + high) / 2n
    if (readTime(store, middle) < time) low = middle + 1n
    else high = middle
  }
  return low
}

function readTime(store: LogStore, index: bigint): number {
  const time = store.readTime(index)
  if (time === undefined) throw new SealstoneError('AUDIT_CORRUPT', `leaf ${index} is missing`)
  return time
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

function max(left: bigint, right: bigint): bigint {
  return left > right ? left : right
}

/** What is too long to be a leaf is selected, and told when it is read. */
const WORD = ` AND (octet_length(bytes) NOT BETWEEN 1 AND ${MOST_LEAF_BYTES} OR CAST(bytes AS TEXT) LIKE ? ESCAPE '!')`
const PAGE = 256
const WINDOW = 8192n
