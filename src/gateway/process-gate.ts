/**
 * For hosts that speak HTTP, before a server that is a command. With a handshake each session has a process of its own, as on stdio. In
 * 2026-07-28 there are no sessions: hosts that say the same of themselves share one, for they are offered the same.
 */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { SealstoneError } from '#core'
import { type MessageHead, MODERN_VERSION, revisionOf } from '#upstream'
import { errorAnswer, INVALID_REQUEST } from './answers.ts'
import { envelopeOf, hostDigest } from './host-identity.ts'
import { HostReply } from './host-reply.ts'
import type { HostRequest, ToServer } from './host-streams.ts'
import { HostedServer } from './hosted-server.ts'
import { HOSTING_LIMITS, type HostingLimits } from './process-limits.ts'
import type { Gate, Visit } from './run-http.ts'
import { SessionStreams } from './session-streams.ts'
import { SharedStreams } from './shared-streams.ts'
import { headerFault } from './standard-headers.ts'
import type { OpenEngine } from './host-engine.ts'

interface Session {
  readonly server: HostedServer<SessionStreams>
  /** Of whoever began it: an id alone is no key to it. */
  readonly owner: string
}

type AnyServer = HostedServer<SessionStreams | SharedStreams>

export class ProcessGate implements Gate {
  readonly #open: OpenEngine
  readonly #limits: HostingLimits
  /** By the id that the host was given. */
  readonly #sessions = new Map<string, Session>()
  /** By what their hosts say of themselves. */
  readonly #shared = new Map<string, HostedServer<SharedStreams>>()
  readonly #servers = new Set<AnyServer>()
  /** No request gets to these any more. */
  readonly #leaving = new Set<AnyServer>()
  readonly #sweeping: NodeJS.Timeout
  /** When the last processes were started. */
  #starts: number[] = []
  #isClosed = false

  constructor(open: OpenEngine, { hosting = HOSTING_LIMITS }: { readonly hosting?: HostingLimits }) {
    this.#open = open
    this.#limits = hosting
    this.#sweeping = setInterval(() => this.#sweep(hosting.idleMs), Math.min(SWEEP_EVERY_MS, hosting.unusedMs))
    this.#sweeping.unref()
  }

  async post({ request, response, gone }: Visit, head: MessageHead, bytes: Uint8Array): Promise<void> {
    const version = revisionOf(head)
    const { id, method } = head
    const isRequest = id !== undefined && method !== undefined
    const meta = isRequest ? envelopeOf(bytes) : {}
    if (version !== undefined && method !== 'initialize') {
      const fault = headerFault(request, head)
      if (fault !== undefined) return refuse(response, 400, id, HEADER_MISMATCH, fault)
      // What a host has to tell without a session is told by closing a stream.
      if (!isRequest) return refuse(response, method?.startsWith('notifications/') === true ? 202 : 400, id, INVALID_REQUEST, 'a request has an id')
      const shared = this.#sharedFor(`${version === MODERN_VERSION} ${hostDigest(request, meta)}`)
      return await shared.ask({ head: { ...head, id, method }, bytes, meta, reply: new HostReply(request, response) })
    }
    if (isRequest && method === 'initialize') return await this.#initialize(request, response, { head: { ...head, id, method }, bytes, meta })
    const session = this.#find(request, response, id)
    if (session === undefined) return
    if (isRequest) return await session.server.ask({ head: { ...head, id, method }, bytes, meta, reply: new HostReply(request, response) })
    await session.server.tell(head, bytes)
    if (!gone.aborted) response.writeHead(202).end()
  }

  async other({ request, response }: Visit, method: 'GET' | 'DELETE'): Promise<void> {
    const session = this.#find(request, response, undefined)
    if (session === undefined) return
    if (method === 'GET') return session.server.streams.listen(new HostReply(request, response))
    this.#leave(session.server)
    await session.server.close()
    response.writeHead(204).end()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#sweeping)
    const all = [...this.#servers, ...this.#leaving]
    await Promise.all(all.map(async (server) => await server.close()))
  }

  async #initialize(request: IncomingMessage, response: ServerResponse, asked: Omit<HostRequest, 'reply'>): Promise<void> {
    const id = randomUUID()
    const server = this.#start((toServer) => new SessionStreams(toServer))
    this.#sessions.set(id, { server, owner: hostDigest(request) })
    response.setHeader(SESSION_ID, id)
    await server.ask({ ...asked, reply: new HostReply(request, response) })
  }

  /** Answers where there is none. */
  #find(request: IncomingMessage, response: ServerResponse, id: string | undefined): Session | undefined {
    const name = request.headers[SESSION_ID]
    if (typeof name !== 'string') {
      refuse(response, 400, id, INVALID_REQUEST, 'not before the connection is initialized: the header Mcp-Session-Id is missing')
      return undefined
    }
    const session = this.#sessions.get(name)
    if (session !== undefined && session.owner === hostDigest(request)) return session
    refuse(response, 404, id, SESSION_NOT_FOUND, 'Session not found')
    return undefined
  }

  #sharedFor(key: string): HostedServer<SharedStreams> {
    const known = this.#shared.get(key)
    if (known !== undefined) return known
    const server = this.#start((toServer) => new SharedStreams(toServer))
    this.#shared.set(key, server)
    return server
  }

  /** Throws OVERLOADED where there are too many, or too many were started lately. */
  #start<Streams extends SessionStreams | SharedStreams>(makeStreams: (toServer: ToServer) => Streams): HostedServer<Streams> {
    if (this.#isClosed) throw new SealstoneError('CANCELLED')
    const now = performance.now()
    const { processes, startsPerMinute, crowdedMs } = this.#limits
    this.#starts = this.#starts.filter((at) => now - at < 60_000)
    if (this.#servers.size >= processes) this.#sweep(crowdedMs, 1)
    if (this.#servers.size >= processes || this.#starts.length >= startsPerMinute) throw new SealstoneError('OVERLOADED')
    this.#starts.push(now)
    const server = new HostedServer(this.#open, makeStreams)
    this.#servers.add(server)
    void server.ended.then(() => this.#leave(server))
    return server
  }

  /** Ends those that nobody used for so long, the longest unused ones first. */
  #sweep(idleMs: number, most = Number.POSITIVE_INFINITY): void {
    const spare = [...this.#servers].filter((server) => server.isSpare(idleMs, this.#limits.unusedMs)).toSorted((a, b) => a.idleSince - b.idleSince)
    for (const server of spare.slice(0, most)) {
      this.#leave(server)
      void server.close()
    }
  }

  #leave(server: AnyServer): void {
    this.#servers.delete(server)
    this.#leaving.add(server)
    void server.gone.then(() => this.#leaving.delete(server))
    for (const [id, session] of this.#sessions) if (session.server === server) this.#sessions.delete(id)
    for (const [key, shared] of this.#shared) if (shared === server) this.#shared.delete(key)
  }
}

function refuse(response: ServerResponse, status: number, id: string | undefined, code: number, message: string): void {
  if (status === 202) response.writeHead(status).end()
  else response.writeHead(status, { 'content-type': 'application/json' }).end(errorAnswer(id ?? 'null', code, message))
}

const SESSION_ID = 'mcp-session-id'
const SESSION_NOT_FOUND = -32001
const HEADER_MISMATCH = -32020
const SWEEP_EVERY_MS = 5000
