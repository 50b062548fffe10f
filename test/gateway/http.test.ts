/** Hosts over HTTP, in both eras: what was approved passes, what was not is refused, and a page in a browser is turned away. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { McpServer } from '@modelcontextprotocol/server'
import { describe, expect, it } from 'vitest'
import { type GatewayDecision, runHttpGateway } from '#gateway'
import { approve, SILENT } from './support.ts'
import { serveWeb } from './web-server.ts'

let description = 'Says hello.'

async function served(): Promise<Awaited<ReturnType<typeof serveWeb>>> {
  return await serveWeb(() => {
    const server = new McpServer({ name: 'web', version: '1' })
    server.registerTool('hello', { description }, () => ({ content: [{ type: 'text', text: 'hello' }] }))
    return server
  })
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
