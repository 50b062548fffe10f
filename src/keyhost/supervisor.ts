/** Keeps one key host alive: opening, watchdog, respawn with back-off, one retry of what a dead child had. Holds no secret. */
import { type ErrorCode, type Logger, SealstoneError } from '#core'
import { type ChildOptions, type KeyHostChild, startChild } from './child-process.ts'
import { type Command, type CommandKind, type Commands, fromWireError, PROTOCOL_VERSION, type ReplyMessage, type TokenInfo } from './protocol.ts'
import { type Job, type SubmitOptions, WorkQueue } from './work-queue.ts'

export interface SupervisorOptions {
  readonly child: Pick<ChildOptions, 'env' | 'files'>
  readonly open: Commands['open']['request']
  readonly logger: Logger
  /** A child that answers nothing for so long while it has work is killed. Default 20 s; key generation gets ten times as long. */
  readonly watchdogMs: number
}

type State =
  | { readonly kind: 'opening' }
  | { readonly kind: 'ready' }
  /** The child is gone and the next one did not open; tried again after a while. Callers get the reason at once. */
  | { readonly kind: 'down'; readonly error: SealstoneError }
  /** Nothing is tried again: a refused PIN, a failed self-test, or closed. */
  | { readonly kind: 'ended'; readonly error: SealstoneError }

export class Supervisor {
  readonly #options: SupervisorOptions
  #state: State = { kind: 'opening' }
  #child: KeyHostChild | undefined
  #info: TokenInfo | undefined
  #opened = Promise.withResolvers<TokenInfo>()
  readonly #work = new WorkQueue()
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

  /** False while no child could be opened, or none will be any more; a death that is being repaired does not count. */
  get isAvailable(): boolean {
    return this.#state.kind === 'ready' || this.#state.kind === 'opening'
  }

  get respawns(): number {
    return Math.max(0, this.#starts - 1)
  }

  submit<Kind extends Exclude<CommandKind, 'open' | 'provision'>>(
    command: Extract<Command, { kind: Kind }>,
    options: SubmitOptions,
  ): Promise<Commands[Kind]['result']> {
    if (this.#state.kind === 'down' || this.#state.kind === 'ended') return Promise.reject(this.#state.error)
    const result = this.#work.submit<Kind>(command, options)
    this.#pump()
    return result
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
    if (!this.#work.isInFlight(reply.id)) return
    if (!reply.ok && reply.lost) {
      // The module is lost: everything this child has is taken back when it is gone, and tried once more on the next one.
      this.#lost = fromWireError(reply.error)
      this.#child?.kill()
      return
    }
    this.#failures = 0
    this.#work.answer(reply.id, ({ resolve, reject }) => (reply.ok ? resolve(reply.result as never) : reject(fromWireError(reply.error))))
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
    this.#work.failAll(error)
    this.#opened.reject(error)
    this.#child?.kill()
  }

  #onExit(how: string): void {
    this.#child = undefined
    clearTimeout(this.#watchdog)
    this.#onGone?.()
    if (this.#state.kind === 'ended') return
    const error = this.#lost ?? new SealstoneError('TOKEN_UNAVAILABLE', `the key host ended (${how})`)
    this.#options.logger.warn({ how, error: error.message, ...this.#work.counts }, 'key host is gone')
    if (this.#state.kind === 'opening' && this.#info === undefined) {
      this.#end(error)
      this.#opened.reject(error)
      return
    }
    if (this.#state.kind === 'opening') {
      this.#state = { kind: 'down', error }
      this.#work.failAll(error)
    }
    this.#work.takeBack(error)
    this.#respawnLater()
  }

  /** At once after a single death; from the second failure in a row 100 ms, 200 ms, … up to 10 s, with jitter. */
  #respawnLater(): void {
    const delayMs = this.#failures === 0 ? 0 : Math.min(FIRST_DELAY_MS * 2 ** (this.#failures - 1), LONGEST_DELAY_MS) * (0.5 + Math.random() / 2)
    this.#failures += 1
    if (this.#state.kind === 'ready') this.#state = { kind: 'opening' }
    this.#retry = setTimeout(() => this.#spawn(), delayMs)
  }

  #pump(): void {
    while (this.#state.kind === 'ready') {
      const wasIdle = this.#work.oldestInFlight === undefined
      const job = this.#work.take()
      if (job === undefined) return
      if (wasIdle) this.#guard(this.#patienceFor(job))
      this.#child?.send({ protocol: PROTOCOL_VERSION, id: job.id, command: job.command })
    }
  }

  #guardWork(): void {
    const next = this.#work.oldestInFlight
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

  #end(error: SealstoneError): void {
    this.#state = { kind: 'ended', error }
    this.#work.failAll(error)
  }
}

const OPEN_ID = 0
const FIRST_DELAY_MS = 100
const LONGEST_DELAY_MS = 10_000
const OPEN_PATIENCE_MS = 60_000
const CLOSE_PATIENCE_MS = 2000
const NEVER_RETRIED: ReadonlySet<ErrorCode> = new Set(['TOKEN_PIN_REFUSED', 'SELF_TEST_FAILED'])
