/** Audit entries and decisions: messages to domain types and back. */
import { cutText, fromHex, SealstoneError } from '#core'
import { type Decision, type EntryFilter, type LogEntry, parseLeaf } from '#tlog'
import {
  DECISIONS,
  ENTRY_KINDS,
  type ListEntriesRequestInit,
  type ListEntriesResponse,
  type ListedEntry,
  type RecordDecisionRequestInit,
  toTimestamp,
} from '#wire'
import type { ReadOptions } from './options.ts'

/** @param follow wait for what comes after the last one */
export function toEntriesRequest(
  filter: EntryFilter,
  follow = false,
  { forExport = false, inBulk = false }: ReadOptions = {},
): ListEntriesRequestInit {
  const { from, limit, since, until, key, caller, kind, operationId, modelName, modelPattern, modelDigest, result, reverse } = filter
  return {
    ...(from === undefined ? {} : { fromIndex: String(from) }),
    ...(limit === undefined ? {} : { limit }),
    ...(since === undefined ? {} : { since: toTimestamp(readTime(since)) }),
    ...(until === undefined ? {} : { until: toTimestamp(readTime(until)) }),
    ...(key === undefined ? {} : { key }),
    ...(caller === undefined ? {} : { caller }),
    ...(kind === undefined ? {} : { kind: ENTRY_KINDS[kind] }),
    ...(operationId === undefined ? {} : { operationId }),
    ...(modelName === undefined ? {} : { modelName }),
    ...(modelPattern === undefined ? {} : { modelPattern }),
    ...(modelDigest === undefined ? {} : { modelDigest: fromHex(modelDigest, 32) }),
    ...(result === undefined ? {} : { result }),
    ...(reverse === true ? { newestFirst: true } : {}),
    ...(follow ? { follow } : {}),
    ...(forExport ? { forExport } : {}),
    ...(inBulk ? { entriesPerMessage: BULK_ENTRIES } : {}),
  }
}

/** Cut to what the daemon takes, so that no event is refused for its length. Throws INPUT_INVALID for a digest of another form. */
export function toDecisionMessage({ operation, subject, digest, decision, reason = '' }: Decision): RecordDecisionRequestInit {
  return {
    operation,
    subject: cutText(subject, MOST_CHARACTERS),
    decision: DECISIONS[decision],
    reason: cutText(reason, MOST_CHARACTERS),
    ...(digest === undefined ? {} : { digest: fromHex(digest, 32) }),
  }
}

export function fromEntries({ more, ...first }: ListEntriesResponse): LogEntry[] {
  return [first, ...more].map(fromEntry)
}

function fromEntry({ index, leaf }: ListedEntry): LogEntry {
  const bytes = Uint8Array.from(leaf)
  return { index: BigInt(index), leaf: parseLeaf(bytes), bytes }
}

function readTime(text: string): Date {
  const time = new Date(text)
  if (Number.isNaN(time.getTime()))
    throw new SealstoneError('INPUT_INVALID', `time is ${JSON.stringify(text)}, want RFC 3339 such as 2026-01-31T12:00:00Z`)
  return time
}

const BULK_ENTRIES = 128
/** In UTF-8 at most 4,096 bytes. */
const MOST_CHARACTERS = 1024
