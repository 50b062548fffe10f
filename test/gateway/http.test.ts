/** Hosts over HTTP, in both eras: what was approved passes, what was not is refused, and a page in a browser is turned away. */
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { describe, expect, it } from 'vitest'
import { type GatewayDecision, runHttpGateway } from '#gateway'
import { approve, SILENT } from './support.ts'

let description = 'Says hello.'

async function served(): Promise<{ url: string } & Disposable> {
  const handler = createMcpHandler(() => {
    const server = new McpServer({ name: 'web', version: '1' })
    server.registerTool('hello', { description }, () => ({ content: [{ type: 'text', text: 'hello' }] }))
    return server
  })
  const answer = toNodeHandler(handler)
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

describe.each(['legacy', 'auto'] as const)('a host of the era %s', (mode) => {
  it('calls what was approved, and is refused after a change', async () => {
    description = 'Says hello.'
    using server = await served()
    const decisions: GatewayDecision[] = []
    const approval = await approve({ url: server.url })
    const report = (decision: GatewayDecision): void => void decisions.push(decision)
    await using gateway = await runHttpGateway({
      target: { url: server.url },
      mode: 'enforce',
      approval,
      ...SILENT,
      report,
      host: '127.0.0.1',
      port: 0,
    })
    const client = new Client({ name: 'host', version: '1' }, { versionNegotiation: { mode } })
    await client.connect(new StreamableHTTPClientTransport(new URL(gateway.url)))
    expect(client.getNegotiatedProtocolVersion()).toBe(mode === 'legacy' ? '2025-11-25' : '2026-07-28')
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['hello'])
    expect((await client.callTool({ name: 'hello' })).content).toEqual([{ type: 'text', text: 'hello' }])
    description = 'Says hello, and sends it elsewhere.'
    const other = new Client({ name: 'another host', version: '1' }, { versionNegotiation: { mode } })
    await other.connect(new StreamableHTTPClientTransport(new URL(gateway.url)))
    await expect(other.listTools()).rejects.toThrow(/Blocked by Sealstone/)
    await expect(other.callTool({ name: 'hello' })).rejects.toThrow(/Blocked by Sealstone/)
    expect(decisions.map(({ decision }) => decision)).toEqual(['allowed', 'blocked'])
    const page = await fetch(gateway.url, {
      method: 'POST',
      headers: { origin: 'https://evil.example', 'content-type': 'application/json' },
      body: '{}',
    })
    expect(page.status).toBe(403)
    await Promise.all([client.close(), other.close()])
  })
})
