/** Keeps the key host alive: several children behind one queue. A lost child costs its work one retry; with none left callers hear why at once. */
import { type Logger, SealstoneError } from '#core'
import type { Command, CommandKind, Commands, ReplyMessage, TokenInfo } from './protocol.ts'
import { fromWireError } from './protocol.ts'
import { Slot, type SlotOptions } from './slot.ts'
import { type Job, type SubmitOptions, WorkQueue } from './work-queue.ts'

export interface SupervisorOptions extends SlotOptions {
  readonly children: number
  readonly logger: Logger
  /** Told how many seconds a command waited for a child. */
  readonly onWaited?: (seconds: number) => void
  /** The token did not take the PIN. */
  readonly onPinRefused?: (error: SealstoneError) => void
}

export class Supervisor {
  readonly #slots: readonly Slot[]
  readonly #first: Slot
  readonly #work = new WorkQueue()
  readonly #opened = Promise.withResolvers<TokenInfo>()
  readonly #onWaited: ((seconds: number) => void) | undefined
  #ended: SealstoneError | undefined
  #next = 0

  constructor({ children, onWaited, onPinRefused, ...options }: SupervisorOptions) {
    this.#onWaited = onWaited
    const events = {
      isWanted: () => this.#work.count > 0,
      onRoom: (slot: Slot) => this.#onRoom(slot),
      onReply: (job: Job, reply: ReplyMessage) => this.#onReply(job, reply),
      onOpenFailed: (error: SealstoneError) => {
        if (error.code === 'TOKEN_PIN_REFUSED') onPinRefused?.(error)
      },
      onLost: (slot: Slot, jobs: readonly Job[], error: SealstoneError) => this.#onLost(slot, jobs, error),
    }
    this.#first = new Slot(options, events, true)
    this.#slots = [this.#first, ...Array.from({ length: children - 1 }, () => new Slot(options, events, false))]
  }

  /** Resolves when the first child is open; the others follow. Throws what stopped it; then nothing runs. */
  async start(): Promise<TokenInfo> {
    this.#first.start()
    const info = await this.#opened.promise
    // Not before: a PIN that is refused must not be sent by several.
    for (const slot of this.#slots) if (slot !== this.#first) slot.start()
    return info
  }

  get info(): TokenInfo | undefined {
    return this.#first.info
  }

  /** Of the children that live now. */
  get pids(): number[] {
    return this.#slots.map(({ pid }) => pid).filter((pid) => pid !== undefined)
  }

  /** False while no child could be opened, or none will be any more; a death that is being repaired does not count. */
  get isAvailable(): boolean {
    return this.#ended === undefined && this.#slots.some(({ state }) => state.kind === 'ready' || state.kind === 'opening')
  }

  get respawns(): number {
    return this.#slots.reduce((sum, { respawns }) => sum + respawns, 0)
  }

  /** Commands that wait or run. */
  get load(): number {
    return this.#work.count
  }

  submit<Kind extends Exclude<CommandKind, 'open' | 'provision' | 'probe'>>(
    command: Extract<Command, { kind: Kind }>,
    options: SubmitOptions,
  ): Promise<Commands[Kind]['result']> {
    for (const slot of this.#slots) slot.hurry()
    const reason = this.#whyNot()
    if (reason !== undefined) return Promise.reject(reason)
    const result = this.#work.submit<Kind>(command, options)
    this.#pump()
    return result
  }

  /** Resolves when everything that was submitted before has its answer. */
  settled(): Promise<void> {
    return this.#work.settled()
  }

  async close(): Promise<void> {
    const error = this.#ended ?? new SealstoneError('TOKEN_UNAVAILABLE', 'the key host is closed')
    this.#ended = error
    this.#work.failWaiting(error)
    await Promise.all(this.#slots.map((slot) => slot.close(error)))
  }

  /** The breaker: while no child is there or on its way, nobody waits for one. */
  #whyNot(): SealstoneError | undefined {
    if (this.#ended !== undefined) return this.#ended
    const states = this.#slots.map(({ state }) => state)
    if (states.some(({ kind }) => kind === 'ready' || kind === 'opening')) return undefined
    return states.map((state) => ('error' in state ? state.error : undefined)).find((error) => error !== undefined)
  }

  #onRoom(slot: Slot): void {
    if (slot === this.#first && slot.info !== undefined) this.#opened.resolve(slot.info)
    this.#pump()
  }

  #onReply(job: Job, reply: ReplyMessage): void {
    this.#work.settle(job, () => (reply.ok ? job.resolve(reply.result as never) : job.reject(fromWireError(reply.error))))
  }

  #onLost(slot: Slot, jobs: readonly Job[], error: SealstoneError): void {
    this.#work.takeBack(jobs, error)
    if (slot === this.#first && slot.info === undefined && slot.state.kind === 'ended') this.#opened.reject(error)
    const reason = this.#whyNot()
    if (reason !== undefined) this.#work.failWaiting(reason)
    else this.#pump()
  }

  /** The one that makes and checks keys, so that no two do it at once: the first one, and after its end for good the next. */
  get #maker(): Slot | undefined {
    return this.#slots.find(({ state }) => state.kind !== 'ended')
  }

  /** In turn, so that all children have work before one has much of it. */
  #pump(): void {
    for (let idle = 0; idle < this.#slots.length; ) {
      const slot = this.#slots[this.#next++ % this.#slots.length]
      const job = slot?.hasRoom === true ? this.#work.take((command) => command.kind === 'sign' || slot === this.#maker) : undefined
      if (job === undefined) idle += 1
      else {
        idle = 0
        this.#onWaited?.((performance.now() - job.submittedAt) / 1000)
        slot?.give(job)
      }
    }
  }
}
