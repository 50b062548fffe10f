/** One server of a fleet: its guarded session, which takes the fleet for its host. */
import { isJsonObject, type JsonObject, type SealstoneError } from '#core'
import { type Incoming, type Link, type MessageHead, readHead, type UpstreamLimits } from '#upstream'
import { parseMessage, writeMessage } from './fleet-messages.ts'
import type { HostEnd, HostOutput } from './line-writer.ts'
import { LongAnswers } from './long-answers.ts'
import { Pace } from './pace.ts'
import { type SessionOptions, StdioSession } from './stdio-session.ts'

/** Who takes what a server sends that is no answer to the fleet itself. */
export interface FleetSink {
  fromServer(member: FleetMember, head: MessageHead, bytes: Uint8Array): Promise<void> | undefined
  /** A long answer to a request of the host went to it. */
  answered(member: FleetMember, head: MessageHead): void
  /** It is gone. Called once. */
  memberEnded(member: FleetMember, error: SealstoneError): void
}

export interface MemberOptions extends Omit<SessionOptions, 'host'> {
  /** In front of the names of its tools. */
  readonly name: string
}

/** What a server answered: the error object of JSON-RPC, or the result. */
export type Answer = { readonly result: JsonObject } | { readonly error: JsonObject }

export class FleetMember implements HostEnd {
  readonly name: string
  readonly limits: UpstreamLimits
  /** Of the answer to `initialize`. */
  capabilities: JsonObject = {}
  isUp = true
  readonly #session: StdioSession
  readonly #link: Link
  readonly #sink: FleetSink
  readonly #asked = new Map<string, (answer: Answer) => void>()
  readonly #prefix: string
  /** Up to what is read here all is held, for others cannot speak to the host while a long one passes. */
  readonly #longs: LongAnswers
  readonly #line: ReturnType<HostOutput['source']>
  readonly #pace: Pace
  #next = 1

  /** @param prefix of ids that no host uses */
  constructor({ name, ...session }: MemberOptions, host: HostOutput, sink: FleetSink, prefix: string) {
    this.name = name
    this.limits = session.limits
    this.#link = session.link
    this.#sink = sink
    this.#prefix = prefix
    const { messageBytes } = session.limits
    this.#longs = new LongAnswers({
      isCalls: (head) => this.#isCalls(head),
      mayBeCalls: ({ id, answers }) => answers !== undefined && id === undefined,
      leastHeld: messageBytes,
      mostHeld: messageBytes,
      whole: (head, bytes) => this.write(bytes, head),
      pass: (incoming) => this.#pass(incoming),
    })
    this.#line = host.source()
    this.#pace = new Pace(session.limits, this.#line, (fault) => void this.#session.stop(fault))
    this.#session = new StdioSession({ ...session, host: this })
    this.#session.ending.catch((error: SealstoneError) => {
      this.isUp = false
      sink.memberEnded(this, error)
    })
  }

  /** Never rejects: silence and a server that has gone are answers with an error. */
  async ask(method: string, params: JsonObject | undefined, timeoutMs: number): Promise<Answer> {
    const id = JSON.stringify(`${this.#prefix}${this.#next++}`)
    const { promise, resolve } = Promise.withResolvers<Answer>()
    this.#asked.set(id, resolve)
    const late = `Sealstone: the MCP server ${this.name} did not answer ${method} within ${timeoutMs} ms`
    const timer = setTimeout(() => resolve({ error: { code: NO_ANSWER, message: late } }), timeoutMs)
    const { head, bytes } = writeMessage(id, { method, ...(params === undefined ? {} : { params }) })
    void this.#session.fromHost(head, bytes).catch(() => {}) // the session answers what it cannot send
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      this.#asked.delete(id)
    }
  }

  async forward(head: MessageHead, bytes: Uint8Array): Promise<void> {
    await this.#session.fromHost(head, bytes)
  }

  async settled(): Promise<void> {
    await this.#session.settled()
  }

  async close(): Promise<void> {
    await this.#link.close()
  }

  write(message: Uint8Array, head = readHead(message, this.limits.depth)): Promise<void> | undefined {
    if (this.#isCalls(head) || head.answers === undefined) return this.#sink.fromServer(this, head, message)
    this.#asked.get(head.id ?? '')?.(readAnswer(message))
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

  #isCalls({ id, answers }: MessageHead): boolean {
    return answers !== undefined && id !== undefined && !id.startsWith(`"${this.#prefix}`)
  }

  async #pass(incoming: Incoming): Promise<void> {
    if (incoming.part === 'first') this.#pace.begin()
    await this.#pace.during(incoming.bytes.length, this.#line.part(incoming))
    if (incoming.part !== 'last') return
    this.#pace.end()
    this.#sink.answered(this, incoming.head)
  }
}

function readAnswer(message: Uint8Array): Answer {
  const { result, error } = parseMessage(message)
  if (isJsonObject(error)) return { error }
  return isJsonObject(result) ? { result } : { error: { code: NO_ANSWER, message: 'Sealstone: the MCP server answered no result' } }
}

const NO_ANSWER = -32050
