/** A connection of our own to an MCP server: handshake in the era that it speaks, then requests. */
import { type JsonObject, SealstoneError } from '#core'
import { type ClientIdentity, enveloped, LEGACY_VERSION, MODERN_VERSION } from './envelope.ts'
import type { Asker } from './fetch-offer.ts'
import { readHead } from './head-scanner.ts'
import { parseEndpoint } from './http-client.ts'
import { openHttpLink } from './http-link.ts'
import { type Era, identityFromDiscover, identityFromInitialize, type ServerIdentity } from './identity.ts'
import { serverFault, UPSTREAM_LIMITS, type UpstreamLimits } from './limits.ts'
import type { Link } from './link.ts'
import { type FramingLimits, type Incoming, wholeMessages } from './message-framer.ts'
import { OwnRequests, type RequestOptions } from './own-requests.ts'
import type { ServerCommand } from './server-process.ts'
import { openStdioLink } from './stdio-link.ts'

export type UpstreamTarget = ServerCommand | { readonly url: string; readonly headers?: Readonly<Record<string, string>> }

export interface ConnectOptions {
  readonly limits?: UpstreamLimits
  /** Default: the one that the server speaks; on stdio the handshake is tried first, because old servers end at anything else. */
  readonly era?: Era
  /** What we say that we are able to do; some servers offer more to those who can more. Default: nothing. */
  readonly capabilities?: JsonObject
  /** Lines of the server's standard error, cleaned and bounded. Default: left out. */
  readonly onErrorLine?: (line: string) => void
  readonly signal?: AbortSignal
}

export interface Upstream extends Asker, AsyncDisposable {
  /** Ends the server's process with its children, or its session. */
  close(): Promise<void>
}

/** Throws MCP_SERVER_UNAVAILABLE, MCP_SERVER_FAULT, MCP_REQUEST_REFUSED, DEADLINE_EXCEEDED, INPUT_INVALID for a URL. */
export async function connectUpstream(target: UpstreamTarget, options: ConnectOptions = {}): Promise<Upstream> {
  const limits = options.limits ?? UPSTREAM_LIMITS
  const link = await openLink(target, wholeMessages(limits), options.onErrorLine ?? (() => {}))
  try {
    const client = { info: CLIENT_INFO, capabilities: options.capabilities ?? {} }
    const conversation = new Conversation(link, client, limits)
    const identity = await shakeHands(conversation, link.kind, options, limits)
    const { request } = conversation
    return {
      identity,
      request: (method, params, how) => request.call(conversation, method, params, how),
      close: () => link.close(),
      [Symbol.asyncDispose]: () => link.close(),
    }
  } catch (error) {
    await link.close()
    throw error
  }
}

/** @param framing how long messages are handed over */
export async function openLink(target: UpstreamTarget, framing: FramingLimits, onErrorLine: (line: string) => void): Promise<Link> {
  if ('url' in target) return openHttpLink(parseEndpoint(target.url, target.headers), framing)
  return await openStdioLink(target, framing, onErrorLine)
}

class Conversation {
  era: Era = 'legacy'
  readonly #link: Link
  readonly #client: ClientIdentity
  readonly #requests: OwnRequests

  constructor(link: Link, client: ClientIdentity, limits: UpstreamLimits) {
    this.#link = link
    this.#client = client
    this.#requests = new OwnRequests(limits)
    link.receive({
      message: (incoming) => this.#receive(incoming),
      lost: (id, error) => this.#requests.lose(id, error),
      ended: (error) => this.#requests.fail(error),
    })
  }

  async request(method: string, params?: JsonObject, options: RequestOptions = {}): Promise<JsonObject> {
    const whole = this.era === 'modern' ? enveloped(params, MODERN_VERSION, this.#client) : params
    return await this.#requests.ask(method, whole, (message) => this.#link.send(message, readHead(message, OUR_DEPTH)), options)
  }

  async initialize(options: RequestOptions): Promise<ServerIdentity> {
    this.era = 'legacy'
    const params = { protocolVersion: LEGACY_VERSION, capabilities: this.#client.capabilities, clientInfo: this.#client.info }
    const identity = identityFromInitialize(await this.request('initialize', params, options))
    if (identity.protocolVersion > LEGACY_VERSION) throw serverFault('the server answered initialize with a revision that has no handshake')
    const message = Buffer.from(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' }))
    await this.#link.send(message, readHead(message, OUR_DEPTH))
    return identity
  }

  async discover(options: RequestOptions): Promise<ServerIdentity> {
    this.era = 'modern'
    const result = await this.request('server/discover', undefined, options)
    const versions = result['supportedVersions']
    if (!Array.isArray(versions) || !versions.includes(MODERN_VERSION)) throw serverFault(`the server does not speak ${MODERN_VERSION}`)
    return identityFromDiscover(result, MODERN_VERSION)
  }

  async #receive({ head, bytes }: Incoming): Promise<void> {
    if (head.answers !== undefined) {
      if (head.id !== undefined) this.#requests.settle(head.id, bytes)
    } else if (head.id !== undefined) {
      // The server asks us: whether we are there, or for what we did not say we can.
      const answer = head.method === 'ping' ? '"result":{}' : '"error":{"code":-32601,"message":"not supported"}'
      const message = Buffer.from(`{"jsonrpc":"2.0","id":${head.id},${answer}}`)
      await this.#link.send(message, readHead(message, OUR_DEPTH))
    }
  }
}

async function shakeHands(conversation: Conversation, kind: Link['kind'], options: ConnectOptions, limits: UpstreamLimits): Promise<ServerIdentity> {
  const how = { timeoutMs: limits.connectMs, ...(options.signal === undefined ? {} : { signal: options.signal }) }
  const modern = (): Promise<ServerIdentity> => conversation.discover(how)
  const legacy = (): Promise<ServerIdentity> => conversation.initialize(how)
  if (options.era !== undefined) return await (options.era === 'modern' ? modern() : legacy())
  const [first, second] = kind === 'stdio' ? [legacy, modern] : [modern, legacy]
  try {
    return await first()
  } catch (error) {
    if (!speaksOther(error)) throw error
    return await second()
  }
}

/** It answered, and not with what belongs to this era. Silence, a broken connection or a locked door say nothing of eras. */
function speaksOther(error: unknown): boolean {
  if (!(error instanceof SealstoneError)) return false
  const status = Number(error.details['status'])
  return (
    error.code === 'MCP_REQUEST_REFUSED' || error.code === 'MCP_SERVER_FAULT' || (status >= 400 && status < 500 && status !== 401 && status !== 403)
  )
}

const CLIENT_INFO = { name: 'sealstone', version: '1.0.0' }
const OUR_DEPTH = 100
