/** Audit entries: messages to domain types. */
import { SealstoneError } from '#core'
import { parseLeaf } from '#tlog'
import { ENTRY_KINDS, type ListEntriesRequestInit, type ListEntriesResponse, toTimestamp } from '#wire'
import type { EntryFilter, LogEntry } from './types.ts'

/** @param follow wait for what comes after the last one */
export function toEntriesRequest(filter: EntryFilter, follow = false, forExport = false): ListEntriesRequestInit {
  const { from, limit, since, until, key, caller, kind, operationId, modelName, modelPattern, result, reverse } = filter
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
    ...(result === undefined ? {} : { result }),
    ...(reverse === true ? { newestFirst: true } : {}),
    ...(follow ? { follow } : {}),
    ...(forExport ? { forExport } : {}),
  }
}

export function fromEntry({ index, leaf }: ListEntriesResponse): LogEntry {
  const bytes = Uint8Array.from(leaf)
  return { index: BigInt(index), leaf: parseLeaf(bytes), bytes }
}

function readTime(text: string): Date {
  const time = new Date(text)
  if (Number.isNaN(time.getTime()))
    throw new SealstoneError('INPUT_INVALID', `time is ${JSON.stringify(text)}, want RFC 3339 such as 2026-01-31T12:00:00Z`)
  return time
}
