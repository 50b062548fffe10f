/** The gateway for hosts that speak HTTP: who may come in, and what of a request is looked at before it is known what it is for. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { SealstoneError, toSealstoneError } from '#core'
import { type MessageHead, readHead, UPSTREAM_LIMITS } from '#upstream'
import { errorAnswer, failedAnswer, INVALID_REQUEST, PARSE_ERROR } from './answers.ts'
import type { HeldServer, Telling } from './approval.ts'
import type { FleetOptions } from './fleet.ts'
import { openFleetFor, openServer } from './host-engine.ts'
import { BodyReader } from './http-body.ts'
import { HOSTING_LIMITS, type HostingLimits } from './process-limits.ts'

/** Where hosts come in. */
export interface HttpFront {
  /** On the loopback; port 0 takes one that is free. */
  readonly host: string
  readonly port: number
  /** How many processes of a server that is a command there may be, and how long. */
  readonly hosting?: HostingLimits
}

export interface HttpGatewayOptions extends HttpFront, HeldServer, Telling {}

export interface HttpFleetOptions extends HttpFront, FleetOptions {}

export interface HttpGateway extends AsyncDisposable {
  /** `http://127.0.0.1:8809/mcp` */
  readonly url: string
}

/** A request of a host that may come in. */
export interface Visit {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Aborted when the host has gone. */
  readonly gone: AbortSignal
}

/** What stands behind the listener. What it throws is told to the host. */
export interface Gate {
  post(visit: Visit, head: MessageHead, body: Uint8Array): Promise<void>
  /** A stream of what the server says of its own accord, or the end of a session. */
  other(visit: Visit, method: 'GET' | 'DELETE'): Promise<void>
  close(): Promise<void>
}

/** Throws INPUT_INVALID for the URL of the server, CONFIG_INVALID for an address that is not on the loopback or in use. */
export async function runHttpGateway(options: HttpGatewayOptions): Promise<HttpGateway> {
  const { target } = options
  // Not needed, and not loaded, where hosts speak on standard input and output.
  if ('url' in target) return await listenBefore(new (await import('./http-gate.ts')).HttpGate({ ...options, target }), options)
  const { ProcessGate } = await import('./process-gate.ts')
  return await listenBefore(new ProcessGate(async (host) => await openServer(options, host), options), options)
}

/** Before all servers of a fleet: each session has processes of its own. Throws CONFIG_INVALID. */
export async function runHttpFleet(options: HttpFleetOptions): Promise<HttpGateway> {
  const { ProcessGate } = await import('./process-gate.ts')
  const { hosting = HOSTING_LIMITS, servers } = options
  const processes = Math.max(Math.floor(hosting.processes / servers.length), LEAST_SESSIONS)
  return await listenBefore(new ProcessGate(async (host) => await openFleetFor(options, host), { hosting: { ...hosting, processes } }), options)
}

/** The gate is closed with the listener, and when it cannot be opened. */
async function listenBefore(gate: Gate, { host, port }: HttpFront): Promise<HttpGateway> {
  const { localhostHostValidation, localhostOriginValidation } = await import('@modelcontextprotocol/node')
  const { openHttpListener } = await import('#listeners')
  const isHostOurs = localhostHostValidation()
  const isOriginOurs = localhostOriginValidation()
  const bodies = new BodyReader()
  try {
    const listener = await openHttpListener({ setting: '--listen', host, port, connections: CONNECTIONS }, (request, response) => {
      // MCP, Streamable HTTP: Origin must be validated. Host too, against DNS that was rebound.
      if (!isHostOurs(request, response) || !isOriginOurs(request, response)) return
      if (request.url?.split('?')[0] !== PATH) response.writeHead(404).end()
      else void receive(request, response, gate, bodies)
    })
    return {
      url: `${listener.origin}${PATH}`,
      [Symbol.asyncDispose]: async () => {
        await listener.close()
        await gate.close()
      },
    }
  } catch (error) {
    await gate.close()
    throw error
  }
}

/** Never rejects. */
async function receive(request: IncomingMessage, response: ServerResponse, gate: Gate, bodies: BodyReader): Promise<void> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const visit = { request, response, gone: gone.signal }
  try {
    if (request.method === 'GET' || request.method === 'DELETE') return await gate.other(visit, request.method)
    if (request.method !== 'POST') return void response.writeHead(405, { allow: 'GET, POST, DELETE' }).end()
    // A page can send text/plain anywhere without being asked (CORS, simple requests).
    if (!/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '')) {
      return refuse(response, 415, errorAnswer('null', INVALID_REQUEST, 'the content type is not application/json'))
    }
    using body = await bodies.read(request)
    await gate.post(visit, headOf(body.bytes), body.bytes)
  } catch (thrown) {
    const error = toSealstoneError(thrown)
    if (response.headersSent || response.destroyed) response.destroy()
    else refuse(response, STATUS[error.code] ?? 502, answerFor(error))
  }
}

/** Throws INPUT_INVALID. */
function headOf(body: Uint8Array): MessageHead {
  try {
    return readHead(body, UPSTREAM_LIMITS.depth)
  } catch (cause) {
    throw new SealstoneError('INPUT_INVALID', toSealstoneError(cause).message, { cause })
  }
}

function answerFor(error: SealstoneError): Uint8Array {
  if (error.code === 'INPUT_INVALID') return errorAnswer('null', PARSE_ERROR, `Sealstone: ${error.message}`)
  return failedAnswer('null', error)
}

/** What is left of the request is not read, so the connection ends. */
function refuse(response: ServerResponse, status: number, message: Uint8Array): void {
  const later = status === 503 ? { 'retry-after': '10' } : {}
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close', ...later }).end(message)
}

const PATH = '/mcp'
/** However many servers a fleet has. */
const LEAST_SESSIONS = 2
const CONNECTIONS = 256
/** An unknown failure is the server's. */
const STATUS: Readonly<Record<string, number>> = { INPUT_INVALID: 400, INPUT_TOO_LARGE: 413, OVERLOADED: 503, CANCELLED: 503 }
