/** Whether files are still what they were when they were verified. */
import type { BigIntStats } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { SealstoneError } from '#core'
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
 * How the files look, once that is older than the clock of the file system ticks: a write in the tick of the look would leave the times as they are.
 * Throws MODEL_CHANGED where somebody writes all the time.
 */
export async function settledLook(view: View, signal?: AbortSignal): Promise<ReturnType<View['look']>> {
  for (let tries = 0; ; tries++) {
    const now = Date.now()
    const looks = view.look()
    const moving = [...looks].find(([, stats]) => stats !== undefined && Number(stats.ctimeNs) / 1e6 + TICK_MS > now)
    if (moving === undefined) return looks
    if (tries === MOST_TRIES) throw new SealstoneError('MODEL_CHANGED', `${moving[0]} is written to, or the clock was set back after it was`)
    await setTimeout(TICK_MS, undefined, signal && { signal })
  }
}

/**
 * @param before how the files looked before they were hashed
 * @param isAsVerified reads everything again; where it is cancelled nothing counts as answered
 */
export function findChanges(
  view: View,
  before: ReturnType<View['look']>,
  isAsVerified: (signal?: AbortSignal) => Promise<boolean>,
): (signal?: AbortSignal) => Promise<readonly Change[]> {
  let known = before
  return async (signal) => {
    const now = view.look()
    const changed = [...now].filter(([name, stats]) => stamp(known.get(name)) !== stamp(stats))
    if (changed.length === 0) return []
    const unlinked = changed.every(([name, stats]) => onlyLostAName(known.get(name), stats))
    const harmless = unlinked && (await isAsVerified(signal).catch(() => false))
    signal?.throwIfAborted()
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

// Linux takes the times of files from a clock that ticks every 1 to 10 ms.
const TICK_MS = 20
const MOST_TRIES = 25
