/** The whole log checked in this thread: every leaf, hash, tile, column, open intent, the head and the signed checkpoints. */
import { SealstoneError } from '#core'
import type { Database } from '#db'
import { checkRange } from './fsck-range.ts'
import { readMoment } from './fsck-moment.ts'
import { type KnownLog, WholeTree } from './fsck-tree.ts'

export interface WholeLogOptions extends KnownLog {
  readonly db: Database
  /** Directory of the leaves that were moved out of the database. */
  readonly cold?: string
}

/** Throws AUDIT_CORRUPT naming the first thing that is wrong, COLD_STORAGE_UNREADABLE if nothing is and not all could be looked at. `checkWholeLog` does the same for a large log, in threads, and goes on at a fault. */
export function verifyWholeLog({ db, cold, ...log }: WholeLogOptions): { size: bigint; root: Uint8Array; openIntents: number } {
  const moment = readMoment(db)
  if (moment === undefined) throw new SealstoneError('AUDIT_CORRUPT', 'there is no log in the database')
  const tree = new WholeTree(db, moment)
  for (let start = 0; start < moment.size; start += RANGE) tree.add(checkRange(db, start, Math.min(moment.size, start + RANGE), cold))
  const result = tree.finish(log)
  const [first] = tree.findings.kept
  if (first !== undefined) throw new SealstoneError('AUDIT_CORRUPT', first.detail)
  if (tree.findings.unread !== undefined) throw new SealstoneError('COLD_STORAGE_UNREADABLE', tree.findings.unread.detail)
  return result
}

const RANGE = 4096
