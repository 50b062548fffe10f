/** One leaf as a row has it: what its bytes say, and whether the columns that filters look at say the same. */
import { toHex, toSealstoneError } from '#core'
import type { Row } from '#db'
import { type Leaf, parseLeaf } from '#tlog'
import { comparable, MOST_LEAF_BYTES, upTo } from './bounded.ts'

/** The leaf, or why it is none. */
export function readLeaf(bytes: Uint8Array): Leaf | string {
  try {
    return parseLeaf(bytes)
  } catch (error) {
    return toSealstoneError(error).message
  }
}

/** The first one that does not match. */
export function differingColumn(row: Row, leaf: Leaf): string | undefined {
  if (row['time'] !== Date.parse(leaf.time)) return 'time'
  if (row['kind'] !== leaf.kind) return 'kind'
  if (toHex(row['operation_id'] as Uint8Array) !== leaf.operationId) return 'operation_id'
  if (row['caller'] !== leaf.caller) return 'caller'
  if (row['key'] !== (leaf.key ?? null)) return 'key'
  if (row['model_name'] !== (leaf.modelName ?? null)) return 'model_name'
  return row['result'] === (leaf.result ?? null) ? undefined : 'result'
}

/** Those of a range, in order. A number that the driver cannot hold is no reason to stop: it is another time than the leaf's in any case. */
export const LEAVES = `SELECT idx, ${upTo(MOST_LEAF_BYTES, 'bytes')}, min(max(time, -9007199254740991), 9007199254740991) AS time,
    ${['kind', 'operation_id', 'caller', 'key', 'model_name', 'result'].map(comparable).join(', ')}
  FROM audit_leaf WHERE idx >= ? AND idx < ? ORDER BY idx`
