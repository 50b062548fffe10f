/** Hosts of before 2026-07-28 over HTTP: a session for each, for they cancel a call in another request, and only a session tells whose it is. */
import { randomUUID } from 'node:crypto'
import { type McpServer, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server'

interface Session {
  readonly transport: WebStandardStreamableHTTPServerTransport
  usedAt: number
}

export class HttpSessions implements AsyncDisposable {
  readonly #newServer: () => McpServer
  readonly #longestRequest: number
  /** The one that was used last is last. */
  readonly #sessions = new Map<string, Session>()
  readonly #sweep = setInterval(() => void this.#closeIdle(), SWEEP_EVERY_MS).unref()

  constructor(newServer: () => McpServer, longestRequest: number) {
    this.#newServer = newServer
    this.#longestRequest = longestRequest
  }

  async fetch(request: Request): Promise<Response> {
    const id = request.headers.get('mcp-session-id')
    if (id === null) return this.#open(request)
    const session = this.#sessions.get(id)
    // MCP, Streamable HTTP, session management: 404 tells the host to begin anew.
    if (session === undefined) return refusal(404, 'there is no such session')
    this.#sessions.delete(id)
    this.#sessions.set(id, { ...session, usedAt: performance.now() })
    return session.transport.handleRequest(request)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#sweep)
    for (const { transport } of this.#sessions.values()) await transport.close()
  }

  async #open(request: Request): Promise<Response> {
    if (request.method !== 'POST') return refusal(405, 'a session is begun with POST')
    const server = this.#newServer()
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      maxRequestBodySize: this.#longestRequest,
      onsessioninitialized: (id) => void this.#sessions.set(id, { transport, usedAt: performance.now() }),
      onsessionclosed: (id) => void this.#sessions.delete(id),
    })
    await server.connect(transport)
    const response = await transport.handleRequest(request)
    // Whatever was asked without a session and was not the begin of one has been refused.
    if (transport.sessionId === undefined) await server.close()
    await this.#closeOldest()
    return response
  }

  async #closeOldest(): Promise<void> {
    if (this.#sessions.size > MOST_SESSIONS) await this.#close(this.#sessions.keys().next().value as string)
  }

  async #closeIdle(): Promise<void> {
    const since = performance.now() - IDLE_MS
    for (const [id, { usedAt }] of this.#sessions) if (usedAt < since) await this.#close(id)
  }

  async #close(id: string): Promise<void> {
    const session = this.#sessions.get(id)
    this.#sessions.delete(id)
    await session?.transport.close()
  }
}

function refusal(status: number, message: string): Response {
  return Response.json({ jsonrpc: '2.0', error: { code: -32_000, message }, id: null }, { status })
}

const MOST_SESSIONS = 64
const IDLE_MS = 60 * 60_000
const SWEEP_EVERY_MS = 60_000
