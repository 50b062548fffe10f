/** Hashes ranges in this thread, for models so small that starting threads would take longer. */
import { setImmediate } from 'node:timers/promises'
import { hashRange, READ_BYTES, type RangeJob } from './hash-range.ts'
import { loadHasher } from './hasher.ts'

/** Rejects with what `onOutcome` threw or the signal's reason. Lets the event loop run every few milliseconds. */
export async function hashHere(job: RangeJob): Promise<void> {
  const newHasher = await loadHasher(job.hashType)
  const largest = job.ranges.reduce((most, range) => Math.max(most, range.end - range.start), 1)
  const buffer = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, largest))
  let bytesDone = 0
  let pauseAt = performance.now() + PAUSE_EVERY_MS
  for (const [index, range] of job.ranges.entries()) {
    const steps = hashRange(range, newHasher, buffer)
    const bytesBefore = bytesDone
    let step = steps.next()
    for (; !step.done; step = steps.next()) {
      bytesDone += step.value
      if (performance.now() < pauseAt) continue
      job.onBytes(bytesDone, [{ index, bytesDone: bytesDone - bytesBefore }])
      await setImmediate()
      job.signal?.throwIfAborted()
      pauseAt = performance.now() + PAUSE_EVERY_MS
    }
    job.onOutcome(index, step.value)
  }
  job.onBytes(bytesDone, [])
}

const PAUSE_EVERY_MS = 10
