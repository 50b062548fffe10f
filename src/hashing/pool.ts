/** Spreads ranges over worker threads, most work first; threads live for one call. */
import { availableParallelism } from 'node:os'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { SealstoneError } from '#core'
import type { FileRange, RangeJob, RangeOutcome, RangeProgress } from './hash-range.ts'
import { COUNTER, COUNTERS, type WorkerSetup } from './worker-setup.ts'

/** Rejects with what `onOutcome` or `onBytes` threw, the signal's reason, or INTERNAL when a thread dies; no thread is left behind. */
export async function hashInPool(job: RangeJob): Promise<void> {
  job.signal?.throwIfAborted()
  const batches = planBatches(job.ranges)
  const lanes = Array.from({ length: Math.min(availableParallelism(), MOST_WORKERS, batches.length) }, () => new Lane(job))
  const report = () => {
    const bytesDone = lanes.reduce((sum, lane) => sum + lane.bytesDone, 0)
    job.onBytes(
      bytesDone,
      lanes.flatMap((lane) => lane.reading),
    )
  }
  const unheard = Promise.withResolvers<never>()
  const timer = setInterval(() => {
    try {
      report()
    } catch (error) {
      unheard.reject(error) // nobody would catch what a timer throws
    }
  }, REPORT_EVERY_MS)
  try {
    await Promise.race([Promise.all(lanes.map((lane) => lane.work(batches))), unheard.promise])
    report()
  } finally {
    clearInterval(timer)
    await Promise.all(lanes.map((lane) => lane.end()))
  }
}

/** One thread, and what it works on. */
class Lane {
  readonly #job: RangeJob
  readonly #counters = new BigInt64Array(new SharedArrayBuffer(COUNTERS * BigInt64Array.BYTES_PER_ELEMENT))
  readonly #worker: Worker
  #batch: readonly number[] = []

  constructor(job: RangeJob) {
    this.#job = job
    Atomics.store(this.#counters, COUNTER.place, -1n)
    const setup: WorkerSetup = { hashType: job.hashType, counters: this.#counters.buffer }
    // Flags of this process, such as --input-type, are not for a thread that runs a file.
    this.#worker = new Worker(WORKER, { workerData: setup, execArgv: [] })
  }

  get bytesDone(): number {
    return this.#counter('bytesDone')
  }

  /** Nothing, or the range that is read. */
  get reading(): readonly RangeProgress[] {
    const index = this.#batch[this.#counter('place')]
    return index === undefined ? [] : [{ index, bytesDone: this.#counter('bytesOfPlace') }]
  }

  /** Takes one batch after the other until none is left. */
  work(batches: number[][]): Promise<void> {
    const { signal, ranges, onOutcome } = this.#job
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const stop = () => reject(signal?.reason)
    const next = () => {
      this.#batch = batches.shift() ?? []
      if (this.#batch.length === 0) resolve()
      else this.#worker.postMessage(this.#batch.map((index) => ranges[index]))
    }
    this.#worker.on('message', (outcomes: readonly RangeOutcome[]) => {
      try {
        outcomes.forEach((outcome, at) => onOutcome(this.#batch[at] as number, outcome))
        next()
      } catch (error) {
        reject(error)
      }
    })
    this.#worker.on('error', (cause) => reject(new SealstoneError('INTERNAL', 'a hashing thread failed', { cause })))
    this.#worker.on('exit', () => reject(new SealstoneError('INTERNAL', 'a hashing thread ended early')))
    signal?.addEventListener('abort', stop, { once: true })
    next()
    return promise.finally(() => signal?.removeEventListener('abort', stop))
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }

  #counter(name: keyof typeof COUNTER): number {
    return Number(Atomics.load(this.#counters, COUNTER[name]))
  }
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
