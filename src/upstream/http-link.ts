/** A server over Streamable HTTP: each message is a POST, answered by JSON or by a stream of events that is taken up again when it breaks. */
import type { IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { SealstoneError, toSealstoneError } from '#core'
import { EventStreamFramer } from './event-stream.ts'
import { readHead } from './head-scanner.ts'
import { discard, type HttpAnswer, type HttpClient, type HttpEndpoint, openHttpClient, readShort } from './http-client.ts'
import { serverFault } from './limits.ts'
import type { Link, Receiver } from './link.ts'
import { Passages } from './http-passages.ts'
import { type FramingLimits, type Incoming, MessageFramer, onOneLine } from './message-framer.ts'
import type { MessageHead } from './message-head.ts'
import { standardHeaders } from './standard-headers.ts'

/** @param session one that somebody else began, and to whom its streams belong */
export function openHttpLink(endpoint: HttpEndpoint, limits: FramingLimits, session?: HttpSession): Link {
  return new HttpLink(openHttpClient(endpoint), limits, session)
}

export interface HttpSession {
  /** Missing where the server keeps none. */
  readonly id?: string
  /** Of the protocol, as it was agreed upon. */
  readonly version?: string
}

class HttpLink implements Link {
  readonly kind = 'http'
  readonly #client: HttpClient
  readonly #limits: FramingLimits
  readonly #closing = new AbortController()
  #receiver: Receiver | undefined
  readonly #passages = new Passages(() => this.#receiver)
  #session: string | undefined
  readonly #borrowed: boolean
  /** Of the handshake; sent with every request after it. */
  #version: string | undefined
  constructor(client: HttpClient, limits: FramingLimits, session: HttpSession | undefined) {
    this.#client = client
    this.#limits = limits
    this.#session = session?.id
    this.#version = session?.version
    this.#borrowed = session !== undefined
  }

  receive(receiver: Receiver): void {
    this.#receiver = receiver
  }

  /** A request has left when its bytes have, for its answer may take long; a notification when the server took it, so that the order is kept. */
  async send(message: Uint8Array, head: MessageHead): Promise<void> {
    const asked = head.method === undefined ? undefined : head.id
    const exchanged = this.#exchange(message, head, asked).catch((error: unknown) => this.#lose(asked, error))
    // A server that does not say that it took it holds up nobody for longer than this.
    if (asked === undefined) await Promise.race([exchanged, sleep(LONGEST_TAKING_MS, undefined, { ref: false })])
  }

  async #exchange(message: Uint8Array, head: MessageHead, asked: string | undefined): Promise<void> {
    const isHandshake = head.method === 'initialize'
    const headers = { ...this.#headers(isHandshake), ...standardHeaders(head), 'content-type': 'application/json' }
    const answer = await this.#client.send('POST', headers, message, this.#closing.signal)
    if (isHandshake && answer.status < 300) this.#session = single(answer.headers['mcp-session-id'])
    const read = this.#read(answer, asked, isHandshake)
    if (head.method === 'notifications/initialized') void this.#listen()
    if (asked === undefined)
      read.catch(() => {}) // it was taken; what else is said on this stream is no answer to it
    else await read
  }

  async close(): Promise<void> {
    const session = this.#session
    this.#session = undefined
    if (session !== undefined && !this.#borrowed && !this.#closing.signal.aborted) {
      const farewell = this.#client.send(
        'DELETE',
        { ...this.#headers(false), 'mcp-session-id': session },
        undefined,
        AbortSignal.timeout(FAREWELL_MS),
      )
      await farewell.then(({ body }) => discard(body)).catch(() => {}) // a session that nobody ends runs out
    }
    this.#closing.abort()
    this.#client[Symbol.dispose]()
  }

  #headers(isHandshake: boolean): Record<string, string> {
    return {
      accept: 'application/json, text/event-stream',
      ...(this.#session === undefined || isHandshake ? {} : { 'mcp-session-id': this.#session }),
      ...(this.#version === undefined || isHandshake ? {} : { 'mcp-protocol-version': this.#version }),
    }
  }

  async #read(answer: HttpAnswer, asked: string | undefined, isHandshake: boolean): Promise<void> {
    const { status, headers, body } = answer
    const type = mediaType(headers['content-type'])
    if (status >= 200 && status < 300 && type === 'text/event-stream') return await this.#follow(body, asked, isHandshake)
    if (asked === undefined || (status < 400 && type !== 'application/json')) {
      discard(body)
      if (status >= 300) throw refusedStatus(status)
      if (asked !== undefined)
        throw serverFault(`the server answered with ${type === '' ? 'nothing' : 'another media type'}, want JSON or an event stream`)
      return
    }
    if (status >= 300) return await this.#readRefusal(status, type, body, asked)
    if (!(await this.#readBody(body, asked, isHandshake))) throw serverFault('the server answered something else than what was asked')
  }

  /** @returns whether it was the answer */
  async #readBody(body: IncomingMessage, asked: string, isHandshake: boolean): Promise<boolean> {
    const framer = new MessageFramer(this.#limits)
    const passage = this.#passages.open()
    try {
      for await (const chunk of body) {
        const incoming = framer.feed(onOneLine(chunk as Uint8Array))
        if (incoming !== undefined) await passage.pass(incoming)
      }
      const incoming = framer.finish(new Uint8Array(0))
      if (incoming === undefined) return false
      if (isHandshake) this.#noteVersion(incoming)
      await passage.pass(incoming)
      return incoming.head.id === asked
    } finally {
      passage.end()
    }
  }

  /** A status of failure with a JSON-RPC error in it, as 2026-07-28 has it, is an answer; anything else is only a status. */
  async #readRefusal(status: number, type: string, body: IncomingMessage, asked: string): Promise<void> {
    const bytes = onOneLine(await readShort(body, MOST_REFUSAL_BYTES))
    if (type !== 'application/json') throw refusedStatus(status)
    let head: MessageHead
    try {
      head = readHead(bytes, this.#limits.depth)
    } catch (cause) {
      throw refusedStatus(status, cause)
    }
    if (head.answers !== 'error' || head.id !== asked) throw refusedStatus(status)
    await this.#passages.open().pass({ head, bytes, part: 'whole' })
  }

  /** Events until the answer came; where the stream breaks before, it is taken up again from the last event that had an id. */
  async #follow(first: IncomingMessage, asked: string | undefined, isHandshake: boolean): Promise<void> {
    const resume: Resume = { lastId: undefined, retryMs: DEFAULT_RETRY_MS, answered: false }
    let body = first
    for (let tries = 0; ; tries++) {
      await this.#events(body, asked, isHandshake, resume)
      if (resume.answered || asked === undefined) return
      if (resume.lastId === undefined) throw serverFault('the event stream ended before the answer')
      if (tries >= MOST_RESUMES) throw serverFault(`the event stream broke ${tries} times before the answer`)
      await sleep(resume.retryMs, undefined, { signal: this.#closing.signal })
      body = await this.#openStream(resume.lastId)
    }
  }

  async #events(body: IncomingMessage, asked: string | undefined, isHandshake: boolean, resume: Resume): Promise<void> {
    const framer = new EventStreamFramer(this.#limits)
    const passage = this.#passages.open()
    try {
      for await (const chunk of body) {
        for (const event of framer.push(chunk as Uint8Array)) {
          if (event.kind === 'id') resume.lastId = event.id.slice(0, LONGEST_EVENT_ID)
          else if (event.kind === 'retry') resume.retryMs = Math.min(event.ms, LONGEST_RETRY_MS)
          else if (event.kind === 'message') {
            const { head, part } = event.incoming
            if ((part === 'whole' || part === 'last') && head.answers !== undefined && head.id === asked) resume.answered = true
            if (isHandshake) this.#noteVersion(event.incoming)
            await passage.pass(event.incoming)
          }
        }
      }
    } catch (error) {
      if (error instanceof SealstoneError || resume.lastId === undefined) throw error
      return // the connection broke; it is taken up again
    } finally {
      passage.end()
    }
    framer.end()
  }

  /** The stream on which a server of before 2026-07-28 says things of its own accord. Servers need not have one. */
  async #listen(): Promise<void> {
    try {
      const resume: Resume = { lastId: undefined, retryMs: DEFAULT_RETRY_MS, answered: false }
      for (let tries = 0; tries < MOST_RESUMES; tries++) {
        await this.#events(await this.#openStream(resume.lastId), undefined, false, resume)
        await sleep(resume.retryMs, undefined, { signal: this.#closing.signal })
      }
    } catch {
      // 405: it has none. What breaks rules here was not passed on, and requests go on.
    }
  }

  async #openStream(lastId: string | undefined): Promise<IncomingMessage> {
    const headers = { ...this.#headers(false), accept: 'text/event-stream', ...(lastId === undefined ? {} : { 'last-event-id': lastId }) }
    const { status, headers: answered, body } = await this.#client.send('GET', headers, undefined, this.#closing.signal)
    if (status === 200 && mediaType(answered['content-type']) === 'text/event-stream') return body
    discard(body)
    throw refusedStatus(status)
  }

  #noteVersion({ head, bytes, part }: Incoming): void {
    if (part !== 'whole' || head.answers !== 'result') return
    // Only for a header: whoever asked judges the answer.
    this.#version = /"protocolVersion"\s*:\s*"(\d{4}-\d{2}-\d{2})"/.exec(Buffer.from(bytes).toString('utf8'))?.[1]
  }

  #lose(asked: string | undefined, error: unknown): void {
    if (asked !== undefined) this.#receiver?.lost(asked, toSealstoneError(error, 'MCP_SERVER_UNAVAILABLE', 'the answer of the MCP server broke off'))
  }
}

interface Resume {
  lastId: string | undefined
  retryMs: number
  answered: boolean
}

function refusedStatus(status: number, cause?: unknown): SealstoneError {
  const message = `the MCP server answered with HTTP status ${status}`
  return new SealstoneError('MCP_SERVER_UNAVAILABLE', message, { details: { status: String(status) }, ...(cause === undefined ? {} : { cause }) })
}

function mediaType(header: string | undefined): string {
  return (header ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header
}

const DEFAULT_RETRY_MS = 1000
const LONGEST_RETRY_MS = 60_000
const MOST_RESUMES = 20
const LONGEST_EVENT_ID = 1024
const MOST_REFUSAL_BYTES = 64 * 1024
const LONGEST_TAKING_MS = 2000
const FAREWELL_MS = 2000
