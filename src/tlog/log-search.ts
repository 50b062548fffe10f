/** What a reader of a long log asks for, page by page, and what happened when, in numbers. */
import type { EntryFilter } from './log-entry.ts'

export interface LogSearch extends Omit<EntryFilter, 'from' | 'limit' | 'reverse'> {
  /** Only entries below this index; default: all. */
  readonly before?: bigint
  readonly limit: number
}

export interface FoundEntries {
  readonly entries: readonly { readonly index: bigint; readonly leaf: Uint8Array }[]
  /** Looked at down to this index. Absent at the beginning of the log, or of the time asked for. */
  readonly next?: bigint
}

export interface ActivitySpan {
  /** Milliseconds since 1970; the first bucket begins there. Default: the first entry. */
  readonly since?: number
  /** Default: the last entry. */
  readonly until?: number
  readonly buckets: number
}

export interface Activity {
  /** Of the first bucket, milliseconds since 1970. */
  readonly start: number
  readonly bucketMs: number
  /** Signatures given out, operations that failed, requests refused; one number a bucket. */
  readonly signed: readonly number[]
  readonly failed: readonly number[]
  readonly refused: readonly number[]
  /** Older than this is not counted yet. */
  readonly countedSince?: number
}
