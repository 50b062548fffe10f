/** One host and one server, message by message: what the guard lets through goes on as it came, in order, with nothing piling up. */
import { SealstoneError, toSealstoneError } from '#core'
import { type Incoming, type Link, type MessageHead, OwnRequests, readHead, type Receiver, serverFault, type UpstreamLimits } from '#upstream'
import { errorAnswer, failedAnswer, INVALID_REQUEST } from './answers.ts'
import type { Approval, Mode, Report } from './approval.ts'
import { Guard, type Ruling } from './guard.ts'
import type { HostEnd } from './line-writer.ts'
import { LongAnswers } from './long-answers.ts'

export interface SessionOptions {
  readonly mode: Mode
  readonly approval: Approval | undefined
  readonly limits: UpstreamLimits
  readonly report: Report
  readonly link: Link
  readonly host: HostEnd
  /** For the person who reads standard error. */
  readonly note: (text: string) => void
}

export class StdioSession implements Receiver {
  /** Rejects when the server has gone, once the host was told. */
  readonly ending: Promise<never>
  readonly #fail: (error: SealstoneError) => void
  readonly #link: Link
  readonly #host: HostEnd
  readonly #limits: UpstreamLimits
  readonly #note: (text: string) => void
  readonly #guard: Guard
  readonly #own: OwnRequests
  /** Requests of the host without an answer, by id. */
  readonly #pending = new Map<string, Pending>()
  #waitingBytes = 0
  /** Messages of the server that wait for a comparison, in order. */
  #serverQueue: Promise<void> = Promise.resolve()
  #queued = 0
  readonly #longs: LongAnswers
  #strays = 0
  #idle: PromiseWithResolvers<void> | undefined

  constructor(options: SessionOptions) {
    this.#link = options.link
    this.#host = options.host
    this.#limits = options.limits
    this.#note = options.note
    this.#own = new OwnRequests(options.limits)
    this.#guard = new Guard({
      ...options,
      ask: (method, params, how) => this.#own.ask(method, params, (message) => this.#sendOwn(message), how ?? {}),
    })
    this.#longs = new LongAnswers({
      isCalls: (head) => this.#passesUnseen(head),
      mayBeCalls: ({ id, answers }) => answers !== undefined && id === undefined && this.#pending.size > 0,
      leastHeld: 0,
      mostHeld: options.limits.messageBytes,
      whole: (head, bytes) => this.#whole(head, bytes),
      pass: (incoming) => this.#pass(incoming),
    })
    const { promise, reject } = Promise.withResolvers<never>()
    promise.catch(() => {}) // whoever waits for it is told; nobody need
    this.ending = promise
    this.#fail = reject
    this.#link.receive(this)
  }

  /** A message of the host. Resolves when more may come. */
  async fromHost(head: MessageHead, bytes: Uint8Array): Promise<void> {
    const { id, method } = head
    if (method === undefined || id === undefined) {
      if (head.cancels !== undefined) this.#cancel(head.cancels)
      if (method !== undefined && !this.#guard.passesNotification(head)) return
      await this.#forward(bytes, head)
      if (method !== undefined) this.#guard.afterNotification(head)
      return
    }
    const refusal = this.#refuse(id)
    if (refusal !== undefined) return await this.#host.write(errorAnswer(id, INVALID_REQUEST, refusal))
    const pending: Pending = { method, waits: false, cancelled: false }
    this.#pending.set(id, pending)
    const ruling = this.#guard.onRequest(head, bytes)
    if (!(ruling instanceof Promise)) return await this.#apply(ruling, id, bytes, head)
    // The host goes on meanwhile: the server may need an answer of it before it can list what it offers.
    if (this.#waitingBytes + bytes.length > MOST_WAITING_BYTES) {
      this.#settle(id)
      return await this.#host.write(failedAnswer(id, new SealstoneError('OVERLOADED')))
    }
    pending.waits = true
    this.#waitingBytes += bytes.length
    void ruling.then(async (settled) => {
      pending.waits = false
      this.#waitingBytes -= bytes.length
      if (pending.cancelled) this.#settle(id)
      else await this.#apply(settled, id, bytes, head)
    })
  }

  /** Resolves when every request of the host has its answer. */
  async settled(): Promise<void> {
    this.#forgetCancelled()
    if (!this.#owesAnswers()) return
    this.#idle ??= Promise.withResolvers()
    await this.#idle.promise
  }

  message(incoming: Incoming): void | Promise<void> {
    if (incoming.part === 'whole') return this.#whole(incoming.head, incoming.bytes)
    return this.#longs.take(incoming).catch(async (error: unknown) => await this.stop(toSealstoneError(error, 'MCP_SERVER_FAULT')))
  }

  /** The message of which pieces came has no end. */
  broke(): void {
    this.#longs.drop()
    this.#host.abandon()
  }

  lost(id: string, error: SealstoneError): void {
    if (this.#own.owns(id)) this.#own.lose(id, error)
    else if (this.#settle(id)) void this.#host.write(failedAnswer(id, error))
  }

  ended(error: SealstoneError): void {
    this.broke()
    this.#own.fail(error)
    for (const id of this.#pending.keys()) this.lost(id, error)
    this.#fail(error)
  }

  /** Nothing of this server is listened to any more. */
  async stop(fault: SealstoneError): Promise<void> {
    this.ended(fault)
    await this.#link.close()
  }

  async #apply(ruling: Ruling, id: string, bytes: Uint8Array, head: MessageHead): Promise<void> {
    if (ruling.kind === 'pass') return await this.#forward(bytes, head)
    this.#settle(id)
    if (ruling.kind === 'answer') await this.#host.write(ruling.message)
  }

  async #forward(bytes: Uint8Array, head: MessageHead): Promise<void> {
    try {
      await this.#link.send(bytes, head)
    } catch (error) {
      if (head.id !== undefined && head.method !== undefined) this.lost(head.id, toSealstoneError(error))
    }
  }

  async #sendOwn(message: Uint8Array): Promise<void> {
    await this.#link.send(message, readHead(message, this.#limits.depth))
  }

  #refuse(id: string): string | undefined {
    if (this.#own.owns(id)) return 'the id begins like those of the gateway'
    if (this.#pending.has(id)) return 'a request with this id waits for its answer already'
    if (this.#pending.size >= MOST_PENDING) this.#forgetCancelled()
    return this.#pending.size >= MOST_PENDING ? `${MOST_PENDING} requests wait for their answers already` : undefined
  }

  #cancel(id: string): void {
    const pending = this.#pending.get(id)
    if (pending !== undefined) pending.cancelled = true // one that waits has not reached the server, and will not
  }

  /** Servers leave cancelled requests without an answer, as they should; one that comes after this is nobody's. */
  #forgetCancelled(): void {
    if (this.#longs.isWithin) return // it may be the answer to one of them
    for (const [id, { waits, cancelled }] of this.#pending) if (cancelled && !waits) this.#settle(id)
  }

  #settle(id: string): boolean {
    const known = this.#pending.delete(id)
    if (this.#idle !== undefined && !this.#owesAnswers()) this.#idle.resolve()
    return known
  }

  /** One that the host listens on is open until somebody ends it. */
  #owesAnswers(): boolean {
    return this.#pending.values().some(({ method }) => method !== 'subscriptions/listen')
  }

  #whole(head: MessageHead, bytes: Uint8Array): void | Promise<void> {
    if (head.answers !== undefined) return this.#answer(head, bytes)
    const ruling = this.#guard.onServerMessage(head)
    if (!(ruling instanceof Promise) && (this.#queued === 0 || ruling.kind === 'drop')) return this.#applyToServer(ruling, head, bytes)
    if (this.#queued >= MOST_QUEUED || bytes.length > this.#limits.heldBytes) {
      return this.stop(serverFault(`the server sends more than ${MOST_QUEUED} messages before what it offers was compared`))
    }
    // Not awaited: the answers that the comparison needs come on the same way.
    this.#queued++
    this.#serverQueue = this.#serverQueue.then(async () => {
      try {
        await this.#applyToServer(await ruling, head, bytes)
      } catch (error) {
        await this.stop(toSealstoneError(error, 'MCP_SERVER_FAULT'))
      } finally {
        this.#queued--
      }
    })
  }

  #applyToServer(ruling: Ruling, head: MessageHead, bytes: Uint8Array): void | Promise<void> {
    if (ruling.kind === 'pass') return this.#host.write(bytes, head)
    if (ruling.kind === 'answer') return this.#sendOwn(ruling.message)
  }

  #answer(head: MessageHead, bytes: Uint8Array): void | Promise<void> {
    const { id = 'null' } = head
    if (this.#own.owns(id)) return void this.#own.settle(id, bytes)
    const pending = this.#pending.get(id)
    if (pending === undefined || pending.waits) return this.#stray()
    this.#settle(id)
    const ruling = this.#guard.looksAtAnswer(pending.method) ? this.#guard.onIdentity(pending.method, head, bytes) : PASS
    if (ruling.kind !== 'drop') return ruling.kind === 'pass' ? this.#host.write(bytes, head) : this.#host.write(ruling.message)
  }

  #pass(incoming: Incoming): Promise<void> {
    if (incoming.part === 'last') this.#settle(incoming.head.id ?? '')
    return this.#host.part(incoming)
  }

  /** It is an answer to a request of the host, and not one at which the guard looks. */
  #passesUnseen({ id, answers }: MessageHead): boolean {
    if (answers === undefined) return false
    // Without its id it is one if it can be nothing else.
    if (id === undefined)
      return !this.#own.waits && this.#pending.size > 0 && [...this.#pending.values()].every(({ method }) => !this.#guard.looksAtAnswer(method))
    const pending = this.#pending.get(id)
    return pending !== undefined && !pending.waits && !this.#guard.looksAtAnswer(pending.method)
  }

  /** Answers to nobody are left out, and counted: a host that reuses ids could take one for another. */
  #stray(): void {
    if (++this.#strays === 1) this.#note('the MCP server answers what was not asked; such answers are left out')
  }
}

interface Pending {
  readonly method: string
  /** For a comparison; it has not been sent. */
  waits: boolean
  /** The host does not want the answer any more. */
  cancelled: boolean
}

const PASS: Ruling = { kind: 'pass' }
const MOST_PENDING = 1024
const MOST_WAITING_BYTES = 32 * 1024 * 1024
const MOST_QUEUED = 64
