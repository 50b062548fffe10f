/** One entry as one record for other systems, and where an export of before ended. */
import { isJsonObject, type JsonObject, type JsonValue, SealstoneError, toHex } from '#core'
import { leafHash, leafJson, type LogEntry } from '#tlog'
import { ocsfEvent } from './ocsf.ts'

export type ExportFormat = 'jsonl' | 'ocsf'

/** The entry that a record is of, and the hash of its leaf in hex. */
export interface RecordName {
  readonly index: bigint
  readonly leafHash: string
}

/** @param origin the log's name */
export function exportRecord(entry: LogEntry, format: ExportFormat, origin: string): JsonObject {
  if (format === 'ocsf') return ocsfEvent(entry, origin)
  return { index: Number(entry.index), leafHash: recordName(entry).leafHash, leaf: leafJson(entry.leaf) }
}

export function recordName({ index, bytes }: LogEntry): RecordName {
  return { index, leafHash: toHex(leafHash(bytes)) }
}

/** Throws INPUT_INVALID for what no export in this format has written. */
export function readRecordName(record: JsonValue, format: ExportFormat): RecordName {
  const at = isJsonObject(record) ? (format === 'ocsf' ? record['unmapped'] : record) : undefined
  const [index, hash] = isJsonObject(at) ? [at['index'], at[format === 'ocsf' ? 'leaf_hash' : 'leafHash']] : []
  if (typeof index !== 'number' || !Number.isSafeInteger(index) || index < 0 || typeof hash !== 'string')
    throw new SealstoneError('INPUT_INVALID', `the last record is not one of an export as ${format}`)
  return { index: BigInt(index), leafHash: hash }
}
