/** Hashes large ranges with BLAKE3, every core on one range: its tree divides, so that no file need be cut for it. */
import { closeSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { getSystemErrorName } from 'node:util'
import { type Blake3Tree, TREE_OUTCOME, TREE_THREADS } from './blake3-tree.ts'
import { changeSince, type FileRange, openListed, outcomeOf, type RangeJob, type RangeOutcome } from './hash-range.ts'
import { stampOfOpen } from './stamp.ts'

/** Rejects with what `onOutcome` threw or the signal's reason; no thread is left behind. */
export async function hashTrees(job: RangeJob, tree: Blake3Tree): Promise<void> {
  let bytesBefore = 0
  for (const [index, range] of job.ranges.entries()) {
    job.signal?.throwIfAborted()
    const outcome = await hashTree(range, tree, job.signal, (bytesDone) => job.onBytes(bytesBefore + bytesDone, [{ index, bytesDone }]))
    job.signal?.throwIfAborted()
    const bytesDone = range.end - range.start
    bytesBefore += bytesDone
    job.onOutcome(index, outcome)
    job.onBytes(bytesBefore, [{ index, bytesDone }]) // most files end before the timer tells of them
  }
  job.onBytes(bytesBefore, [])
}

async function hashTree(
  range: FileRange,
  tree: Blake3Tree,
  signal: AbortSignal | undefined,
  onBytes: (bytesDone: number) => void,
): Promise<RangeOutcome> {
  const shared = new BigInt64Array(new SharedArrayBuffer(2 * BigInt64Array.BYTES_PER_ELEMENT))
  const stop = () => Atomics.store(shared, 1, 1n)
  const timer = setInterval(() => onBytes(Number(Atomics.load(shared, 0))), REPORT_EVERY_MS)
  signal?.addEventListener('abort', stop, { once: true })
  const descriptors: number[] = []
  try {
    for (const _ of Array.from({ length: THREADS })) {
      const opened = openListed(range)
      if (typeof opened !== 'number') return opened
      descriptors.push(opened)
    }
    const [first = -1] = descriptors
    const result = await tree.hashRange(descriptors, range.start, range.end - range.start, shared)
    if (typeof result !== 'number') return changeSince(range, first) ?? { kind: 'digest', digest: new Uint8Array(result) }
    if (result > 0) return { kind: 'unreadable', reason: getSystemErrorName(-result) }
    return result === TREE_OUTCOME.endedEarly ? { kind: 'changed', after: stampOfOpen(first) } : { kind: 'changed' } // stopped: nobody looks at it
  } catch (error) {
    return outcomeOf(error)
  } finally {
    for (const descriptor of descriptors) closeSync(descriptor)
    clearInterval(timer)
    signal?.removeEventListener('abort', stop)
  }
}

const THREADS = Math.min(availableParallelism(), TREE_THREADS)
const REPORT_EVERY_MS = 100
