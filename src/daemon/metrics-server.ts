/** Serves the metrics over HTTP, on a loopback address only: they name keys, and there is no authentication. */
import { createServer, type Server } from 'node:http'
import { type Logger, SealstoneError } from '#core'

export interface MetricsServer {
  readonly address: string
  close(): Promise<void>
}

export interface MetricsSource {
  readonly contentType: string
  metrics(): Promise<string>
}

/** Throws CONFIG_INVALID for an address that is not loopback or is in use. */
export async function serveMetrics(
  { host, port }: { readonly host: string; readonly port: number },
  source: MetricsSource,
  logger: Logger,
): Promise<MetricsServer> {
  if (!LOOPBACK.has(host))
    throw new SealstoneError('CONFIG_INVALID', `metrics.listen is ${host}, want a loopback address`, {
      hint: 'listen on 127.0.0.1 and let your collector come there',
    })
  const server = createServer({ requestTimeout: TIMEOUT_MS, headersTimeout: TIMEOUT_MS, maxHeaderSize: 8192 }, (request, response) => {
    if (request.url !== '/metrics' || (request.method !== 'GET' && request.method !== 'HEAD')) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('there is only GET /metrics\n')
      return
    }
    source.metrics().then(
      (text) => response.writeHead(200, { 'content-type': source.contentType }).end(text),
      (error: unknown) => {
        logger.error({ error: String(error) }, 'the metrics could not be collected')
        response.writeHead(500, { 'content-type': 'text/plain' }).end('the metrics could not be collected\n')
      },
    )
  })
  server.maxConnections = MOST_CONNECTIONS
  await listen(server, host, port)
  const bound = server.address()
  const address = `http://${host.includes(':') ? `[${host}]` : host}:${typeof bound === 'object' && bound !== null ? bound.port : port}/metrics`
  return {
    address,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(new SealstoneError('CONFIG_INVALID', `metrics.listen: ${host}:${port} cannot be used (${cause.code})`, { cause }))
    })
    server.listen(port, host, resolve)
  })
}

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost'])
const TIMEOUT_MS = 10_000
const MOST_CONNECTIONS = 16
