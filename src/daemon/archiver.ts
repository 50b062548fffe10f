/** Starts the thread that moves old entries into cold storage, one at a time, and tells of what it does. */
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { cancelled, isErrorCode, SealstoneError } from '#core'
import type { ArchivePort, ArchiveRun, ArchiveStep } from '#operations'
import type { ArchiverNews, ArchiverRequest, ArchiverSetup } from './archiver-protocol.ts'

export class Archiver implements ArchivePort {
  readonly directory: string
  readonly #setup: Omit<ArchiverSetup, 'wanted'>
  #isBusy = false

  constructor(setup: Omit<ArchiverSetup, 'wanted'>) {
    this.#setup = setup
    this.directory = setup.directory
  }

  /** Throws OVERLOADED while one runs, CANCELLED, and what looking at the log throws. Ended when disposed of, after the step that it is in. */
  async open(wanted: ArchiverSetup['wanted'], signal: AbortSignal): Promise<ArchiveRun> {
    if (this.#isBusy) throw new SealstoneError('OVERLOADED', 'old entries are being moved into cold storage already')
    this.#isBusy = true
    const thread = new ArchiverThread({ ...this.#setup, wanted })
    const end = async (): Promise<void> => {
      await thread.end()
      this.#isBusy = false
    }
    try {
      using _stop = stopOnAbort(thread, signal)
      const plan = await thread.next()
      if (signal.aborted) throw cancelled(signal)
      if (plan?.kind !== 'plan') throw new SealstoneError('INTERNAL', 'the thread that moves old entries said nothing')
      const { start, end: to, size, reason } = plan
      const stop = async (): Promise<number> => {
        await end()
        return thread.moved
      }
      return { plan: { start, end: to, size, reason }, move: (signal) => move(thread, signal), stop, [Symbol.asyncDispose]: end }
    } catch (error) {
      await end()
      throw signal.aborted ? cancelled(signal) : error
    }
  }
}

async function* move(thread: ArchiverThread, signal: AbortSignal): AsyncGenerator<ArchiveStep> {
  using _stop = stopOnAbort(thread, signal)
  thread.ask('move')
  try {
    for (;;) {
      const news = await thread.next()
      if (news === undefined || news.kind === 'plan') throw new SealstoneError('INTERNAL', 'the thread that moves old entries ended')
      yield news
      if (news.kind === 'moved') return
    }
  } catch (error) {
    throw signal.aborted ? cancelled(signal) : error
  }
}

/** It ends after the step that it is in. */
function stopOnAbort(thread: ArchiverThread, signal: AbortSignal): Disposable {
  const stop = (): void => thread.ask('stop')
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  return { [Symbol.dispose]: () => signal.removeEventListener('abort', stop) }
}

/** What the thread says, in order. */
class ArchiverThread {
  readonly #worker: Worker
  readonly #ended: Promise<void>
  readonly #said: Exclude<ArchiverNews, { kind: 'failed' }>[] = []
  #failure: SealstoneError | undefined
  #isOver = false
  #wake: () => void = () => {}
  /** Entries that it took out so far, read of or not. */
  moved = 0

  constructor(setup: ArchiverSetup) {
    this.#worker = new Worker(THREAD, { workerData: setup, execArgv: ['--disable-warning=ExperimentalWarning'] })
    this.#worker.on('message', (news: ArchiverNews) => {
      if (news.kind === 'progress' || news.kind === 'moved') this.moved = news.moved
      if (news.kind === 'failed')
        this.#failure = new SealstoneError(isErrorCode(news.code) ? news.code : 'INTERNAL', news.message, news.hint === '' ? {} : { hint: news.hint })
      // Who reads slowly is told the newest.
      else if (news.kind === 'progress' && this.#said.at(-1)?.kind === 'progress') this.#said.splice(-1, 1, news)
      else this.#said.push(news)
      this.#wake()
    })
    this.#worker.on('error', (cause) => {
      this.#failure ??= new SealstoneError('INTERNAL', 'the thread that moves old entries failed', { cause })
    })
    this.#ended = new Promise((resolve) =>
      this.#worker.once('exit', () => {
        this.#isOver = true
        this.#wake()
        resolve()
      }),
    )
  }

  ask(request: ArchiverRequest): void {
    this.#worker.postMessage(request)
  }

  /** Undefined when there is nothing more. Throws what ended it. */
  async next(): Promise<Exclude<ArchiverNews, { kind: 'failed' }> | undefined> {
    while (this.#said.length === 0) {
      if (this.#failure !== undefined) throw this.#failure
      if (this.#isOver) return undefined
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
    return this.#said.shift()
  }

  async end(): Promise<void> {
    this.ask('stop')
    await this.#ended
  }
}

const THREAD = new URL(`./archiver-thread${extname(import.meta.url)}`, import.meta.url)
