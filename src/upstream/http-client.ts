/** HTTP requests to one MCP endpoint: https, or http to this machine alone; redirects are not followed, connections are kept. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { SealstoneError } from '#core'

export interface HttpEndpoint {
  readonly url: URL
  /** Sent with every request, such as an authorization. */
  readonly headers: Readonly<Record<string, string>>
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: IncomingMessage
}

export interface HttpClient extends Disposable {
  /** Resolves with the beginning of the answer. Throws MCP_SERVER_UNAVAILABLE or CANCELLED. */
  send(
    method: 'POST' | 'GET' | 'DELETE',
    headers: Readonly<Record<string, string | string[]>>,
    body?: Uint8Array,
    signal?: AbortSignal,
  ): Promise<HttpAnswer>
}

/** Throws INPUT_INVALID. */
export function parseEndpoint(text: string, headers: Readonly<Record<string, string>> = {}): HttpEndpoint {
  const url = URL.parse(text)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new SealstoneError('INPUT_INVALID', 'the URL of the MCP server is none, want one like https://host/mcp')
  }
  if (url.username !== '' || url.password !== '') throw new SealstoneError('INPUT_INVALID', 'the URL of the MCP server has a password in it')
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw new SealstoneError('INPUT_INVALID', `the MCP server at ${url.host} is asked without TLS`, {
      hint: 'use https; http is for servers on this machine',
    })
  }
  return { url, headers }
}

export function openHttpClient({ url, headers: always }: HttpEndpoint): HttpClient {
  const options = { keepAlive: true, maxSockets: MOST_SOCKETS, scheduling: 'lifo' as const }
  // Loaded here: most gateways start a command, and need no TLS.
  const { Agent, request: start } = process.getBuiltinModule(url.protocol === 'https:' ? 'node:https' : 'node:http')
  const agent = new Agent(options)
  return {
    send: (method, headers, body, signal) => {
      const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>()
      const length = body === undefined ? {} : { 'content-length': String(body.length) }
      const request = start(url, {
        method,
        agent,
        headers: { ...always, ...headers, ...length },
        maxHeaderSize: MOST_HEADER_BYTES,
        ...(signal === undefined ? {} : { signal }),
      })
      request.once('response', (answer) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: answer }))
      request.on('error', (cause: NodeJS.ErrnoException) => {
        reject(
          signal?.aborted === true
            ? new SealstoneError('CANCELLED')
            : new SealstoneError('MCP_SERVER_UNAVAILABLE', `the MCP server at ${url.host} cannot be reached (${cause.code ?? cause.message})`, {
                cause,
              }),
        )
      })
      request.end(body)
      return promise
    },
    [Symbol.dispose]: () => agent.destroy(),
  }
}

/** Reads an answer that is only looked at, up to a limit, and leaves the connection usable. */
export async function readShort(body: IncomingMessage, most: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    length += (chunk as Uint8Array).length
    if (length > most) {
      body.destroy()
      break
    }
    parts.push(chunk as Uint8Array)
  }
  return Buffer.concat(parts)
}

/** Of an answer that nobody reads: its end leaves the connection usable, a long or slow one is cut off together with it. */
export function discard(body: IncomingMessage): void {
  let length = 0
  const late = setTimeout(() => body.destroy(), LONGEST_DISCARDING_MS)
  late.unref()
  body.on('data', (chunk: Uint8Array) => {
    length += chunk.length
    if (length > MOST_DISCARDED_BYTES) body.destroy()
  })
  body.on('error', () => {}) // it broke off, which is as good
  body.once('close', () => clearTimeout(late))
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || (isIP(host) === 4 && host.startsWith('127.'))
}

const MOST_SOCKETS = 256
const MOST_HEADER_BYTES = 32 * 1024
const MOST_DISCARDED_BYTES = 64 * 1024
const LONGEST_DISCARDING_MS = 2000
