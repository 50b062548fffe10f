/** Hashes ranges of files where that is fastest: here, or in threads. */
import { SealstoneError } from '#core'
import { hashHere } from './hash-here.ts'
import { type FileRange, outcomeOf, type RangeJob, type RangeOutcome, type RangeProgress } from './hash-range.ts'
import type { HashType } from './hasher.ts'
import { unreadable } from './list-model.ts'
import { shown } from './names.ts'
import { describeChange, type Stamp } from './stamp.ts'

/** Rejects with what `onOutcome` threw or the signal's reason. */
export async function hashRanges(job: RangeJob): Promise<void> {
  if (estimatedMs(job.ranges, job.hashType) > POOL_PAYS_FROM_MS) await (await import('./pool.ts')).hashInPool(job)
  else await hashHere(job)
}

/** Throws MODEL_CHANGED or FILE_UNREADABLE, with the name. */
export function digestOf(name: string, stamp: Stamp, outcome: RangeOutcome): Uint8Array {
  if (outcome.kind === 'digest') return outcome.digest
  throw failure(name, stamp, outcome)
}

/** What an error of the system means for a file that was listed: MODEL_CHANGED or FILE_UNREADABLE, with the name. Throws what is none. */
export function fileFailure(name: string, stamp: Stamp, error: unknown): SealstoneError {
  return failure(name, stamp, outcomeOf(error))
}

/** With names, for progress. */
export function namedReading(
  reading: readonly RangeProgress[],
  partOf: (index: number) => { readonly name: string; readonly range: FileRange },
): { readonly name: string; readonly bytesDone: number; readonly bytesTotal: number }[] {
  return reading.map(({ index, bytesDone }) => {
    const { name, range } = partOf(index)
    return { name, bytesDone, bytesTotal: range.end - range.start }
  })
}

function failure(name: string, stamp: Stamp, outcome: Exclude<RangeOutcome, { kind: 'digest' }>): SealstoneError {
  switch (outcome.kind) {
    case 'changed':
      return new SealstoneError('MODEL_CHANGED', `${shown(name)} changed while it was read: ${describeChange(stamp, outcome.after)}`)
    case 'unreadable':
      return unreadable(name, Object.assign(new Error(outcome.reason), { code: outcome.reason }))
  }
}

function estimatedMs(ranges: readonly FileRange[], hashType: HashType): number {
  const bytes = ranges.reduce((sum, { start, end }) => sum + end - start, 0)
  return bytes / BYTES_PER_MS[hashType] + ranges.length * MS_PER_FILE
}

// Measured on one core of an AMD EPYC; only the order of magnitude matters, since a thread costs about 20 ms to start.
const BYTES_PER_MS = { sha256: 1_500_000, blake2b: 900_000, blake3: 6_000_000 } as const satisfies Record<HashType, number>
const MS_PER_FILE = 0.03
const POOL_PAYS_FROM_MS = 60
