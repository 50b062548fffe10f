/** What is said of a checkpoint that is not believed. */
import { decodeCheckpoint, type OpenedCheckpoint, parseNote } from '#tlog'
import type { Fault, LogJudgement } from './judgement.ts'

/** The newest checkpoint that was checked. */
export interface Remembered {
  readonly note: string
  readonly size: string
  readonly root: string
  readonly seenAt: string
}

export function refused(fault: Fault, message: string, note: string): LogJudgement & { readonly kind: 'refused' } {
  return { kind: 'refused', fault, message, claimedSize: claimedSize(note) }
}

function claimedSize(note: string): string {
  try {
    return String(decodeCheckpoint(parseNote(note).text).size)
  } catch {
    return '0'
  }
}

/** Why a checkpoint is not the continuation of the one that was remembered. */
export function rolledBack({ size }: OpenedCheckpoint, known: Remembered): string {
  return `the server shows ${size} entries; this browser has seen ${known.size} of the same log, signed, on ${known.seenAt.slice(0, 10)}`
}

export function forked({ size }: OpenedCheckpoint, known: Remembered): string {
  return `the ${size} entries that the server shows do not begin with the ${known.size} that this browser has seen, signed: the log was rewritten`
}
