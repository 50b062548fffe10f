/** Servers that lie, flood, hang and die: bounded, and told by a clear error. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { ErrorCode } from '#core'
import { connectUpstream, fetchOffer, UPSTREAM_LIMITS, type UpstreamLimits } from '#upstream'
import { eventually } from '../support/eventually.ts'
import { heldBufferBytes } from '../support/memory.ts'
import { scriptedServer } from './support.ts'

const BOUNDED: UpstreamLimits = { ...UPSTREAM_LIMITS, pages: 20, items: 100, messageBytes: 1024 * 1024 }

const ROWS: readonly (readonly [what: string, body: string, code: ErrorCode, message: RegExp])[] = [
  [
    'a line of 100 MB',
    `const mega = 'x'.repeat(1 << 20); await line('{"jsonrpc":"2.0","result":{"tools":[],"a":"'); for (let n = 0; n < 100; n++) await line(mega); await line('"},"id":' + JSON.stringify(message.id) + '}\\n')`,
    'MCP_SERVER_FAULT',
    /longer than 1048576 bytes/,
  ],
  [
    'pages without end',
    `await send({ id: message.id, result: { tools: [], nextCursor: String(Math.random()) } })`,
    'MCP_SERVER_FAULT',
    /over 20 pages/,
  ],
  ['the same cursor again', `await send({ id: message.id, result: { tools: [], nextCursor: 'a' } })`, 'MCP_SERVER_FAULT', /cursor "a" twice/],
  [
    'more items than the limit',
    `await send({ id: message.id, result: { tools: Array(101).fill({ name: 'a' }) } })`,
    'MCP_SERVER_FAULT',
    /over 100 items/,
  ],
  [
    'deep JSON',
    `await line('{"jsonrpc":"2.0","id":' + JSON.stringify(message.id) + ',"result":{"tools":' + '['.repeat(100000) + '}\\n')`,
    'MCP_SERVER_FAULT',
    /nested deeper than 100 levels/,
  ],
  [
    'a great many values',
    `await line('{"jsonrpc":"2.0","id":' + JSON.stringify(message.id) + ',"result":{"tools":[{"a":[' + '0,'.repeat(500001) + '0]}]}}\\n')`,
    'MCP_SERVER_FAULT',
    /over 500000 values|longer than/,
  ],
  [
    'an answer to nobody, a repeated answer, and never the right one',
    `await send({ id: 'nobody', result: {} }); await send({ id: 'nobody', result: {} })`,
    'DEADLINE_EXCEEDED',
    /did not answer tools\/list within 1000 ms/,
  ],
  ['silence', ``, 'DEADLINE_EXCEEDED', /did not answer tools\/list/],
  ['an end instead of an answer', `process.exit(7)`, 'MCP_SERVER_UNAVAILABLE', /has ended \(exit code 7\)/],
  ['an end in the middle of an answer', `await line('{"jsonrpc":"2.0","id":'); process.exit(0)`, 'MCP_SERVER_FAULT', /ended in the middle/],
  ['text that is no JSON', `await line('hello\\n')`, 'MCP_SERVER_FAULT', /not valid JSON/],
  ['several messages in one', `await line('[{"jsonrpc":"2.0"}]\\n')`, 'MCP_SERVER_FAULT', /no batches/],
  [
    'a member twice',
    `await line('{"jsonrpc":"2.0","id":1,"result":{},"id":' + JSON.stringify(message.id) + '}\\n')`,
    'MCP_SERVER_FAULT',
    /"id" appears twice/,
  ],
  [
    'a member twice within a tool',
    `await line('{"jsonrpc":"2.0","id":' + JSON.stringify(message.id) + ',"result":{"tools":[{"name":"a","name":"b"}]}}\\n')`,
    'MCP_SERVER_FAULT',
    /"name" appears twice/,
  ],
  ['a member in other case', `await line('{"jsonrpc":"2.0","id":1,"Result":{}}\\n')`, 'MCP_SERVER_FAULT', /"Result" differs .* in case only/],
  [
    'an error',
    `await send({ id: message.id, error: { code: -32000, message: 'no\\u001b[31m\\u202e' } })`,
    'MCP_REQUEST_REFUSED',
    /tools\/list: no \[31m {2}\(-32000\)/,
  ],
  ['a list that is none', `await send({ id: message.id, result: { tools: {} } })`, 'MCP_SERVER_FAULT', /no list of tools/],
]

describe('a server that sends', () => {
  it.concurrent.each(ROWS)('%s is told so', async (_, body, code, message) => {
    const before = heldBufferBytes()
    // Only of those that never answer it is known how long they take.
    const limits = code === 'DEADLINE_EXCEEDED' ? { ...BOUNDED, requestMs: 1000 } : BOUNDED
    await using upstream = await connectUpstream(scriptedServer(body), { limits })
    const failure = fetchOffer(upstream, { limits })
    await expect(failure).rejects.toThrow(message)
    await expect(failure).rejects.toMatchObject({ code })
    expect(heldBufferBytes() - before).toBeLessThan(64 * 1024 * 1024)
  })

  it.concurrent('a flood on standard error is cut', async () => {
    const lines: string[] = []
    const flood = `for (let n = 0; n < 5000; n++) process.stderr.write('\\u001b[2J' + 'y'.repeat(3000) + '\\n'); await send({ id: message.id, result: { tools: [] } })`
    await using upstream = await connectUpstream(scriptedServer(flood), { onErrorLine: (line) => void lines.push(line) })
    await fetchOffer(upstream)
    await upstream.close()
    expect(lines.length).toBeLessThanOrEqual(1001)
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(2000)
    expect(lines.join('')).not.toContain('\u001b')
  })
})

describe('a line on standard error', () => {
  it('shows what cannot be seen, and loses its colours', async () => {
    const lines: string[] = []
    const body = `process.stderr.write('\\u001b[31mred\\u001b[0m\\r\\na\\u202eb\\u200bc\\u0007\\tend\\n'); await send({ id: message.id, result: { tools: [] } })`
    await using upstream = await connectUpstream(scriptedServer(body), { onErrorLine: (line) => void lines.push(line) })
    await fetchOffer(upstream)
    await upstream.close()
    expect(lines).toEqual(['red', 'a\\u{202e}b\\u{200b}c\\u{7} end'])
  })
})

describe('an answer to a notification', () => {
  it.each(['without end', 'that never comes'])('with a body %s is cut off', async (how) => {
    const ended = Promise.withResolvers<number>()
    await using server = createServer((request, response) => {
      let text = ''
      request.on('data', (chunk) => (text += String(chunk)))
      request.on('end', () => {
        if (request.method !== 'POST') return void response.writeHead(405).end()
        const { id } = JSON.parse(text) as { id?: string }
        const result = { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'a', version: '1' } }
        if (id !== undefined)
          return void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id, result }))
        response.writeHead(202, { 'content-type': 'text/plain' })
        let sent = 0
        const write = (): void => {
          while (!response.destroyed && sent < 64 << 20 && response.write(Buffer.alloc(1 << 16))) sent += 1 << 16
        }
        response.on('drain', write).on('close', () => ended.resolve(sent))
        if (how === 'without end') write()
        else response.flushHeaders()
      })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const upstream = await connectUpstream({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` }, { era: 'legacy' })
    expect(await ended.promise).toBeLessThan(64 << 20)
    await upstream.close()
    server.closeAllConnections()
  })
})

describe('a process', () => {
  it('sees nothing of our environment but PATH, HOME, LANG and what is named', async () => {
    const body = `await send({ id: message.id, result: { tools: [{ name: 'env', env: Object.keys(process.env) }] } })`
    await using upstream = await connectUpstream({ ...scriptedServer(body), env: { NAMED: '1' } })
    const { offer } = await fetchOffer(upstream)
    const seen = offer.tools[0]?.['env'] as string[]
    expect(seen).toContain('NAMED')
    expect(seen.filter((name) => !['HOME', 'LANG', 'NAMED', 'PATH'].includes(name))).toEqual([])
  })

  it('is ended with its children, even when it does not want to', async () => {
    const body = `process.on('SIGTERM', () => {}); process.stdin.removeAllListeners('end'); const child = require('node:child_process').spawn('sleep', ['1000']); setInterval(() => {}, 1000); await send({ id: message.id, result: { tools: [{ name: String(child.pid) }] } })`
    const upstream = await connectUpstream(scriptedServer(body))
    const { offer } = await fetchOffer(upstream)
    const pid = Number(offer.tools[0]?.['name'])
    expect(() => process.kill(pid, 0)).not.toThrow()
    await upstream.close()
    await eventually(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH')) // whoever inherits it takes note of its end
  })

  it('that is not there is told so', async () => {
    await expect(connectUpstream({ command: '/nonexistent/server', args: [] })).rejects.toMatchObject({ code: 'MCP_SERVER_UNAVAILABLE' })
  })
})
