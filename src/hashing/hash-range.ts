/** Hashes one range of one file with blocking reads, and notices when the file is not the one that was listed. Runs in workers and in-process. */
import { closeSync, constants, openSync, readSync } from 'node:fs'
import type { HashType, NewHasher } from './hasher.ts'
import { isOpenWithin } from './open-within.ts'
import { type Stamp, stampOfOpen, stampOfPath } from './stamp.ts'

export interface FileRange {
  readonly path: string
  /** Offsets in bytes; the end is not included. */
  readonly start: number
  readonly end: number
  /** What the file looked like when it was listed. */
  readonly stamp: Stamp
  readonly followLink: boolean
  /** Nothing but what is below this real path is read, whatever links are put in the way meanwhile. */
  readonly within?: string
}

/** `unreadable` carries the system's error code. Plain data, since it crosses threads. */
export type RangeOutcome =
  | { readonly kind: 'digest'; readonly digest: Uint8Array }
  /** What the file looked like then; absent where it is gone, or a link stands in its place. */
  | { readonly kind: 'changed'; readonly after?: Stamp }
  | { readonly kind: 'unreadable'; readonly reason: string }

export type Changed = Extract<RangeOutcome, { kind: 'changed' }>

export interface RangeProgress {
  readonly index: number
  /** Of this range. */
  readonly bytesDone: number
}

export interface RangeJob {
  readonly ranges: readonly FileRange[]
  readonly hashType: HashType
  readonly signal?: AbortSignal | undefined
  /** Called now and then with the sum so far, and with the ranges that are read at the moment: one for each thread that reads. */
  readonly onBytes: (bytesDone: number, reading: readonly RangeProgress[]) => void
  /** Called once for each range, in any order; a throw ends the job. */
  readonly onOutcome: (index: number, outcome: RangeOutcome) => void
}

/** Yields the number of bytes after each read, so that the caller can count, pause or stop; returns the outcome. */
export function* hashRange(range: FileRange, newHasher: NewHasher, buffer: Buffer): Generator<number, RangeOutcome> {
  let descriptor: number | undefined
  try {
    const opened = openListed(range)
    if (typeof opened !== 'number') return opened
    descriptor = opened
    const hasher = newHasher()
    for (let offset = range.start; offset < range.end; ) {
      const count = readSync(descriptor, buffer, 0, Math.min(buffer.length, range.end - offset), offset)
      if (count === 0) return { kind: 'changed', after: stampOfOpen(descriptor) }
      hasher.update(count === buffer.length ? buffer : buffer.subarray(0, count))
      offset += count
      yield count
    }
    return changeSince(range, descriptor) ?? { kind: 'digest', digest: new Uint8Array(hasher.digest()) }
  } catch (error) {
    return outcomeOf(error)
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

/** A descriptor of the file, if it is still the one that was listed. Throws errors of the system. */
export function openListed(range: FileRange): number | Changed {
  const descriptor = openSync(range.path, range.followLink ? OPEN : OPEN | constants.O_NOFOLLOW)
  try {
    if (range.within !== undefined && !isOpenWithin(descriptor, range.within)) return closed(descriptor, { kind: 'changed' })
    const opened = stampOfOpen(descriptor)
    return opened === range.stamp ? descriptor : closed(descriptor, { kind: 'changed', after: opened })
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}

/** What became of the file while it was read: of the one that is open, and of the path. Throws errors of the system. */
export function changeSince(range: FileRange, descriptor: number): Changed | undefined {
  const read = stampOfOpen(descriptor)
  if (read !== range.stamp) return { kind: 'changed', after: read }
  const now = stampOfPath(range.path, range.followLink)
  return now === range.stamp ? undefined : { kind: 'changed', ...(now === undefined ? {} : { after: now }) }
}

function closed(descriptor: number, outcome: Changed): Changed {
  closeSync(descriptor)
  return outcome
}

/** Of a file that was listed a moment ago: when it is gone, or a link stands in its place, it changed. */
export function outcomeOf(error: unknown): Exclude<RangeOutcome, { kind: 'digest' }> {
  const reason = error instanceof Error && 'code' in error ? String(error.code) : undefined
  if (reason === undefined) throw error
  return reason === 'ENOENT' || reason === 'ENOTDIR' || reason === 'ELOOP' ? { kind: 'changed' } : { kind: 'unreadable', reason }
}

// Without O_NONBLOCK a named pipe put in the file's place would hold the thread for ever.
const OPEN = constants.O_RDONLY | constants.O_NONBLOCK

/** Reads of 128 KiB to 1 MiB measured the same; small keeps the threads in the processor's cache. */
export const READ_BYTES = 256 * 1024
