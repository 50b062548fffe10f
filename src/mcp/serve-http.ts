/** Serves hosts on this machine over HTTP, at a loopback address: `POST /mcp`. A page in a browser that was led here is turned away by host and origin. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { localhostHostValidation, localhostOriginValidation, toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, isLegacyRequest, type McpServer } from '@modelcontextprotocol/server'
import { type HttpListener, openHttpListener } from '#listeners'
import { HttpSessions } from './http-sessions.ts'
import { createServer } from './server.ts'
import { type McpOptions, openService } from './service.ts'

export interface McpHttpServer extends AsyncDisposable {
  /** `http://127.0.0.1:8808/mcp` */
  readonly url: string
}

/** Throws USAGE for a root that is no directory, CONFIG_INVALID for an address that is not on the loopback or in use. */
export async function serveMcpHttp(
  options: McpOptions,
  { host, port, onFault }: { readonly host: string; readonly port: number; readonly onFault: (fault: Error) => void },
): Promise<McpHttpServer> {
  const service = openService(options)
  const newServer = (): McpServer => createServer(service)
  const sessions = new HttpSessions(newServer, LONGEST_REQUEST)
  const modern = createMcpHandler(newServer, {
    legacy: 'reject',
    onerror: onFault,
    maxRequestBodySize: LONGEST_REQUEST,
    maxSubscriptions: CONNECTIONS,
  })
  const fetch = async (request: Request): Promise<Response> =>
    (await isLegacyRequest(request, undefined, { maxRequestBodySize: LONGEST_REQUEST })) ? sessions.fetch(request) : modern.fetch(request)
  const handle = guarded(toNodeHandler({ fetch }, { onerror: onFault, maxRequestBodySize: LONGEST_REQUEST }))
  const listener: HttpListener = await openHttpListener({ setting: '--listen', host, port, connections: CONNECTIONS, idleMs: IDLE_MS }, handle)
  return {
    url: `${listener.origin}${PATH}`,
    [Symbol.asyncDispose]: async () => {
      await modern.close()
      await sessions[Symbol.asyncDispose]()
      await listener.close()
      await service[Symbol.asyncDispose]()
    },
  }
}

function guarded(handle: ReturnType<typeof toNodeHandler>): (request: IncomingMessage, response: ServerResponse) => void {
  const isHostOurs = localhostHostValidation()
  const isOriginOurs = localhostOriginValidation()
  return (request, response) => {
    // MCP, Streamable HTTP: servers must validate Origin, and local ones bind to localhost. Host too, against DNS that was rebound.
    if (!isHostOurs(request, response) || !isOriginOurs(request, response)) return
    if (request.url?.split('?')[0] !== PATH) response.writeHead(404, { 'content-type': 'text/plain' }).end('the server is at /mcp\n')
    else void handle(request as Parameters<typeof handle>[0], response)
  }
}

const PATH = '/mcp'
const CONNECTIONS = 64
const LONGEST_REQUEST = 10 * 1024 * 1024
// Longer than the slowest hashing that tells nothing: the library writes into open streams every 15 seconds.
const IDLE_MS = 120_000
