/** A server on the official SDK over HTTP, of both eras or of 2026-07-28 alone. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, type McpServer } from '@modelcontextprotocol/server'

export async function serveWeb(create: () => McpServer, legacy: 'stateless' | 'reject' = 'stateless'): Promise<{ url: string } & Disposable> {
  const answer = toNodeHandler(createMcpHandler(create, { legacy }))
  const http = createServer((request, response) => void answer(request as Parameters<typeof answer>[0], response))
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`,
    [Symbol.dispose]: () => {
      http.close()
      http.closeAllConnections()
    },
  }
}
