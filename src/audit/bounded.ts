/** What SQLite hands over is bounded, whoever wrote the file: a value that is longer than any of ours stays where it is, and takes no memory. */
import { LIMITS, SealstoneError } from '#core'
import type { Row } from '#db'
import { HASH_BYTES, TILE_WIDTH } from '#tlog'

/** An expression for a column that is NULL where that is longer, and the column's length beside it, for `bounded` to tell. */
export function upTo(most: number, column: string): string {
  return `CASE WHEN octet_length(${column}) <= ${most} THEN ${column} END AS ${column}, octet_length(${column}) AS ${lengthOf(column)}`
}

/** For a column that another one is compared with: what is too long is something that no leaf has. */
export function comparable(column: string): string {
  return `CASE WHEN octet_length(${column}) > ${MOST_COLUMN_BYTES} THEN x'00' ELSE ${column} END AS ${column}`
}

/** Of a row that was read with `upTo`. Throws AUDIT_CORRUPT. @param what it is, such as `leaf 17` */
export function bounded<Value extends Uint8Array | string | null>(row: Row, column: string, what: string, most: number): Value {
  const [value, length] = [row[column], row[lengthOf(column)]]
  if (value === null && typeof length === 'number') throw new SealstoneError('AUDIT_CORRUPT', tooLong(what, length, most))
  return value as Value
}

/** Undefined for a column that is none too long. */
export function excess(row: Row, column: string): number | undefined {
  const length = row[lengthOf(column)]
  return row[column] === null && typeof length === 'number' ? length : undefined
}

export function tooLong(what: string, length: number, most: number): string {
  return `${what} is ${length} bytes, want at most ${most}`
}

function lengthOf(column: string): string {
  return `${column}_length`
}

export const MOST_LEAF_BYTES = LIMITS.leafBytes
export const MOST_TILE_BYTES = TILE_WIDTH * HASH_BYTES
/** A model's name has the longest. */
const MOST_COLUMN_BYTES = 4 * LIMITS.resourceNameBytes
/** For a WHERE over leaves: a row with anything that is too long is left out. */
export const IS_BOUNDED = `octet_length(bytes) <= ${MOST_LEAF_BYTES} AND octet_length(kind) + octet_length(operation_id) + octet_length(caller)
  + coalesce(octet_length(key), 0) + coalesce(octet_length(model_name), 0) + coalesce(octet_length(result), 0) <= ${2 * MOST_COLUMN_BYTES}`
