/**
 * Decisions on their way to the audit log. Whoever decides never waits: they are kept in memory, and in the spool as long as the daemon is
 * away. Each is sent at least once.
 */
import { SealstoneError, toSealstoneError } from '#core'
import type { Decision } from '#client'
import type { GatewayDecision } from './approval.ts'
import { DecisionSpool } from './decision-spool.ts'

/** The part of the client that is needed. */
export interface DecisionLog extends AsyncDisposable {
  recordDecision(decision: Decision): Promise<unknown>
}

export interface DecisionQueueOptions {
  readonly folder: string
  /** Called when there is something to send, and again after a failure. */
  readonly connect: () => Promise<DecisionLog>
  /** For the person who reads standard error: once when decisions begin to pile up, once for what is refused. */
  readonly note: (text: string) => void
  /** Waits between tries; default 1 second, then up to a minute. */
  readonly retryMs?: number
}

export class DecisionQueue {
  readonly #options: DecisionQueueOptions
  readonly #spool: DecisionSpool
  #memory: GatewayDecision[] = []
  #lost = 0
  #sending: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #failures = 0
  #isRefused = false
  #failedInARow = 0
  #hasToldFull = false
  #closed = false
  #late = false

  constructor(options: DecisionQueueOptions) {
    this.#options = options
    this.#spool = new DecisionSpool(options.folder)
  }

  /** Returns at once and never throws. */
  add(decision: GatewayDecision): void {
    if (this.#memory.length >= MOST_IN_MEMORY) this.#keep()
    this.#memory.push(decision)
    this.#schedule(FIRST_PAUSE_MS)
  }

  /** What gateways that are gone have left, soon, even if this one decides nothing. Connects only where there is something. */
  sendLeftBehind(): void {
    this.#schedule(FIRST_PAUSE_MS)
  }

  /** Sends what there is, once, within the time; the rest stays in the file. */
  async close(withinMs: number): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    if (this.#waits) {
      const late = Promise.withResolvers<void>()
      const timer = setTimeout(late.resolve, withinMs)
      await Promise.race([this.#sending ?? this.#send(), late.promise])
      clearTimeout(timer)
    }
    this.#late = true
    this.#keep()
  }

  get #waits(): boolean {
    return this.#memory.length > 0 || this.#spool.waits
  }

  #schedule(ms: number): void {
    if (this.#closed || this.#timer !== undefined || this.#sending !== undefined) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#sending = this.#send().finally(() => {
        this.#sending = undefined
        if (this.#waits || this.#spool.isOwed) this.#schedule(this.#pauseMs())
      })
    }, ms)
    this.#timer.unref()
  }

  #pauseMs(): number {
    if (this.#failures === 0) return 0
    return this.#isRefused ? LONGEST_PAUSE_MS : Math.min((this.#options.retryMs ?? 1000) * 2 ** (this.#failures - 1), LONGEST_PAUSE_MS)
  }

  async #send(): Promise<void> {
    if (!this.#waits && !this.#spool.isOwed) return
    try {
      await using log = await this.#options.connect()
      this.#spool.takeAsides()
      let failure: SealstoneError | undefined
      const deliver = async (decision: GatewayDecision): Promise<void> => {
        failure = (await this.#deliver(log, decision)) ?? failure
      }
      for (const name of await this.#spool.sendLeftBehind(deliver))
        this.#options.note(`${name} in ${this.#options.folder} is no file of this user, so it is not sent`)
      while (this.#waits && !this.#late) {
        if (this.#spool.waits) await this.#spool.sendOwn(deliver)
        const [first] = this.#memory
        if (first === undefined || this.#spool.waits) continue
        await deliver(first)
        if (this.#memory[0] === first) this.#memory.shift() // otherwise it was put into the spool meanwhile
      }
      if (this.#lost > 0) {
        const lost = this.#lost
        await deliver({ operation: 'mcp.connect', decision: 'warned', subject: 'mcp gateway', reason: `${lost} decisions were not kept` })
        this.#lost -= lost
      }
      if (failure !== undefined) return this.#failed(failure)
      this.#failures = 0
      this.#isRefused = false
    } catch (error) {
      this.#failed(toSealstoneError(error))
    }
  }

  /** A daemon that takes no decisions of ours may be set right: they are kept, and it is asked seldom. */
  #failed(error: SealstoneError): void {
    const { grpc } = error.entry
    const isRefused = grpc === 'PERMISSION_DENIED' || grpc === 'UNIMPLEMENTED'
    const first = this.#failures++ === 0 || isRefused !== this.#isRefused
    this.#isRefused = isRefused
    if (first && !this.#late) {
      const told = isRefused ? `: the daemon refuses them: ${error.message}; ${RIGHT_HINT}` : `: ${error.message}`
      this.#options.note(`decisions are kept in ${this.#options.folder}${told}`)
    }
    this.#keep()
  }

  /**
   * A decision that the daemon will never take is not tried again, and one at which it fails is set aside until the next round: the others must
   * not wait behind it. Throws where it fails at each. @returns why this one was set aside
   */
  async #deliver(log: DecisionLog, decision: GatewayDecision): Promise<SealstoneError | undefined> {
    if (this.#late) throw new SealstoneError('CANCELLED')
    try {
      await log.recordDecision(decision)
      this.#failedInARow = 0
    } catch (error) {
      const grpc = error instanceof SealstoneError ? error.entry.grpc : undefined
      if (grpc === 'INVALID_ARGUMENT') {
        this.#options.note(`the audit log does not take a decision: ${toSealstoneError(error).message}`)
        return undefined
      }
      if ((grpc !== 'INTERNAL' && grpc !== 'DATA_LOSS') || this.#failedInARow >= MOST_IN_A_ROW) {
        this.#failedInARow = 0
        throw error
      }
      this.#failedInARow++
      this.#spool.setAside(decision)
      return toSealstoneError(error)
    }
    return undefined
  }

  #keep(): void {
    const decisions = this.#memory.splice(0)
    if (decisions.length === 0) return
    try {
      if (this.#spool.append(decisions)) return
      this.#lost += decisions.length
      const what = decisions.length === 1 ? '1 decision is' : `${decisions.length} decisions are`
      if (!this.#hasToldFull) this.#options.note(`${this.#options.folder} is full: ${what} not kept, and the log will be told how many were not`)
      this.#hasToldFull = true
    } catch (error) {
      this.#lost += decisions.length
      this.#options.note(`${decisions.length} decisions cannot be kept: ${toSealstoneError(error).message}`)
    }
  }
}

const RIGHT_HINT = 'give this machine the right audit.record, or update the daemon'
/** The first calls of a host are not held up by what connecting loads. */
const FIRST_PAUSE_MS = 500
const MOST_IN_MEMORY = 1000
/** A daemon that fails at more decisions in a row fails at any. */
const MOST_IN_A_ROW = 3
const LONGEST_PAUSE_MS = 60_000
