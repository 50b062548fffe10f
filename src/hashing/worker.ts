/** A hashing thread: takes a batch of ranges, answers one outcome for each. Loads nothing but what it hashes with, to start fast. */
import { parentPort, workerData } from 'node:worker_threads'
import { type FileRange, hashRange, READ_BYTES, type RangeOutcome } from './hash-range.ts'
import { loadHasher } from './hasher.ts'
import { COUNTER, type WorkerSetup } from './worker-setup.ts'

async function serve(): Promise<void> {
  const { hashType, counters } = workerData as WorkerSetup
  const newHasher = await loadHasher(hashType)
  const counter = new BigInt64Array(counters)
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES)
  parentPort?.on('message', (batch: readonly FileRange[]) => {
    const outcomes = batch.map(hashCounting)
    Atomics.store(counter, COUNTER.place, -1n)
    parentPort?.postMessage(outcomes)
  })

  function hashCounting(range: FileRange, place: number): RangeOutcome {
    Atomics.store(counter, COUNTER.bytesOfPlace, 0n)
    Atomics.store(counter, COUNTER.place, BigInt(place))
    const steps = hashRange(range, newHasher, buffer)
    let step = steps.next()
    for (; !step.done; step = steps.next()) {
      Atomics.add(counter, COUNTER.bytesDone, BigInt(step.value))
      Atomics.add(counter, COUNTER.bytesOfPlace, BigInt(step.value))
    }
    return step.value
  }
}

await serve()
