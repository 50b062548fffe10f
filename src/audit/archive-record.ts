/** What the log itself says of entries that were moved into cold storage: an intent stands before each move, so what no intent speaks of was never moved. */
import type { Database } from '#db'
import type { ArchivePlan } from './archive.ts'
import { MOST_LEAF_BYTES } from './bounded.ts'
import { readLeaf } from './fsck-leaf.ts'

/** The reason in that intent: which entries, where to, and how to know them again. */
export function describeMove({ start, end, root }: ArchivePlan, directory: string): string {
  return `entries ${start} to ${end - 1n} to ${directory.slice(0, MOST_PATH)}; the tree of ${end} entries has root ${root.toBase64()}`
}

/**
 * Leaves from here on were never moved; undefined where that intent is none that we wrote, which is told with its leaf. The newest one is enough: a run goes on
 * where the last one ended and begins only if that is before its own end, and it moves nothing that is as new as its intent. Reads the log from its end back.
 */
export function recordedEnd(db: Database): bigint | undefined {
  const row = db.prepare(NEWEST).get()
  if (row === undefined) return 0n
  const leaf = readLeaf(row['bytes'] as Uint8Array)
  const last = typeof leaf === 'string' ? undefined : /^entries \d{1,16} to (\d{1,16}) to /.exec(leaf.reason ?? '')?.[1]
  return last === undefined ? undefined : BigInt(last) + 1n
}

const MOST_PATH = 3000
/** Leaves are canonical JSON: no text in one can look like this member. */
const NEWEST = `SELECT bytes FROM audit_leaf WHERE kind = 'intent' AND octet_length(bytes) <= ${MOST_LEAF_BYTES}
  AND instr(bytes, CAST('"operation":"audit.archive"' AS BLOB)) > 0 ORDER BY idx DESC LIMIT 1`
