/** Has the whole log checked in the background, after a start and again and again: a start itself looks at the newest entries alone. */
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { type Logger, parseIdentity } from '#core'
import type { LogVerifierKey } from '#tlog'
import type { BoundedEvents } from './bounded-events.ts'

export interface LogCheckSetup {
  readonly database: string
  /** Directory of the leaves that were moved out of it. */
  readonly cold?: string
  readonly log: { readonly origin: string; readonly keys: readonly LogVerifierKey[] }
}

export type LogCheckNews =
  | { readonly kind: 'checked'; readonly entries: number; readonly faults: number; readonly first?: string }
  | { readonly kind: 'failed'; readonly message: string }

export interface LogCheckRooms {
  readonly events: Pick<BoundedEvents, 'record'>
  readonly logger: Logger
}

export class LogCheck implements AsyncDisposable {
  readonly #setup: LogCheckSetup
  readonly #everyMs: number
  readonly #rooms: LogCheckRooms
  #worker: Worker | undefined
  #timer: NodeJS.Timeout | undefined
  #isOver = false
  /** Found by the last check; undefined before the first. */
  faults: number | undefined

  constructor(setup: LogCheckSetup, everyMs: number, rooms: LogCheckRooms) {
    this.#setup = setup
    this.#everyMs = everyMs
    this.#rooms = rooms
  }

  /** Resolves when what was found is told. Never throws. */
  async run(): Promise<void> {
    if (this.#isOver) return
    const worker = new Worker(THREAD, { workerData: this.#setup, execArgv: ['--disable-warning=ExperimentalWarning'] })
    worker.unref()
    this.#worker = worker
    let news: LogCheckNews = { kind: 'failed', message: 'the thread ended' }
    worker.on('message', (said: LogCheckNews) => (news = said))
    worker.on('error', (error) => (news = { kind: 'failed', message: error instanceof Error ? error.message : String(error) }))
    await new Promise<void>((resolve) => worker.once('exit', () => resolve()))
    this.#worker = undefined
    if (this.#isOver) return
    await this.#take(news)
    this.later()
  }

  later(): void {
    this.#timer = setTimeout(() => void this.run(), this.#everyMs).unref()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    clearTimeout(this.#timer)
    await this.#worker?.terminate()
  }

  async #take(news: LogCheckNews): Promise<void> {
    const { logger, events } = this.#rooms
    if (news.kind === 'failed') {
      logger.error({ error: news.message }, 'the whole log could not be checked')
      return
    }
    const { entries, faults, first } = news
    this.faults = faults
    if (faults === 0) {
      logger.info({ entries }, 'the whole log was checked')
      return
    }
    logger.error({ entries, faults, error: first }, 'the log is not what it was: keep it as evidence, and run sealstone audit fsck')
    await events.record({ ...EVENT, only: { detail: `${first ?? ''}; ${faults} ${faults === 1 ? 'fault' : 'faults'} in all` } })
  }
}

const EVENT = {
  kind: 'verify',
  operation: 'audit.check',
  caller: parseIdentity('local'),
  result: 'error',
  errorCode: 'AUDIT_CORRUPT',
  what: 'the log is not what it was',
} as const
const THREAD = new URL(`./log-check-thread${extname(import.meta.url)}`, import.meta.url)
