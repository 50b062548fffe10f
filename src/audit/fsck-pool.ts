/** Checks ranges of leaves in threads. */
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { isErrorCode, SealstoneError } from '#core'
import type { CheckedRange } from './fsck-findings.ts'

export interface RangeSetup {
  readonly database: string
  readonly cold?: string
}

export interface RangeRequest {
  readonly start: number
  readonly end: number
  /** Else none are sent: they are most of the answer. */
  readonly wantsHashes: boolean
}

export type RangeReply =
  | { readonly start: number; readonly range: CheckedRange }
  | { readonly start: number; readonly code: string; readonly message: string }

export class RangePool implements AsyncDisposable {
  readonly #workers: readonly Worker[]
  readonly #waiting = new Map<number, PromiseWithResolvers<CheckedRange>>()
  #asked = 0

  constructor(where: RangeSetup, threads: number) {
    this.#workers = Array.from({ length: threads }, () => {
      const worker = new Worker(THREAD, {
        workerData: where,
        execArgv: ['--disable-warning=ExperimentalWarning'],
        resourceLimits: { maxYoungGenerationSizeMb: 4 }, // tiles come and go: a larger nursery is memory and no speed
      })
      worker.on('message', (reply: RangeReply) => this.#settle(reply))
      worker.on('error', (cause) => this.#fail(cause))
      worker.on('exit', () => this.#fail(undefined))
      return worker
    })
  }

  /** In turn: each thread has one range, or the next one waiting. Throws DATABASE_UNAVAILABLE, and INTERNAL if a thread dies. */
  check(start: number, end: number, wantsHashes: boolean): Promise<CheckedRange> {
    const waiter = Promise.withResolvers<CheckedRange>()
    this.#waiting.set(start, waiter)
    this.#workers[this.#asked++ % this.#workers.length]?.postMessage({ start, end, wantsHashes } satisfies RangeRequest)
    return waiter.promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#waiting.clear()
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }

  #settle(reply: RangeReply): void {
    const waiter = this.#waiting.get(reply.start)
    this.#waiting.delete(reply.start)
    if ('range' in reply) waiter?.resolve(reply.range)
    else waiter?.reject(new SealstoneError(isErrorCode(reply.code) ? reply.code : 'INTERNAL', reply.message))
  }

  #fail(cause: unknown): void {
    for (const { reject } of this.#waiting.values()) reject(new SealstoneError('INTERNAL', 'a thread that checks the log ended', { cause }))
    this.#waiting.clear()
  }
}

const THREAD = new URL(`./fsck-thread${extname(import.meta.url)}`, import.meta.url)
