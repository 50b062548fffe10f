/** Hashes ranges of files where that is fastest: large ones in the addon's threads, small ones here or in worker threads. */
import { SealstoneError } from '#core'
import { loadHashAddon } from './hash-addon.ts'
import { hashHere } from './hash-here.ts'
import { type FileRange, outcomeOf, type RangeJob, type RangeOutcome, type RangeProgress } from './hash-range.ts'
import type { HashType } from './hasher.ts'
import { unreadable } from './list-model.ts'
import { shown } from './names.ts'
import { describeChange, type Stamp } from './stamp.ts'

/** Rejects with what `onOutcome` threw or the signal's reason. */
export async function hashRanges(job: RangeJob): Promise<void> {
  const isLarge = (range: FileRange | undefined) => range !== undefined && range.end - range.start >= ADDON_PAYS_FROM_BYTES[job.hashType]
  const addon = job.ranges.some(isLarge) ? loadHashAddon(job.hashType) : undefined
  if (addon === undefined) return await hashWhole(job)
  const { large = [], rest = [] } = Object.groupBy(job.ranges.keys(), (index) => (isLarge(job.ranges[index]) ? 'large' : 'rest'))
  await (await import('./hash-in-addon.ts')).hashInAddon(partOf(job, large, 0), addon)
  if (rest.length === 0) return // what hashes those takes a while to load
  await hashWhole(partOf(job, rest, bytesOf(large.map((index) => job.ranges[index] as FileRange))))
}

/** Each range from its front to its end, on one core, with what Node and its packages have. */
async function hashWhole(job: RangeJob): Promise<void> {
  if (estimatedMs(job.ranges, job.hashType) > POOL_PAYS_FROM_MS) await (await import('./pool.ts')).hashInPool(job)
  else await hashHere(job)
}

/** Some of the ranges as a job of their own, after `bytesBefore` of the others. */
function partOf(job: RangeJob, indices: readonly number[], bytesBefore: number): RangeJob {
  const indexOf = (at: number) => indices[at] as number
  return {
    ...job,
    ranges: indices.map((index) => job.ranges[index] as FileRange),
    onBytes: (bytesDone, reading) =>
      job.onBytes(
        bytesBefore + bytesDone,
        reading.map(({ index, ...rest }) => ({ index: indexOf(index), ...rest })),
      ),
    onOutcome: (at, outcome) => job.onOutcome(indexOf(at), outcome),
  }
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
  return bytesOf(ranges) / BYTES_PER_MS[hashType] + ranges.length * MS_PER_FILE
}

function bytesOf(ranges: readonly FileRange[]): number {
  return ranges.reduce((sum, { start, end }) => sum + end - start, 0)
}

/** Below, loading it and starting its threads costs more than they save. */
const ADDON_PAYS_FROM_BYTES = {
  sha256: 4 * 1024 * 1024,
  blake2b: 4 * 1024 * 1024,
  blake3: 16 * 1024 * 1024,
} as const satisfies Record<HashType, number>
// Measured on one core of an AMD EPYC; only the order of magnitude matters, since a thread costs about 20 ms to start.
const BYTES_PER_MS = { sha256: 1_500_000, blake2b: 900_000, blake3: 6_000_000 } as const satisfies Record<HashType, number>
const MS_PER_FILE = 0.03
const POOL_PAYS_FROM_MS = 60
