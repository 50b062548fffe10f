/** An entry of the log and what narrows a list of them, for everyone who stores, serves or reads entries. */
import type { Leaf, LeafKind } from './leaf.ts'

export interface LogEntry {
  /** From 0. */
  readonly index: bigint
  readonly leaf: Leaf
  /** The leaf as the tree hashes it. */
  readonly bytes: Uint8Array
}

/** Every member narrows; an entry is listed if it meets all. */
export interface EntryFilter {
  /** The entry to start at: upwards, or downwards with `reverse`. Default: the first, or the last. */
  readonly from?: bigint
  /** Entries to list at most; default all. */
  readonly limit?: number
  /** RFC 3339: this time or later. */
  readonly since?: string
  /** RFC 3339: before this time. */
  readonly until?: string
  readonly key?: string
  readonly caller?: string
  readonly kind?: LeafKind
  readonly operationId?: string
  readonly modelName?: string
  /** Name of the model, with `*` for any text. */
  readonly modelPattern?: string
  /** Root digest of the model, 64 hex digits. */
  readonly modelDigest?: string
  readonly result?: string
  /** Each of these is somewhere in the entry; upper and lower case of ASCII letters are the same. */
  readonly words?: readonly string[]
  /** Newest first. */
  readonly reverse?: boolean
}
