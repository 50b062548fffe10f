/** Asks the thread that reads the log; starts it, and again if it died and is asked. */
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { isErrorCode, type Logger, SealstoneError } from '#core'
import type { ReaderAnswers, ReaderReply, ReaderRequest, ReaderSetup } from './log-reader-protocol.ts'

export class LogReaderThread {
  readonly #setup: ReaderSetup
  readonly #logger: Logger
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>()
  #worker: Worker | undefined
  #lastId = 0

  constructor(setup: ReaderSetup, logger: Logger) {
    this.#setup = setup
    this.#logger = logger
    this.#worker = this.#start()
  }

  /** Throws OVERLOADED, DATABASE_UNAVAILABLE, INTERNAL if the thread dies, and what the reading throws. */
  ask<Kind extends ReaderRequest['kind']>(request: ReaderRequest & { readonly kind: Kind }): Promise<ReaderAnswers[Kind]> {
    if (this.#waiting.size >= MOST_WAITING)
      return Promise.reject(new SealstoneError('OVERLOADED', `${MOST_WAITING} readers wait for the audit log already`))
    const { promise, resolve, reject } = Promise.withResolvers<ReaderAnswers[Kind]>()
    const id = ++this.#lastId
    this.#waiting.set(id, { resolve: (value) => resolve(value as ReaderAnswers[Kind]), reject })
    this.#worker ??= this.#start()
    this.#worker.postMessage({ id, request })
    return promise
  }

  async close(): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    await worker?.terminate()
  }

  // Flags of this process, such as --input-type, are not for a thread that runs a file.
  #start(): Worker {
    const worker = new Worker(THREAD, { workerData: this.#setup, execArgv: ['--disable-warning=ExperimentalWarning'] })
    worker.unref()
    worker.on('message', (reply: ReaderReply) => this.#settle(reply))
    worker.on('error', (cause) => {
      this.#logger.error({ error: cause instanceof Error ? cause.message : String(cause) }, 'the thread that reads the log failed')
      this.#end(worker, cause)
    })
    worker.on('exit', () => this.#end(worker, undefined))
    return worker
  }

  #settle(reply: ReaderReply): void {
    const waiter = this.#waiting.get(reply.id)
    this.#waiting.delete(reply.id)
    if ('value' in reply) waiter?.resolve(reply.value)
    else waiter?.reject(new SealstoneError(isErrorCode(reply.code) ? reply.code : 'INTERNAL', reply.message))
  }

  #end(worker: Worker, cause: unknown): void {
    if (this.#worker === worker) this.#worker = undefined
    for (const { reject } of this.#waiting.values()) reject(new SealstoneError('INTERNAL', 'the thread that reads the log ended', { cause }))
    this.#waiting.clear()
  }
}

const MOST_WAITING = 256
const THREAD = new URL(`./log-reader-thread${extname(import.meta.url)}`, import.meta.url)
