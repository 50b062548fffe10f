/** Hashes ranges of files where that is fastest: here, or in threads. */
import { SealstoneError } from '#core'
import { hashHere } from './hash-here.ts'
import type { FileRange, RangeJob, RangeOutcome } from './hash-range.ts'
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
  switch (outcome.kind) {
    case 'digest':
      return outcome.digest
    case 'changed':
      throw new SealstoneError('MODEL_CHANGED', `${shown(name)} changed while it was read: ${describeChange(stamp, outcome.after)}`)
    case 'unreadable':
      throw unreadable(name, Object.assign(new Error(outcome.reason), { code: outcome.reason }))
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
