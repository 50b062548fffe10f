/** One server of a fleet: its guarded session, which takes the fleet for its host and speaks the era of its server. */
import { type JsonObject, type SealstoneError } from '#core'
import { type Era, type Incoming, type Link, type MessageHead, type OwnIds, readHead, type UpstreamLimits } from '#upstream'
import { FleetAsking } from './fleet-asking.ts'
import { type Answer, type MemberIdentity, shakeHands, type ShakenServer } from './fleet-handshake.ts'
import type { FleetHost } from './fleet-host.ts'
import { writeMessage } from './fleet-messages.ts'
import { filterFor } from './fleet-subscriptions.ts'
import type { HostEnd, HostOutput } from './line-writer.ts'
import { LongAnswers } from './long-answers.ts'
import { Pace } from './pace.ts'
import { type SessionOptions, StdioSession } from './stdio-session.ts'

/** Who takes what a server sends that is no answer to the fleet itself. */
export interface FleetSink {
  fromServer(member: FleetMember, head: MessageHead, bytes: Uint8Array): Promise<void> | undefined
  /** An answer to this request may go to the host in pieces; others are held whole. */
  mayStream(member: FleetMember, id: string): boolean
  /** A long answer to a request of the host goes to it. @returns what changes its pieces on the way */
  passes(member: FleetMember, head: MessageHead): ((incoming: Incoming) => Incoming) | undefined
  /** All of it went there. */
  answered(id: string): void
  /** It is gone. Called once. */
  memberEnded(member: FleetMember, error: SealstoneError): void
}

export interface MemberOptions extends Omit<SessionOptions, 'host'> {
  /** In front of the names of its tools. */
  readonly name: string
  /** Starts it once more. Missing where that is no help. */
  readonly reopen?: () => Promise<Link>
}

export class FleetMember implements HostEnd, ShakenServer {
  readonly name: string
  readonly limits: UpstreamLimits
  /** Undefined until it has said who it is, and where it did not. */
  identity: MemberIdentity | undefined
  isUp = true
  readonly #options: MemberOptions
  readonly #sink: FleetSink
  readonly #asking: FleetAsking
  /** Up to what is read here all is held, for others cannot speak to the host while a long one passes. */
  readonly #longs: LongAnswers
  readonly #line: ReturnType<HostOutput['source']>
  readonly #pace: Pace
  #session: StdioSession
  #link: Link
  #host: FleetHost | undefined
  #isShaking = false
  #isClosed = false
  #ended: SealstoneError | undefined
  #edit: ((incoming: Incoming) => Incoming) | undefined
  /** The request since 2026-07-28 on which it tells of changes. */
  #listening: string | undefined
  #level: string | undefined
  #replies = 0

  constructor(options: MemberOptions, host: HostOutput, sink: FleetSink, ids: OwnIds) {
    const { name, limits, link } = options
    this.name = name
    this.limits = limits
    this.#options = options
    this.#sink = sink
    this.#asking = new FleetAsking(name, ids, ({ head, bytes }) => this.forward(head, bytes))
    this.#longs = new LongAnswers({
      isCalls: (head) => this.#isCalls(head) && sink.mayStream(this, head.id ?? ''),
      mayBeCalls: ({ id, answers }) => answers !== undefined && id === undefined,
      leastHeld: limits.messageBytes,
      mostHeld: limits.messageBytes,
      whole: (head, bytes) => this.write(bytes, head),
      pass: (incoming) => this.#pass(incoming),
    })
    this.#line = host.source()
    this.#pace = new Pace(limits, this.#line, (fault) => void this.#session.stop(fault))
    this.#link = link
    this.#session = this.#open(link)
  }

  get era(): Era {
    return this.identity?.era ?? this.#host?.era ?? 'legacy'
  }

  get capabilities(): JsonObject {
    return this.identity?.capabilities ?? {}
  }

  /** Says who the host is and asks who it is. What it answers is in `identity`. @returns why it is left out */
  async begin(host: FleetHost): Promise<JsonObject | undefined> {
    this.#host = host
    this.#asking.client = host.client
    this.#isShaking = true
    const shaken = await shakeHands(this, host)
    this.#isShaking = false
    if (this.#ended !== undefined) this.#gone(this.#ended)
    if ('error' in shaken) return shaken.error
    this.identity = shaken
    // A host of that era says so itself.
    if (shaken.era === 'legacy' && host.era === 'modern') this.notify('notifications/initialized')
    return undefined
  }

  /** Never rejects: silence and a server that has gone are answers with an error. */
  async ask(method: string, params: JsonObject | undefined, timeoutMs: number, era: Era = this.era): Promise<Answer> {
    return await this.#asking.ask(method, params, timeoutMs, era)
  }

  /** From now on it tells of these changes, and no more of others. For servers since 2026-07-28; those before tell of all lists unasked. */
  listen(lists: ReadonlySet<string>, uris: ReadonlySet<string>): void {
    const before = this.#listening
    const notifications = filterFor(lists, uris)
    const ended = (): void => void (this.#listening = undefined)
    this.#listening =
      Object.keys(notifications).length === 0 ? undefined : this.#asking.begin('subscriptions/listen', { notifications }, 'modern', ended)
    if (before === undefined) return
    this.#asking.forget(before)
    this.notify('notifications/cancelled', { requestId: JSON.parse(before) as string })
  }

  /** Of its log, for servers of before 2026-07-28. */
  setLevel(level: string): void {
    if (level === this.#level || this.capabilities['logging'] === undefined) return
    this.#level = level
    void this.ask('logging/setLevel', { level }, this.limits.requestMs)
  }

  notify(method: string, params?: JsonObject): void {
    const { head, bytes } = writeMessage(undefined, { method, ...(params === undefined ? {} : { params }) })
    void this.forward(head, bytes).catch(() => {}) // whoever has gone is told of nothing
  }

  async forward(head: MessageHead, bytes: Uint8Array): Promise<void> {
    await this.#session.fromHost(head, bytes)
  }

  /** Answers a request of the server. Waited for only where many have not been taken: it may want to be read before it reads. */
  reply(id: string, answer: JsonObject): Promise<void> | undefined {
    const { head, bytes } = writeMessage(id, answer)
    this.#replies++
    const taken = this.forward(head, bytes)
      .catch(() => {}) // who has gone needs no answer
      .finally(() => this.#replies--)
    return this.#replies > MOST_REPLIES ? taken : undefined
  }

  async settled(): Promise<void> {
    await this.#session.settled()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#link.close()
  }

  async hasEnded(): Promise<boolean> {
    await new Promise(setImmediate) // its end may be news of this very moment
    return this.#ended !== undefined
  }

  async revive(): Promise<boolean> {
    const { reopen } = this.#options
    if (reopen === undefined || this.#isClosed) return false
    try {
      this.#link = await reopen()
    } catch {
      return false // the first end of it is told
    }
    if (this.#isClosed) await this.#link.close()
    this.#ended = undefined
    this.#session = this.#open(this.#link)
    return true
  }

  write(message: Uint8Array, head = readHead(message, this.limits.depth)): Promise<void> | undefined {
    if (this.#isCalls(head) || head.answers === undefined) return this.#sink.fromServer(this, head, message)
    this.#asking.settle(head, message)
    return undefined
  }

  async part(incoming: Incoming): Promise<void> {
    await this.#longs.take(incoming)
  }

  abandon(): void {
    this.#longs.drop()
    this.#pace.end()
    this.#line.abandon()
  }

  #open(link: Link): StdioSession {
    const { mode, approval, limits, report, note } = this.#options
    const session = new StdioSession({ mode, approval, limits, report, note, link, host: this })
    session.ending.catch((error: SealstoneError) => {
      if (this.#isShaking) this.#ended = error
      else this.#gone(error)
    })
    return session
  }

  #gone(error: SealstoneError): void {
    this.isUp = false
    this.#sink.memberEnded(this, error)
  }

  #isCalls({ id, answers }: MessageHead): boolean {
    return answers !== undefined && id !== undefined && !this.#asking.owns(id)
  }

  async #pass(incoming: Incoming): Promise<void> {
    if (incoming.part === 'first') {
      this.#pace.begin()
      this.#edit = this.#sink.passes(this, incoming.head)
    }
    const edited = this.#edit?.(incoming) ?? incoming
    await this.#pace.during(edited.bytes.length, this.#line.part(edited))
    if (incoming.part !== 'last') return
    this.#pace.end()
    this.#sink.answered(incoming.head.id ?? '')
  }
}

const MOST_REPLIES = 8
