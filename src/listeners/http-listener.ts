/** A small HTTP server of the daemon's own: on a loopback address without TLS, elsewhere only with it or where somebody said so. */
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { isIP, type Socket } from 'node:net'
import { SealstoneError } from '#core'
import { cannotListen } from './cannot-listen.ts'
import { readCertificates, readPrivateKey } from './pem-files.ts'

export interface HttpAddress {
  readonly host: string
  readonly port: number
  /** PEM files. TLS 1.3; no client certificate is asked for. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string }
  /** Plain HTTP is wanted on an address that others can reach. Default: refused. */
  readonly allowPlain?: boolean
}

export interface HttpListenerOptions extends HttpAddress {
  /** What the address is called in the configuration, such as `metrics.listen`. */
  readonly setting: string
  /** One more is closed at once. */
  readonly connections: number
  /** For a request to arrive; default 10,000. */
  readonly timeoutMs?: number
  /** A connection on which nothing moves for so long is cut, also one whose client does not take its answer. Default: never. */
  readonly idleMs?: number
}

export interface HttpListener {
  /** Without a slash at the end: `http://127.0.0.1:9464`. */
  readonly origin: string
  readonly port: number
  /** Cuts every connection. */
  close(): Promise<void>
}

/** Throws CONFIG_INVALID for an address that may not be used, ADDRESS_UNAVAILABLE for one that is not to be had now, FILE_UNREADABLE for a file of `tls`. */
export async function openHttpListener(options: HttpListenerOptions, handle: RequestListener): Promise<HttpListener> {
  const { setting, host, port, tls, allowPlain = false, connections, timeoutMs = TIMEOUT_MS, idleMs = 0 } = options
  if (tls === undefined && !allowPlain && !isLoopback(host)) {
    throw new SealstoneError('CONFIG_INVALID', `${setting} is ${host}, want a loopback address`, {
      hint: 'listen on 127.0.0.1 and let those who may come there, for example by ssh -L',
    })
  }
  const server = createHttpServer(tls, timeoutMs, boundPipelines(handle))
  server.maxConnections = connections
  server.setTimeout(idleMs)
  await listen(server, options)
  const bound = server.address()
  const boundPort = typeof bound === 'object' && bound !== null ? bound.port : port
  return {
    origin: `${tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${boundPort}`,
    port: boundPort,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function createHttpServer(tls: HttpAddress['tls'], timeoutMs: number, handle: RequestListener): Server {
  const limits = {
    requestTimeout: timeoutMs,
    headersTimeout: timeoutMs,
    connectionsCheckingInterval: CHECK_EVERY_MS, // how late those two are noticed
    maxHeaderSize: MAX_HEADER_BYTES,
  }
  if (tls === undefined) return createServer(limits, handle)
  const material = { cert: readCertificates(tls.certFile), key: readPrivateKey(tls.keyFile) }
  try {
    return createTlsServer({ ...limits, ...material, minVersion: 'TLSv1.3', handshakeTimeout: timeoutMs }, handle)
  } catch (cause) {
    throw new SealstoneError('CONFIG_INVALID', `${tls.certFile} and ${tls.keyFile} do not belong together`, { cause })
  }
}

/**
 * Requests that come behind one another before the first was answered are all answered in memory: a client that sends thousands, and takes
 * no answer, is cut. Browsers and proxies send one.
 */
function boundPipelines(handle: RequestListener): RequestListener {
  const waiting = new WeakMap<Socket, number>()
  return (request, response) => {
    const { socket } = request
    const before = waiting.get(socket) ?? 0
    if (before >= MOST_PIPELINED) {
      socket.destroy()
      return
    }
    waiting.set(socket, before + 1)
    response.once('close', () => waiting.set(socket, (waiting.get(socket) ?? 1) - 1))
    handle(request, response)
  }
}

function listen(server: Server, { setting, host, port }: HttpListenerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(cannotListen(`${setting}: ${host}:${port} cannot be used`, cause))
    })
    server.listen(port, host, resolve)
  })
}

/** `localhost` too: who asks for a page by that name is answered by this machine or by nobody. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

const TIMEOUT_MS = 10_000
const CHECK_EVERY_MS = 1000
const MAX_HEADER_BYTES = 8192
const MOST_PIPELINED = 4
