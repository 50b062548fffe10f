/** One place for a key host child: opens it, gives it work, watches over it, and puts another in its place when it is lost. Holds no secret. */
import { type ErrorCode, type Logger, SealstoneError } from '#core'
import { type KeyHostChild, type KeyHostChildOptions, startChild } from './child-process.ts'
import { type Commands, fromWireError, PROTOCOL_VERSION, type ReplyMessage, type TokenInfo } from './protocol.ts'
import { SentKeys } from './sent-keys.ts'
import type { Job } from './work-queue.ts'

export interface SlotOptions {
  readonly child: Pick<KeyHostChildOptions, 'env' | 'files'>
  readonly open: Commands['open']['request']
  readonly logger: Logger
  /** A child that answers nothing for so long while it has work is killed; key generation gets ten times as long. */
  readonly watchdogMs: number
}

export interface SlotEvents {
  /** Whether anything waits for a child. */
  isWanted(): boolean
  /** The child takes work: it has just opened, or has answered something. */
  onRoom(slot: Slot): void
  onReply(job: Job, reply: ReplyMessage): void
  /** It could not open the token. */
  onOpenFailed(error: SealstoneError): void
  /** The child is gone. What it had is given back; `error` says why, for those who must be told. */
  onLost(slot: Slot, jobs: readonly Job[], error: SealstoneError): void
}

export type SlotState =
  | { readonly kind: 'opening' }
  | { readonly kind: 'ready' }
  /** The child is gone and the next one did not open; tried again after a while. */
  | { readonly kind: 'down'; readonly error: SealstoneError }
  /** Nothing is tried again: a refused PIN, a failed self-test, or closed. */
  | { readonly kind: 'ended'; readonly error: SealstoneError }

export class Slot {
  readonly #options: SlotOptions
  readonly #events: SlotEvents
  readonly #mustOpen: boolean
  #state: SlotState = { kind: 'opening' }
  #child: KeyHostChild | undefined
  #info: TokenInfo | undefined
  readonly #sent = new Map<number, Job>()
  #keys = new SentKeys()
  #failures = 0
  #starts = 0
  #startedAt = 0
  #isHurrying = false
  #lost: SealstoneError | undefined
  #watchdog: NodeJS.Timeout | undefined
  #retry: NodeJS.Timeout | undefined
  #onGone: (() => void) | undefined

  /** @param mustOpen a first start that fails is final: it is for a person to mend */
  constructor(options: SlotOptions, events: SlotEvents, mustOpen: boolean) {
    this.#options = options
    this.#events = events
    this.#mustOpen = mustOpen
  }

  get state(): SlotState {
    return this.#state
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

  get #isFirstStart(): boolean {
    return this.#mustOpen && this.#info === undefined
  }

  get hasRoom(): boolean {
    return this.#state.kind === 'ready' && this.#sent.size < WINDOW
  }

  start(): void {
    const { child, logger, open } = this.#options
    this.#state = { kind: 'opening' }
    this.#starts += 1
    this.#startedAt = performance.now()
    this.#isHurrying = false
    this.#lost = undefined
    this.#keys = new SentKeys()
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
    this.#guard(Math.max(this.#options.watchdogMs, OPEN_PATIENCE_MS))
    started.send({ protocol: PROTOCOL_VERSION, id: OPEN_ID, urgent: true, command: { kind: 'open', request: open } })
  }

  give(job: Job): void {
    if (this.#sent.size === 0) this.#guard(this.#patienceFor(job))
    this.#sent.set(job.id, job)
    this.#child?.send({ protocol: PROTOCOL_VERSION, id: job.id, urgent: job.priority === 'log', command: this.#keys.shorten(job.command) })
  }

  /** Somebody asks for a child that is not there: the next try comes now, or 250 ms after the last one. */
  hurry(): void {
    const isWaiting = this.#starts > 0 && this.#child === undefined && this.#state.kind !== 'ended'
    if (!isWaiting || this.#isHurrying) return
    this.#isHurrying = true
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => this.start(), Math.max(0, this.#startedAt + HURRY_MS - performance.now()))
  }

  /** Nothing is given or tried again. Resolves when the child is gone. */
  async close(error: SealstoneError): Promise<void> {
    if (this.#state.kind !== 'ended') this.#state = { kind: 'ended', error }
    clearTimeout(this.#retry)
    clearTimeout(this.#watchdog)
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

  #onReply(reply: ReplyMessage): void {
    if (reply.id === OPEN_ID) {
      if (reply.ok) this.#onOpen(reply.result as TokenInfo)
      else this.#onOpenFailed(fromWireError(reply.error))
      return
    }
    const job = this.#sent.get(reply.id)
    if (job === undefined) return
    if (!reply.ok && reply.lost) {
      // The module is lost: everything this child has is taken back when it is gone, and tried once more on another one.
      this.#lost = fromWireError(reply.error)
      this.#child?.kill()
      return
    }
    this.#failures = 0
    this.#sent.delete(reply.id)
    const [next] = this.#sent.values()
    if (next === undefined) clearTimeout(this.#watchdog)
    else this.#guard(this.#patienceFor(next))
    this.#events.onReply(job, reply)
    this.#events.onRoom(this)
  }

  #onOpen(info: TokenInfo): void {
    this.#state = { kind: 'ready' }
    this.#info = info
    clearTimeout(this.#watchdog)
    this.#options.logger.info({ keyHost: this.pid, token: info.label, serial: info.serial, starts: this.#starts }, 'key host ready')
    this.#events.onRoom(this)
  }

  #onOpenFailed(error: SealstoneError): void {
    this.#options.logger.error({ keyHost: this.pid, code: error.code, error: error.message }, 'key host did not open')
    this.#events.onOpenFailed(error)
    // A module that is busy with somebody else says that it is broken: tpm2-pkcs11, for example, when several processes load it at once.
    const mayPass = error.code === 'TOKEN_UNAVAILABLE' && this.#failures < PATIENT_FAILURES
    const isFinal = NEVER_RETRIED.has(error.code) || (this.#isFirstStart && !mayPass)
    this.#state = { kind: isFinal ? 'ended' : 'down', error }
    this.#events.onLost(this, [], error)
    this.#child?.kill()
  }

  #onExit(how: string): void {
    this.#child = undefined
    clearTimeout(this.#watchdog)
    this.#onGone?.()
    const jobs = [...this.#sent.values()]
    this.#sent.clear()
    if (this.#state.kind === 'ended') {
      this.#events.onLost(this, jobs, this.#state.error)
      return
    }
    const error = this.#lost ?? new SealstoneError('TOKEN_UNAVAILABLE', `the key host ended (${how})`)
    this.#options.logger.warn({ how, error: error.message, inFlight: jobs.length }, 'key host is gone')
    // Killed while it opened: one more is opened before callers are told.
    if (this.#state.kind === 'opening' && (this.#isFirstStart || this.#failures > PATIENT_FAILURES))
      this.#state = { kind: this.#isFirstStart ? 'ended' : 'down', error }
    else if (this.#state.kind === 'ready') this.#state = { kind: 'opening' }
    this.#events.onLost(this, jobs, error)
    if (this.#state.kind !== 'ended') this.#respawnLater()
  }

  /** At once after a single death; from the second failure in a row 100 ms, 200 ms, … up to 10 s, with jitter; at most 250 ms while somebody asks. */
  #respawnLater(): void {
    const longest = this.#events.isWanted() ? HURRY_MS : LONGEST_DELAY_MS
    const delayMs = this.#failures === 0 ? 0 : Math.min(FIRST_DELAY_MS * 2 ** (this.#failures - 1), longest) * (0.5 + Math.random() / 2)
    this.#failures += 1
    this.#retry = setTimeout(() => this.start(), delayMs)
  }

  #guard(patienceMs: number): void {
    clearTimeout(this.#watchdog)
    this.#watchdog = setTimeout(() => {
      this.#lost = new SealstoneError('TOKEN_UNAVAILABLE', `the key host did not answer for ${patienceMs} ms and was killed`)
      this.#child?.kill()
    }, patienceMs)
  }

  #patienceFor({ command }: Job): number {
    return command.kind === 'sign' ? this.#options.watchdogMs : 10 * this.#options.watchdogMs
  }
}

/** Commands that a child may have at once: enough to keep it busy while this process is, few enough that a cancelled one rarely runs. */
const WINDOW = 16
const OPEN_ID = 0
const FIRST_DELAY_MS = 100
const LONGEST_DELAY_MS = 10_000
const HURRY_MS = 250
/** So many deaths in a row are repaired before callers are told that there is no key host. */
const PATIENT_FAILURES = 2
/** Loading a module and logging in take long on some devices. */
const OPEN_PATIENCE_MS = 20_000
const CLOSE_PATIENCE_MS = 2000
const NEVER_RETRIED: ReadonlySet<ErrorCode> = new Set(['TOKEN_PIN_REFUSED', 'SELF_TEST_FAILED'])
