/** Runs the thread that shows the log to everybody, and starts it again if it ends; says what it does in log and metrics. */
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { isErrorCode, type Logger, SealstoneError } from '#core'
import type { HttpAddress } from '#listeners'

export interface PublisherSetup {
  /** Path of the database. */
  readonly database: string
  /** Directory of the leaves that were moved out of it. */
  readonly cold?: string
  readonly http?: HttpAddress
  readonly directory?: string
}

interface Failure {
  readonly code: string
  readonly message: string
  readonly hint: string
}

export type PublisherNews =
  | { readonly kind: 'ready'; readonly address: string | undefined }
  | { readonly kind: 'published'; readonly entries: number; readonly files: number }
  | ({ readonly kind: 'failed'; readonly work: 'reading' | 'writing' } & Failure)
  | { readonly kind: 'answered'; readonly answers: readonly (readonly [status: number, count: number])[] }
  | ({ readonly kind: 'ended' } & Failure)

export interface PublisherEvents {
  readonly onPublished: (entries: number) => void
  readonly onFailure: () => void
  readonly onAnswered: (status: number, count: number) => void
}

/** Resolves once it listens; throws what stops that. Disposing of it publishes what is there by then. */
export async function startLogPublisher(setup: PublisherSetup, logger: Logger, events: PublisherEvents): Promise<AsyncDisposable> {
  const publisher = new LogPublisher(setup, logger, events)
  await publisher.start()
  return publisher
}

class LogPublisher implements AsyncDisposable {
  readonly #setup: PublisherSetup
  readonly #logger: Logger
  readonly #events: PublisherEvents
  #worker: Worker | undefined
  #ended: Promise<void> = Promise.resolve()
  #restart: NodeJS.Timeout | undefined
  #isStopping = false
  // What was told last, so that a disk that stays full is not a line a second.
  #told = { message: '', at: Number.NEGATIVE_INFINITY }

  constructor(setup: PublisherSetup, logger: Logger, events: PublisherEvents) {
    this.#setup = setup
    this.#logger = logger
    this.#events = events
  }

  async start(): Promise<void> {
    const { promise: ready, resolve, reject } = Promise.withResolvers<void>()
    const worker = new Worker(THREAD, { workerData: this.#setup, execArgv: [], resourceLimits: { maxOldGenerationSizeMb: MOST_HEAP_MB } })
    this.#worker = worker
    let end: Failure = { code: 'INTERNAL', message: 'the thread ended', hint: '' }
    worker.on('message', (news: PublisherNews) => {
      if (news.kind === 'ready') resolve()
      if (news.kind === 'ended') end = news
      this.#take(news)
    })
    worker.on('error', (error) => (end = { ...end, message: error instanceof Error ? error.message : String(error) }))
    this.#ended = new Promise((done) =>
      worker.once('exit', () => {
        reject(new SealstoneError(isErrorCode(end.code) ? end.code : 'INTERNAL', end.message, end.hint === '' ? {} : { hint: end.hint }))
        done()
      }),
    )
    await ready
    void this.#ended.then(() => this.#startAgain(end))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopping = true
    clearTimeout(this.#restart)
    this.#worker?.postMessage('stop')
    const limit = setTimeout(() => void this.#worker?.terminate(), MOST_STOP_MS)
    await this.#ended
    clearTimeout(limit)
  }

  /** The daemon signs on meanwhile: publishing is no part of that. */
  #startAgain(end: Failure): void {
    if (this.#isStopping) return
    this.#logger.error({ error: end.message }, 'the log is not published: starting that again')
    this.#events.onFailure()
    this.#restart = setTimeout(() => this.start().catch((error: unknown) => this.#startAgain({ ...end, message: String(error) })), RESTART_MS).unref()
  }

  #take(news: PublisherNews): void {
    switch (news.kind) {
      case 'ready':
        this.#logger.info({ address: news.address, directory: this.#setup.directory }, 'the log is published')
        break
      case 'published':
        this.#logger.debug({ entries: news.entries, files: news.files }, 'the log was published')
        if (this.#told.message !== '') this.#logger.info({ entries: news.entries }, 'the log is published again')
        this.#told = { message: '', at: Number.NEGATIVE_INFINITY }
        this.#events.onPublished(news.entries)
        break
      case 'failed':
        this.#tellFailure(news)
        if (news.work === 'writing') this.#events.onFailure()
        break
      case 'answered':
        for (const [status, count] of news.answers) this.#events.onAnswered(status, count)
        break
      case 'ended':
        break // told when the thread has gone
    }
  }

  #tellFailure({ work, code, message, hint }: Failure & { readonly work: string }): void {
    if (message === this.#told.message && performance.now() < this.#told.at + TELL_AGAIN_MS) return
    this.#told = { message, at: performance.now() }
    this.#logger.error(
      { code, error: message, hint },
      work === 'writing' ? 'the log could not be published' : 'the log could not be read for a reader',
    )
  }
}

const THREAD = new URL(`./log-publisher-thread${extname(import.meta.url)}`, import.meta.url)
const MOST_HEAP_MB = 256
const MOST_STOP_MS = 5000
const RESTART_MS = 2000
const TELL_AGAIN_MS = 60_000
