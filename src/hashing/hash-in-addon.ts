/** Hashes large ranges in the addon's threads: with BLAKE3 every core on one range after the other, for its tree divides; else a range for each core. */
import { closeSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { getSystemErrorName } from 'node:util'
import { ADDON_ALGORITHM, ADDON_OUTCOME, ADDON_THREADS, type HashAddon } from './hash-addon.ts'
import { changeSince, type FileRange, openListed, outcomeOf, type RangeJob, type RangeOutcome } from './hash-range.ts'
import { stampOfOpen } from './stamp.ts'

/** Rejects with what `onOutcome` or `onBytes` threw, or the signal's reason; no thread is left behind. */
export async function hashInAddon(job: RangeJob, addon: HashAddon): Promise<void> {
  job.signal?.throwIfAborted()
  const { ranges, signal } = job
  const [lanes, threads] = job.hashType === 'blake3' ? [1, THREADS] : [Math.min(THREADS, ranges.length), 1]
  const waiting = [...ranges.keys()].sort((left, right) => bytesOf(ranges[right]) - bytesOf(ranges[left]))
  const reading = new Map<number, BigInt64Array>()
  let bytesBefore = 0
  let failed: { readonly reason: unknown } | undefined

  const report = () => {
    const now = [...reading].map(([index, shared]) => ({ index, bytesDone: Number(Atomics.load(shared, DONE)) }))
    job.onBytes(
      now.reduce((sum, { bytesDone }) => sum + bytesDone, bytesBefore),
      now,
    )
  }
  const fail = (reason: unknown) => {
    failed ??= { reason }
    for (const shared of reading.values()) Atomics.store(shared, STOP, 1n)
  }
  const orFail = (action: () => void) => {
    try {
      action()
    } catch (error) {
      fail(error)
    }
  }
  const work = async () => {
    for (let index = waiting.shift(); index !== undefined && failed === undefined; index = waiting.shift()) await hash(index)
  }
  const hash = async (index: number) => {
    const range = ranges[index] as FileRange
    const shared = new BigInt64Array(new SharedArrayBuffer(2 * BigInt64Array.BYTES_PER_ELEMENT))
    reading.set(index, shared)
    try {
      const outcome = await hashRange(range, threads, (descriptors) =>
        addon.hashRange(ADDON_ALGORITHM[job.hashType], descriptors, range.start, bytesOf(range), shared),
      )
      if (failed !== undefined) return
      job.onOutcome(index, outcome)
      report() // most ranges end before the timer tells of them
      bytesBefore += bytesOf(range)
    } catch (error) {
      fail(error)
    } finally {
      reading.delete(index)
    }
  }

  const timer = setInterval(orFail, REPORT_EVERY_MS, report)
  const stop = () => fail(signal?.reason)
  signal?.addEventListener('abort', stop, { once: true })
  await Promise.all(Array.from({ length: lanes }, work))
  signal?.removeEventListener('abort', stop)
  clearInterval(timer)
  if (failed === undefined) orFail(report)
  if (failed !== undefined) throw failed.reason
}

async function hashRange(
  range: FileRange,
  threads: number,
  hash: (descriptors: readonly number[]) => Promise<Uint8Array | number>,
): Promise<RangeOutcome> {
  const descriptors: number[] = []
  try {
    for (const _ of Array.from({ length: threads })) {
      const opened = openListed(range)
      if (typeof opened !== 'number') return opened
      descriptors.push(opened)
    }
    const [first = -1] = descriptors
    const result = await hash(descriptors)
    if (typeof result !== 'number') return changeSince(range, first) ?? { kind: 'digest', digest: new Uint8Array(result) }
    if (result > 0) return { kind: 'unreadable', reason: getSystemErrorName(-result) }
    if (result === ADDON_OUTCOME.hashFailed) throw new Error('the digest could not be computed') // OpenSSL has no memory left
    return result === ADDON_OUTCOME.endedEarly ? { kind: 'changed', after: stampOfOpen(first) } : { kind: 'changed' } // stopped: nobody looks at it
  } catch (error) {
    return outcomeOf(error)
  } finally {
    for (const descriptor of descriptors) closeSync(descriptor)
  }
}

function bytesOf(range: FileRange | undefined): number {
  return range === undefined ? 0 : range.end - range.start
}

// Places in what is shared with the threads.
const [DONE, STOP] = [0, 1]
const THREADS = Math.min(availableParallelism(), ADDON_THREADS)
const REPORT_EVERY_MS = 100
