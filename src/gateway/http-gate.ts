/** For hosts that speak HTTP, before a server that does: a proxy that reads what passes. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type HttpClient, type MessageHead, openHttpClient, parseEndpoint, revisionOf, UPSTREAM_LIMITS, type UpstreamLimits } from '#upstream'
import { errorAnswer } from './answers.ts'
import type { Approval, Mode, Report } from './approval.ts'
import { eventOf, isEventStream, passAnswer } from './http-answer.ts'
import { HttpSession } from './http-session.ts'
import { envelopeOf, hostDigest } from './host-identity.ts'
import type { Gate, Visit } from './run-http.ts'

export interface HttpGateOptions {
  readonly target: { readonly url: string; readonly headers?: Readonly<Record<string, string>> }
  readonly mode: Mode
  readonly approval?: Approval
  readonly limits?: UpstreamLimits
  readonly report: Report
}

export class HttpGate implements Gate {
  readonly #options: HttpGateOptions
  readonly #limits: UpstreamLimits
  readonly #client: HttpClient
  readonly #endpoint: ReturnType<typeof parseEndpoint>
  /** By session id, or by what stands in its place; the oldest first. */
  readonly #sessions = new Map<string, HttpSession>()

  constructor(options: HttpGateOptions) {
    this.#options = options
    this.#limits = options.limits ?? UPSTREAM_LIMITS
    this.#endpoint = parseEndpoint(options.target.url, options.target.headers)
    this.#client = openHttpClient(this.#endpoint)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map((session) => session.close()))
    this.#client[Symbol.dispose]()
  }

  async post({ request, response, gone }: Visit, head: MessageHead, body: Uint8Array): Promise<void> {
    if (head.method === 'initialize') await this.#options.approval?.renew?.().catch(() => {}) // the comparison says it
    const session = this.#find(request, head, body)
    if (session === undefined)
      return void response.writeHead(404, JSON_TYPE).end(errorAnswer(head.id ?? 'null', SESSION_NOT_FOUND, 'Session not found'))
    const asked = head.method === undefined || head.id === undefined ? undefined : { id: head.id, method: head.method }
    if (asked === undefined && head.method !== undefined && !session.guard.passesNotification(head)) return void response.writeHead(202).end()
    if (asked !== undefined) {
      const ruling = await session.guard.onRequest(head, body)
      if (gone.aborted) return
      if (ruling.kind === 'answer') return answerHost(response, ruling.message, session.streams && takesEvents(request))
      session.pending.set(asked.id, asked.method)
    }
    const answer = await this.#client.send('POST', passedHeaders(request), body, gone)
    if (asked !== undefined && session.guard.looksAtAnswer(asked.method)) session.streams = isEventStream(answer.headers['content-type'])
    if (head.method === 'initialize') this.#keep(session, request, answer.headers['mcp-session-id'])
    if (asked === undefined && answer.status < 300) session.guard.afterNotification(head)
    await passAnswer(answer, { session, limits: this.#limits, ...(asked === undefined ? {} : { asked }) }, response)
  }

  async other({ request, response, gone }: Visit, method: 'GET' | 'DELETE'): Promise<void> {
    const key = sessionKey(request)
    const session = this.#sessions.get(key)
    if (session === undefined) return void response.writeHead(404, JSON_TYPE).end(errorAnswer('null', SESSION_NOT_FOUND, 'Session not found'))
    const answer = await this.#client.send(method, passedHeaders(request), undefined, gone)
    await passAnswer(answer, { session, limits: this.#limits }, response)
    if (method !== 'DELETE' || answer.status >= 300) return
    this.#sessions.delete(key)
    await session.close()
  }

  #find(request: IncomingMessage, head: MessageHead, body: Uint8Array): HttpSession | undefined {
    if (head.method === 'initialize') return this.#open(request)
    if (revisionOf(head) === undefined) return this.#sessions.get(sessionKey(request))
    // Since 2026-07-28 there are no sessions: those who say the same of themselves are offered the same.
    const key = `modern ${hostDigest(request, envelopeOf(body))}`
    const known = this.#sessions.get(key)
    if (known !== undefined) return known
    const session = this.#open(request)
    this.#remember(key, session)
    return session
  }

  #open(request: IncomingMessage): HttpSession {
    const { mode, approval, report } = this.#options
    return new HttpSession({ mode, approval, limits: this.#limits, report, endpoint: this.#endpoint }, request.headers.authorization)
  }

  #keep(session: HttpSession, request: IncomingMessage, id: string | string[] | undefined): void {
    if (typeof id === 'string') session.id = id
    this.#remember(session.id === undefined ? anonymousKey(request) : `id ${session.id}`, session)
  }

  #remember(key: string, session: HttpSession): void {
    const before = this.#sessions.get(key)
    this.#sessions.delete(key)
    this.#sessions.set(key, session)
    void before?.close()
    if (this.#sessions.size <= MOST_SESSIONS) return
    const [oldest] = this.#sessions
    if (oldest === undefined) return
    this.#sessions.delete(oldest[0])
    void oldest[1].close() // its host is told that there is no such session, and begins another
  }
}

function answerHost(response: ServerResponse, message: Uint8Array, asEvent: boolean): void {
  if (asEvent) response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' }).end(eventOf(message))
  else response.writeHead(200, JSON_TYPE).end(message)
}

function takesEvents({ headers }: IncomingMessage): boolean {
  return headers.accept?.includes('text/event-stream') === true
}

function sessionKey(request: IncomingMessage): string {
  const id = request.headers['mcp-session-id']
  return typeof id === 'string' ? `id ${id}` : anonymousKey(request)
}

/** For servers that keep no sessions: hosts with the same authorization are the same. */
function anonymousKey(request: IncomingMessage): string {
  return `none ${hostDigest(request)}`
}

/** Those of the protocol and of its authorization, and no cookies. */
function passedHeaders({ headers }: IncomingMessage): Record<string, string | string[]> {
  const passed: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && (name.startsWith('mcp-') || PASSED.has(name))) passed[name] = value
  }
  return passed
}

const PASSED = new Set(['accept', 'authorization', 'content-type', 'last-event-id', 'traceparent', 'tracestate', 'user-agent'])
const JSON_TYPE = { 'content-type': 'application/json' }
const MOST_SESSIONS = 1024
const SESSION_NOT_FOUND = -32001
