/** A hashing thread: takes a batch of ranges, answers one outcome for each. Loads nothing but what it hashes with, to start fast. */
import { parentPort, workerData } from 'node:worker_threads'
import { type FileRange, hashRange, READ_BYTES, type RangeOutcome } from './hash-range.ts'
import { type HashType, loadHasher } from './hasher.ts'

export interface WorkerSetup {
  readonly hashType: HashType
  /** One shared counter of the bytes that all workers have hashed. */
  readonly bytesDone: SharedArrayBuffer
}

async function serve(): Promise<void> {
  const { hashType, bytesDone } = workerData as WorkerSetup
  const newHasher = await loadHasher(hashType)
  const counter = new BigInt64Array(bytesDone)
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES)
  parentPort?.on('message', (batch: readonly FileRange[]) => parentPort?.postMessage(batch.map(hashCounting)))

  function hashCounting(range: FileRange): RangeOutcome {
    const steps = hashRange(range, newHasher, buffer)
    let step = steps.next()
    for (; !step.done; step = steps.next()) Atomics.add(counter, 0, BigInt(step.value))
    return step.value
  }
}

await serve()
