/** Entries of the audit log: filters and decisions come in, leaves go out. */
import { excerpt, LIMITS, toHex, parseIdentity, parseKeyName, parseOperationId } from '#core'
import { DECIDED_OPERATIONS, type Decision, type EntryFilter, type LogEntry } from '#operations'
import {
  DECISIONS,
  ENTRY_KINDS,
  fromEnum,
  fromTimestamp,
  type ListEntriesRequest,
  type ListEntriesResponseInit,
  readBytes,
  readText,
  type RecordDecisionRequest,
  readWith,
  refuse,
  type Timestamp,
} from '#wire'

/** Throws INPUT_INVALID, with the field. */
export function toEntryFilter(request: ListEntriesRequest): EntryFilter {
  const { fromIndex, limit, since, until, key, caller, kind, operationId, modelName, modelPattern, modelDigest, result, newestFirst, follow } =
    request
  if (modelName !== '' && modelPattern !== '') refuse('model_pattern', 'is there beside model_name, want one of them')
  if (follow && newestFirst) refuse('follow', 'is there beside newest_first, want one of them')
  return {
    ...(fromIndex === undefined ? {} : { from: toLogIndex(fromIndex, 'from_index') }),
    ...(limit === 0 ? {} : { limit }),
    ...(since === null ? {} : { since: toTime(since, 'since') }),
    ...(until === null ? {} : { until: toTime(until, 'until') }),
    ...(key === '' ? {} : { key: readWith(parseKeyName, key, 'key') }),
    ...(caller === '' ? {} : { caller: readWith(parseIdentity, caller, 'caller') }),
    ...(kind === 'ENTRY_KIND_UNSPECIFIED' ? {} : { kind: toKind(kind) }),
    ...(operationId === '' ? {} : { operationId: readWith(parseOperationId, operationId, 'operation_id') }),
    ...(modelName === '' ? {} : { modelName: readText(modelName, 'model_name', LIMITS.resourceNameBytes) }),
    ...(modelPattern === '' ? {} : { modelPattern: readText(modelPattern, 'model_pattern', LIMITS.resourceNameBytes) }),
    ...(modelDigest.length === 0 ? {} : { modelDigest: toHex(readBytes(modelDigest, 'model_digest', 32)) }),
    ...(result === '' ? {} : { result: toResult(result) }),
    ...(newestFirst ? { reverse: true } : {}),
  }
}

/** Throws INPUT_INVALID or INPUT_TOO_LARGE, with the field. */
export function toDecisionRequest({ operation, subject, digest, decision, reason }: RecordDecisionRequest): Decision {
  return {
    operation:
      DECIDED_OPERATIONS.find((known) => known === operation) ??
      refuse('operation', `is ${excerpt(operation)}, want ${DECIDED_OPERATIONS.join(', ')}`),
    subject: readText(subject, 'subject', LIMITS.resourceNameBytes),
    ...(digest.length === 0 ? {} : { digest: toHex(readBytes(digest, 'digest', 32)) }),
    decision:
      fromEnum<Decision['decision']>(DECISIONS, decision) ?? refuse('decision', `is ${decision}, want ${Object.values(DECISIONS).join(', ')}`),
    ...(reason === '' ? {} : { reason: readText(reason, 'reason', MAX_REASON_BYTES) }),
  }
}

/** Entries are counted by SQLite, with 63 bits. */
export function toLogIndex(text: string, field: string): bigint {
  const index = BigInt(text)
  if (index > MAX_INDEX) refuse(field, `is ${text}, want at most ${MAX_INDEX}`)
  return index
}

function entryMessage({ index, bytes }: LogEntry): { index: string; leaf: Uint8Array } {
  return { index: String(index), leaf: bytes }
}

/** Several entries a message, each message when it is full. A few large ones are as good as many small ones. */
export async function* entryMessages(entries: AsyncIterable<LogEntry>, wanted: number): AsyncGenerator<ListEntriesResponseInit> {
  const most = Math.min(wanted, MOST_ENTRIES)
  let group: LogEntry[] = []
  let bytes = 0
  for await (const entry of entries) {
    group.push(entry)
    bytes += entry.bytes.length
    if (group.length < most && bytes < MOST_GROUP_BYTES) continue
    yield groupMessage(group)
    group = []
    bytes = 0
  }
  if (group.length > 0) yield groupMessage(group)
}

function groupMessage([first, ...others]: readonly LogEntry[]): ListEntriesResponseInit {
  return first === undefined ? {} : { ...entryMessage(first), more: others.map(entryMessage) }
}

function toTime(timestamp: Timestamp, field: string): string {
  return readWith(() => fromTimestamp(timestamp).toISOString(), '', field)
}

function toKind(name: ListEntriesRequest['kind']): NonNullable<EntryFilter['kind']> {
  return fromEnum<NonNullable<EntryFilter['kind']>>(ENTRY_KINDS, name) ?? refuse('kind', `is ${name}, want ${Object.values(ENTRY_KINDS).join(', ')}`)
}

function toResult(text: string): string {
  if (!RESULTS.includes(text)) refuse('result', `is ${JSON.stringify(text.slice(0, 40))}, want ${RESULTS.join(', ')}`)
  return text
}

const RESULTS: readonly string[] = ['ok', 'error', 'unknown']
const MAX_REASON_BYTES = 4096
const MAX_INDEX = 2n ** 63n - 1n
/** Far below what a message may hold. */
const MOST_ENTRIES = 256
const MOST_GROUP_BYTES = 262_144
