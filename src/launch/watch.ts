/** Whether files are still what they were when they were verified. */
import type { BigIntStats } from 'node:fs'
import { describeChange, stampOf } from '#hashing'
import type { View } from './view.ts'

export interface Change {
  /** Path in the model. */
  readonly name: string
  readonly what: string
  /** The file lost a name, as a newer one takes its place, and its bytes were read again: they are the verified ones. */
  readonly harmless: boolean
}

/**
 * @param before how the files looked before they were hashed
 * @param isAsVerified reads everything again
 */
export function findChanges(view: View, before: ReturnType<View['look']>, isAsVerified: () => Promise<boolean>): () => Promise<readonly Change[]> {
  let known = before
  return async () => {
    const now = view.look()
    const changed = [...now].filter(([name, stats]) => stamp(known.get(name)) !== stamp(stats))
    if (changed.length === 0) return []
    const unlinked = changed.every(([name, stats]) => onlyLostAName(known.get(name), stats))
    const harmless = unlinked && (await isAsVerified().catch(() => false))
    const changes = changed.map(([name, stats]) => ({ name, what: describe(known.get(name), stats), harmless }))
    known = now
    return changes
  }
}

// Replacing a file by rename, and removing it, touch the record of the old one and not its content. A content that was written shows in mtime,
// and if the writer set that back, in ctime, which nobody can set.
function onlyLostAName(was: BigIntStats | undefined, is: BigIntStats | undefined): boolean {
  if (was === undefined || is === undefined) return false
  return was.dev === is.dev && was.ino === is.ino && was.size === is.size && was.mtimeNs === is.mtimeNs && is.nlink < was.nlink
}

function describe(was: BigIntStats | undefined, is: BigIntStats | undefined): string {
  if (was === undefined) return 'it was not there before'
  return describeChange(stampOf(was), is && stampOf(is))
}

function stamp(stats: BigIntStats | undefined): string {
  return stats === undefined ? '' : stampOf(stats)
}
