/** Keeps one key host alive and its work bounded: queue, window, deadlines, watchdog, respawn with back-off, one retry. Holds no secret. */
import { type ErrorCode, type Logger, SealstoneError, toSealstoneError } from '#core'
import { type ChildOptions, type KeyHostChild, startChild } from './child-process.ts'
import {
  type Command,
  type CommandKind,
  type Commands,
  fromWireError,
  KEY_HOST_LIMITS,
  PROTOCOL_VERSION,
  type ReplyMessage,
  type TokenInfo,
} from './protocol.ts'

export interface SupervisorOptions {
  readonly child: Pick<ChildOptions, 'env' | 'files'>
  readonly open: Commands['open']['request']
  readonly logger: Logger
  /** A child that answers nothing for so long while it has work is killed. Default 20 s; key generation gets ten times as long. */
  readonly watchdogMs: number
}

export interface SubmitOptions {
  readonly signal?: AbortSignal
  /** From submission to answer, waiting included. */
  readonly timeoutMs: number
  /** Bytes of the messages, counted against the waiting limit. */
  readonly bytes: number
}

type State =
  | { readonly kind: 'opening' }
  | { readonly kind: 'ready' }
  /** The child is gone and the next one did not open; tried again after a while. Callers get the reason at once. */
  | { readonly kind: 'down'; readonly error: SealstoneError }
  /** Nothing is tried again: a refused PIN, a failed self-test, or closed. */
  | { readonly kind: 'ended'; readonly error: SealstoneError }

interface Job {
  readonly id: number
  readonly command: Command
  readonly bytes: number
  readonly resolve: (result: never) => void
  readonly reject: (error: SealstoneError) => void
  /** Removes deadline and abort listener. */
  readonly release: () => void
  attempts: number
  settled: boolean
}

export class Supervisor {
  readonly #options: SupervisorOptions
  #state: State = { kind: 'opening' }
  #child: KeyHostChild | undefined
  #info: TokenInfo | undefined
  #opened = Promise.withResolvers<TokenInfo>()
  #queue: Job[] = []
  readonly #sent = new Map<number, Job>()
  #waitingBytes = 0
  #lastId = 0
  #failures = 0
  #starts = 0
  #lost: SealstoneError | undefined
  #watchdog: NodeJS.Timeout | undefined
  #retry: NodeJS.Timeout | undefined
  #onGone: (() => void) | undefined

  constructor(options: SupervisorOptions) {
    this.#options = options
  }

  /** Resolves when the first child is open. Throws what stopped it; then nothing runs. */
  async start(): Promise<TokenInfo> {
    this.#spawn()
    return this.#opened.promise
  }

  get info(): TokenInfo | undefined {
    return this.#info
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  get respawns(): number {
    return Math.max(0, this.#starts - 1)
  }

  submit<Kind extends Exclude<CommandKind, 'open' | 'provision'>>(
    command: Extract<Command, { kind: Kind }>,
    { signal, timeoutMs, bytes }: SubmitOptions,
  ): Promise<Commands[Kind]['result']> {
    if (this.#state.kind === 'down' || this.#state.kind === 'ended') return Promise.reject(this.#state.error)
    if (signal?.aborted === true) return Promise.reject(toSealstoneError(signal.reason, 'CANCELLED'))
    if (this.#queue.length + this.#sent.size >= KEY_HOST_LIMITS.commands || this.#waitingBytes + bytes > KEY_HOST_LIMITS.waitingBytes) {
      return Promise.reject(
        new SealstoneError('OVERLOADED', `${this.#queue.length + this.#sent.size} requests with ${this.#waitingBytes} bytes wait for the key host`),
      )
    }
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId
      const stop = (error: SealstoneError): void => this.#settle(job, () => reject(error))
      const onAbort = (): void => stop(toSealstoneError(signal?.reason, 'CANCELLED'))
      const deadline = setTimeout(() => stop(new SealstoneError('DEADLINE_EXCEEDED', `the key host did not answer in ${timeoutMs} ms`)), timeoutMs)
      signal?.addEventListener('abort', onAbort, { once: true })
      const release = (): void => {
        clearTimeout(deadline)
        signal?.removeEventListener('abort', onAbort)
      }
      const job: Job = { id, command, bytes, resolve, reject, release, attempts: 0, settled: false }
      this.#waitingBytes += bytes
      this.#queue.push(job)
      this.#pump()
    })
  }

  async close(): Promise<void> {
    if (this.#state.kind !== 'ended') this.#end(new SealstoneError('TOKEN_UNAVAILABLE', 'the key host is closed'))
    clearTimeout(this.#retry)
    const child = this.#child
    if (child === undefined) return
    const gone = new Promise<void>((resolve) => {
      this.#onGone = resolve
    })
    child.disconnect()
    const patience = setTimeout(() => child.kill(), CLOSE_PATIENCE_MS)
    await gone
    clearTimeout(patience)
  }

  #spawn(): void {
    const { child, logger, open } = this.#options
    this.#state = { kind: 'opening' }
    this.#starts += 1
    this.#lost = undefined
    const started: KeyHostChild = startChild({
      ...child,
      logger,
      onReply: (reply) => {
        if (this.#child === started) this.#onReply(reply)
      },
      onExit: (how) => {
        if (this.#child === started) this.#onExit(how)
      },
    })
    this.#child = started
    this.#guard(OPEN_PATIENCE_MS)
    started.send({ protocol: PROTOCOL_VERSION, id: OPEN_ID, command: { kind: 'open', request: open } })
  }

  #onReply(reply: ReplyMessage): void {
    if (reply.id === OPEN_ID) {
      if (reply.ok) this.#onOpen(reply.result as TokenInfo)
      else this.#onOpenFailed(fromWireError(reply.error))
      return
    }
    const job = this.#sent.get(reply.id)
    if (job === undefined) return
    if (!reply.ok && reply.lost) {
      // The module is lost: everything this child has is taken back when it is gone, and tried once more on the next one.
      this.#lost = fromWireError(reply.error)
      this.#child?.kill()
      return
    }
    this.#sent.delete(reply.id)
    this.#failures = 0
    if (reply.ok) this.#settle(job, () => job.resolve(reply.result as never))
    else this.#settle(job, () => job.reject(fromWireError(reply.error)))
    this.#guardWork()
    this.#pump()
  }

  #onOpen(info: TokenInfo): void {
    this.#state = { kind: 'ready' }
    this.#info = info
    this.#options.logger.info({ keyHost: this.pid, token: info.label, serial: info.serial, starts: this.#starts }, 'key host ready')
    this.#opened.resolve(info)
    this.#guardWork()
    this.#pump()
  }

  #onOpenFailed(error: SealstoneError): void {
    const { logger } = this.#options
    logger.error({ keyHost: this.pid, code: error.code, error: error.message }, 'key host did not open')
    const first = this.#info === undefined
    if (first || NEVER_RETRIED.has(error.code)) this.#end(error)
    else this.#state = { kind: 'down', error }
    this.#failAll(error)
    this.#opened.reject(error)
    this.#child?.kill()
  }

  #onExit(how: string): void {
    this.#child = undefined
    clearTimeout(this.#watchdog)
    this.#onGone?.()
    if (this.#state.kind === 'ended') return
    const error = this.#lost ?? new SealstoneError('TOKEN_UNAVAILABLE', `the key host ended (${how})`)
    this.#options.logger.warn({ how, error: error.message, inFlight: this.#sent.size, waiting: this.#queue.length }, 'key host is gone')
    if (this.#state.kind === 'opening' && this.#info === undefined) {
      this.#end(error)
      this.#opened.reject(error)
      return
    }
    if (this.#state.kind === 'opening') {
      this.#state = { kind: 'down', error }
      this.#failAll(error)
    }
    this.#takeBack(error)
    this.#respawnLater()
  }

  /** Whatever the dead child had goes to the front of the queue once; the second time the caller gets the error. */
  #takeBack(error: SealstoneError): void {
    const jobs = [...this.#sent.values()]
    this.#sent.clear()
    for (const job of jobs) if (job.attempts >= MAX_ATTEMPTS) this.#settle(job, () => job.reject(error))
    this.#queue.unshift(...jobs.filter((job) => !job.settled))
  }

  /** At once after a single death; from the second failure in a row 100 ms, 200 ms, … up to 10 s, with jitter. */
  #respawnLater(): void {
    const delayMs = this.#failures === 0 ? 0 : Math.min(FIRST_DELAY_MS * 2 ** (this.#failures - 1), LONGEST_DELAY_MS) * (0.5 + Math.random() / 2)
    this.#failures += 1
    if (this.#state.kind === 'ready') this.#state = { kind: 'opening' }
    this.#retry = setTimeout(() => this.#spawn(), delayMs)
  }

  #pump(): void {
    while (this.#state.kind === 'ready' && this.#sent.size < WINDOW) {
      const job = this.#queue.shift()
      if (job === undefined) return
      job.attempts += 1
      if (this.#sent.size === 0) this.#guard(this.#patienceFor(job))
      this.#sent.set(job.id, job)
      this.#child?.send({ protocol: PROTOCOL_VERSION, id: job.id, command: job.command })
    }
  }

  #guardWork(): void {
    const [next] = this.#sent.values()
    if (next === undefined) clearTimeout(this.#watchdog)
    else this.#guard(this.#patienceFor(next))
  }

  #guard(patienceMs: number): void {
    clearTimeout(this.#watchdog)
    this.#watchdog = setTimeout(() => {
      this.#lost = new SealstoneError('TOKEN_UNAVAILABLE', `the key host did not answer for ${patienceMs} ms and was killed`)
      this.#child?.kill()
    }, patienceMs)
  }

  #patienceFor(job: Job): number {
    return job.command.kind === 'sign' ? this.#options.watchdogMs : 10 * this.#options.watchdogMs
  }

  #settle(job: Job, finish: () => void): void {
    if (job.settled) return
    job.settled = true
    job.release()
    this.#waitingBytes -= job.bytes
    // One that waits is forgotten; one that the child has keeps its place in the window until the child answers it.
    if (!this.#sent.has(job.id)) this.#queue = this.#queue.filter((waiting) => waiting !== job)
    finish()
  }

  #end(error: SealstoneError): void {
    this.#state = { kind: 'ended', error }
    this.#failAll(error)
  }

  #failAll(error: SealstoneError): void {
    const jobs = [...this.#sent.values(), ...this.#queue]
    this.#sent.clear()
    this.#queue = []
    for (const job of jobs) this.#settle(job, () => job.reject(error))
  }
}

const OPEN_ID = 0
/** Commands that a child may have at once: enough to keep it busy, few enough that a cancelled one rarely runs. */
const WINDOW = 4
const MAX_ATTEMPTS = 2
const FIRST_DELAY_MS = 100
const LONGEST_DELAY_MS = 10_000
const OPEN_PATIENCE_MS = 60_000
const CLOSE_PATIENCE_MS = 2000
const NEVER_RETRIED: ReadonlySet<ErrorCode> = new Set(['TOKEN_PIN_REFUSED', 'SELF_TEST_FAILED', 'HOME_INSECURE'])
