/** Spreads ranges over worker threads, most work first; threads live for one call. */
import { availableParallelism } from 'node:os'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { SealstoneError } from '#core'
import type { FileRange, RangeJob, RangeOutcome } from './hash-range.ts'
import type { WorkerSetup } from './worker.ts'

/** Rejects with what `onOutcome` threw, the signal's reason, or INTERNAL when a thread dies; no thread is left behind. */
export async function hashInPool(job: RangeJob): Promise<void> {
  job.signal?.throwIfAborted()
  const bytesDone = new SharedArrayBuffer(8)
  const counter = new BigInt64Array(bytesDone)
  const report = () => job.onBytes(Number(Atomics.load(counter, 0)))
  const batches = planBatches(job.ranges)
  const setup: WorkerSetup = { hashType: job.hashType, bytesDone }
  const workers = Array.from({ length: Math.min(availableParallelism(), MOST_WORKERS, batches.length) }, () => start(setup))
  const timer = setInterval(report, REPORT_EVERY_MS)
  try {
    await Promise.all(workers.map((worker) => feed(worker, batches, job)))
    report()
  } finally {
    clearInterval(timer)
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
}

// Flags of this process, such as --input-type, are not for a thread that runs a file.
function start(workerData: WorkerSetup): Worker {
  return new Worker(WORKER, { workerData, execArgv: [] })
}

// Gives one thread a batch after the other until none is left.
function feed(worker: Worker, batches: number[][], job: RangeJob): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const stop = () => reject(job.signal?.reason)
  let batch: number[] | undefined
  const next = () => {
    batch = batches.shift()
    if (batch === undefined) resolve()
    else worker.postMessage(batch.map((index) => job.ranges[index]))
  }
  worker.on('message', (outcomes: readonly RangeOutcome[]) => {
    try {
      outcomes.forEach((outcome, at) => job.onOutcome(batch?.[at] as number, outcome))
      next()
    } catch (error) {
      reject(error)
    }
  })
  worker.on('error', (cause) => reject(new SealstoneError('INTERNAL', 'a hashing thread failed', { cause })))
  worker.on('exit', () => reject(new SealstoneError('INTERNAL', 'a hashing thread ended early')))
  job.signal?.addEventListener('abort', stop, { once: true })
  next()
  return promise.finally(() => job.signal?.removeEventListener('abort', stop))
}

/** Big ranges alone and first, so that the last ones even out the load; small ones together, so that each does not cost a thread hop. */
function planBatches(ranges: readonly FileRange[]): number[][] {
  const sizeOf = (index: number) => (ranges[index] as FileRange).end - (ranges[index] as FileRange).start
  const batches: number[][] = []
  let open: number[] = []
  let openBytes = 0
  for (const index of [...ranges.keys()].sort((left, right) => sizeOf(right) - sizeOf(left))) {
    if (open.length > 0 && (open.length === BATCH_RANGES || openBytes + sizeOf(index) > BATCH_BYTES)) {
      batches.push(open)
      open = []
      openBytes = 0
    }
    open.push(index)
    openBytes += sizeOf(index)
  }
  if (open.length > 0) batches.push(open)
  return batches
}

// The worker has this file's own ending: .ts in a checkout, .js in a built package.
const WORKER = new URL(`./worker${extname(import.meta.url)}`, import.meta.url)
// A thread costs 5–10 MB; eight outrun any disk with SHA-256.
const MOST_WORKERS = 8
const BATCH_RANGES = 256
const BATCH_BYTES = 8 * 1024 * 1024
const REPORT_EVERY_MS = 100
