/** Serves the metrics over HTTP, on a loopback address only: they name keys, and there is no authentication. */
import type { Logger } from '#core'
import { openHttpListener } from '#listeners'

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
  address: { readonly host: string; readonly port: number },
  source: MetricsSource,
  logger: Logger,
): Promise<MetricsServer> {
  const { origin, close } = await openHttpListener({ ...address, setting: 'metrics.listen', connections: MOST_CONNECTIONS }, (request, response) => {
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
  return { address: `${origin}/metrics`, close }
}

const MOST_CONNECTIONS = 16
