/** The gateway for hosts that speak HTTP, before a server that does: a proxy that reads what passes. */
import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { SealstoneError, toSealstoneError } from '#core'
import { type HttpClient, type MessageHead, openHttpClient, parseEndpoint, readHead, UPSTREAM_LIMITS, type UpstreamLimits } from '#upstream'
import { errorAnswer, failedAnswer, INVALID_REQUEST, PARSE_ERROR } from './answers.ts'
import type { Approval, Mode, Report } from './approval.ts'
import { eventOf, isEventStream, passAnswer } from './http-answer.ts'
import { HttpSession } from './http-session.ts'

export interface HttpGatewayOptions {
  readonly target: { readonly url: string; readonly headers?: Readonly<Record<string, string>> }
  readonly mode: Mode
  readonly approval?: Approval
  readonly limits?: UpstreamLimits
  readonly report: Report
  /** On the loopback; port 0 takes one that is free. */
  readonly host: string
  readonly port: number
}

export interface HttpGateway extends AsyncDisposable {
  /** `http://127.0.0.1:8809/mcp` */
  readonly url: string
}

/** Throws INPUT_INVALID for the URL of the server, CONFIG_INVALID for an address that is not on the loopback or in use. */
export async function runHttpGateway(options: HttpGatewayOptions): Promise<HttpGateway> {
  // Not needed, and not loaded, where hosts speak on standard input and output.
  const { localhostHostValidation, localhostOriginValidation } = await import('@modelcontextprotocol/node')
  const { openHttpListener } = await import('#listeners')
  const gate = new HttpGate(options)
  const isHostOurs = localhostHostValidation()
  const isOriginOurs = localhostOriginValidation()
  const listener = await openHttpListener(
    { setting: '--listen', host: options.host, port: options.port, connections: CONNECTIONS },
    (request, response) => {
      // MCP, Streamable HTTP: Origin must be validated. Host too, against DNS that was rebound.
      if (!isHostOurs(request, response) || !isOriginOurs(request, response)) return
      if (request.url?.split('?')[0] !== PATH) response.writeHead(404).end()
      else void gate.handle(request, response)
    },
  )
  return {
    url: `${listener.origin}${PATH}`,
    [Symbol.asyncDispose]: async () => {
      await listener.close()
      await gate.close()
    },
  }
}

class HttpGate {
  readonly #options: HttpGatewayOptions
  readonly #limits: UpstreamLimits
  readonly #client: HttpClient
  readonly #endpoint: ReturnType<typeof parseEndpoint>
  /** By session id, or by what stands in its place; the oldest first. */
  readonly #sessions = new Map<string, HttpSession>()

  constructor(options: HttpGatewayOptions) {
    this.#options = options
    this.#limits = options.limits ?? UPSTREAM_LIMITS
    this.#endpoint = parseEndpoint(options.target.url, options.target.headers)
    this.#client = openHttpClient(this.#endpoint)
  }

  /** Never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    try {
      if (request.method === 'POST') await this.#post(request, response, gone.signal)
      else if (request.method === 'GET' || request.method === 'DELETE') await this.#other(request, request.method, response, gone.signal)
      else response.writeHead(405, { allow: 'GET, POST, DELETE' }).end()
    } catch (error) {
      if (gone.signal.aborted) return
      const failure = toSealstoneError(error)
      if (response.headersSent) response.destroy()
      else response.writeHead(502, JSON_TYPE).end(failedAnswer('null', failure))
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map((session) => session.close()))
    this.#client[Symbol.dispose]()
  }

  async #post(request: IncomingMessage, response: ServerResponse, signal: AbortSignal): Promise<void> {
    const body = await readBody(request)
    if (body === undefined) return void response.writeHead(413, JSON_TYPE).end(errorAnswer('null', INVALID_REQUEST, 'the message is too long'))
    let head: MessageHead
    try {
      head = readHead(body, this.#limits.depth)
    } catch (error) {
      return void response.writeHead(400, JSON_TYPE).end(errorAnswer('null', PARSE_ERROR, `Sealstone: ${toSealstoneError(error).message}`))
    }
    const session = this.#find(request, head, body)
    if (session === undefined)
      return void response.writeHead(404, JSON_TYPE).end(errorAnswer(head.id ?? 'null', SESSION_NOT_FOUND, 'Session not found'))
    const asked = head.method === undefined || head.id === undefined ? undefined : { id: head.id, method: head.method }
    if (asked === undefined && head.method !== undefined && !session.guard.passesNotification(head)) return void response.writeHead(202).end()
    if (asked !== undefined) {
      const ruling = await session.guard.onRequest(head, body)
      if (signal.aborted) return
      if (ruling.kind === 'answer') return answerHost(response, ruling.message, session.streams && takesEvents(request))
      session.pending.set(asked.id, asked.method)
    }
    const answer = await this.#client.send('POST', passedHeaders(request), body, signal)
    if (asked !== undefined && session.guard.looksAtAnswer(asked.method)) session.streams = isEventStream(answer.headers['content-type'])
    if (head.method === 'initialize') this.#keep(session, request, answer.headers['mcp-session-id'])
    if (asked === undefined && answer.status < 300) session.guard.afterNotification(head)
    await passAnswer(answer, { session, limits: this.#limits, ...(asked === undefined ? {} : { asked }) }, response)
  }

  /** A stream of what the server says of its own accord, or the end of a session. */
  async #other(request: IncomingMessage, method: 'GET' | 'DELETE', response: ServerResponse, signal: AbortSignal): Promise<void> {
    const key = sessionKey(request)
    const session = this.#sessions.get(key)
    if (session === undefined) return void response.writeHead(404, JSON_TYPE).end(errorAnswer('null', SESSION_NOT_FOUND, 'Session not found'))
    const answer = await this.#client.send(method, passedHeaders(request), undefined, signal)
    await passAnswer(answer, { session, limits: this.#limits }, response)
    if (method !== 'DELETE' || answer.status >= 300) return
    this.#sessions.delete(key)
    await session.close()
  }

  #find(request: IncomingMessage, head: MessageHead, body: Uint8Array): HttpSession | undefined {
    if (head.method === 'initialize') return this.#open(request)
    if (head.params['_meta.io.modelcontextprotocol/protocolVersion'] === undefined) return this.#sessions.get(sessionKey(request))
    // Since 2026-07-28 there are no sessions: those who say the same of themselves are offered the same.
    const key = `modern ${envelopeDigest(body, request)}`
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
function anonymousKey({ headers }: IncomingMessage): string {
  return `none ${digest(headers.authorization ?? '')}`
}

function envelopeDigest(body: Uint8Array, { headers }: IncomingMessage): string {
  let meta: Record<string, unknown> = {}
  try {
    meta = (JSON.parse(Buffer.from(body).toString('utf8')) as { params?: { _meta?: Record<string, unknown> } }).params?._meta ?? {}
  } catch {
    // The server will say that it is no JSON.
  }
  const parts = ['protocolVersion', 'clientInfo', 'clientCapabilities'].map((name) => meta[`io.modelcontextprotocol/${name}`])
  return digest(JSON.stringify([headers.authorization ?? '', parts]))
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

async function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const chunk of request) {
    length += (chunk as Uint8Array).length
    if (length > MOST_BODY_BYTES) return undefined
    parts.push(chunk as Uint8Array)
  }
  if (request.destroyed && !request.complete) throw new SealstoneError('CANCELLED')
  return Buffer.concat(parts)
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
const PATH = '/mcp'
const CONNECTIONS = 256
const MOST_SESSIONS = 1024
const MOST_BODY_BYTES = 16 * 1024 * 1024
const SESSION_NOT_FOUND = -32001
