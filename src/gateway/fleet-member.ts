/** One server of a fleet: its guarded session, which takes the fleet for its host. */
import { isJsonObject, type JsonObject, type SealstoneError } from '#core'
import { type Link, type MessageHead, readHead, serverFault, type UpstreamLimits } from '#upstream'
import { parseMessage, writeMessage } from './fleet-messages.ts'
import type { HostEnd } from './line-writer.ts'
import { type SessionOptions, StdioSession } from './stdio-session.ts'

/** Who takes what a server sends that is no answer to the fleet itself. */
export interface FleetSink {
  fromServer(member: FleetMember, head: MessageHead, bytes: Uint8Array): Promise<void> | undefined
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
  #next = 1
  #parts: Uint8Array[] = []
  #partBytes = 0

  /** @param prefix of ids that no host uses */
  constructor({ name, ...session }: MemberOptions, sink: FleetSink, prefix: string) {
    this.name = name
    this.limits = session.limits
    this.#link = session.link
    this.#sink = sink
    this.#prefix = prefix
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

  write(message: Uint8Array): Promise<void> | undefined {
    const head = readHead(message, this.limits.depth)
    const isOurs = head.answers !== undefined && head.id?.startsWith(`"${this.#prefix}`) === true
    if (!isOurs) return this.#sink.fromServer(this, head, message)
    this.#asked.get(head.id ?? '')?.(readAnswer(message))
    return undefined
  }

  /** Held until it is whole: while it comes, others must not wait for a server that may never end it. */
  async writePart(bytes: Uint8Array): Promise<void> {
    this.#partBytes += bytes.length
    if (this.#partBytes > MOST_ANSWER_BYTES) throw serverFault(`an answer is longer than ${MOST_ANSWER_BYTES} bytes, which a fleet does not hold`)
    this.#parts.push(bytes)
  }

  async finish(bytes: Uint8Array): Promise<void> {
    await this.writePart(bytes)
    const message = Buffer.concat(this.#parts)
    this.abandon()
    await this.write(message)
  }

  abandon(): void {
    this.#parts = []
    this.#partBytes = 0
  }
}

function readAnswer(message: Uint8Array): Answer {
  const { result, error } = parseMessage(message)
  if (isJsonObject(error)) return { error }
  return isJsonObject(result) ? { result } : { error: { code: NO_ANSWER, message: 'Sealstone: the MCP server answered no result' } }
}

const NO_ANSWER = -32050
const MOST_ANSWER_BYTES = 32 * 1024 * 1024
