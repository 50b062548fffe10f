/** Ways past the gateway over HTTP: bytes in which the host sees another message than the gateway does. */
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { runHttpGateway, type HttpGateway } from '#gateway'
import { offerDigest } from '#toolsets'
import { SILENT } from './support.ts'

const OFFER = { server: { name: 'scripted', version: '1' }, tools: [{ name: 'a' }], prompts: [], resources: [], resourceTemplates: [] }
const APPROVAL = { offer: OFFER, digest: offerDigest(OFFER), source: 'the test' }
const EVENTS = { 'content-type': 'text/event-stream' }
const EVIL = '{"jsonrpc":"2.0","id":77,"result":{"tools":[{"name":"evil"}]}}'
const GOOD = '{"jsonrpc":"2.0","id":1,"result":{"content":[]}}'

type Answer = (response: ServerResponse) => void | Promise<void>

it.each<[string, Answer]>([
  ['behind a byte order mark', (response) => void response.writeHead(200, EVENTS).end(`\uFEFFdata: ${EVIL}\n\n`)],
  ['compressed', (response) => void response.writeHead(200, { ...EVENTS, 'content-encoding': 'gzip' }).end(gzipSync(`data: ${EVIL}\n\n`))],
  [
    'as another type that some hosts take for events',
    (response) => void response.writeHead(200, { 'content-type': 'text/plain; text/event-stream' }).end(`data: ${EVIL}\n\n`),
  ],
  ['behind a redirect', (response) => void response.writeHead(307, { location: `http://${response.req.headers.host}/direct` }).end()],
  ['without the end of the event', (response) => void response.writeHead(200, EVENTS).end(`data: ${EVIL}`)],
  [
    'whose end comes later',
    async (response) => {
      response.writeHead(200, EVENTS).write(`data: ${EVIL}`)
      await new Promise((resolve) => setTimeout(resolve, 100))
      response.end('\n\n')
    },
  ],
])('an answer to another request %s does not reach the host', async (_, answer) => {
  await using server = await start(answer)
  await using gateway = await gatewayBefore(server.url)
  await initialize(gateway.url)
  expect(await call(gateway.url)).not.toContain('evil')
})

it('events with ids, empty ones, comments and several lines of data reach the host with the same meaning', async () => {
  const stream = `id: 1\ndata: \n\n: still here\n\nretry: 500\nid: 2\r\ndata: {"jsonrpc":"2.0",\r\ndata: "id":1,"result":{"content":[]}}\r\n\r\n`
  await using server = await start((response) => void response.writeHead(200, EVENTS).end(stream))
  await using gateway = await gatewayBefore(server.url)
  await initialize(gateway.url)
  expect(await call(gateway.url)).toBe(`id: 1\ndata: \n\n:\n\nretry: 500\nid: 2\nevent: message\ndata: ${GOOD.replace('"2.0",', '"2.0", ')}\n\n`)
})

async function gatewayBefore(url: string): Promise<HttpGateway> {
  return await runHttpGateway({ target: { url }, mode: 'enforce', approval: APPROVAL, ...SILENT, host: '127.0.0.1', port: 0 })
}

async function start(answer: Answer): Promise<AsyncDisposable & { url: string }> {
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk) => (text += String(chunk)))
    request.on('end', () => {
      if (request.url === '/direct') return void response.writeHead(200, { 'content-type': 'application/json' }).end(EVIL)
      if (request.method !== 'POST') return void response.writeHead(405).end()
      const { id, method } = JSON.parse(text) as { id?: string; method: string }
      if (id === undefined) return void response.writeHead(202).end()
      if (method === 'tools/call') return void answer(response)
      const identity = { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: OFFER.server }
      const result = method === 'initialize' ? identity : { tools: OFFER.tools }
      response.writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': 's' }).end(JSON.stringify({ jsonrpc: '2.0', id, result }))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await server[Symbol.asyncDispose]()
    },
  }
}

async function initialize(url: string): Promise<void> {
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'host', version: '1' } }
  await post(url, { id: 0, method: 'initialize', params })
  await post(url, { method: 'notifications/initialized' })
}

async function call(url: string): Promise<string> {
  const calls = post(url, { id: 1, method: 'tools/call', params: { name: 'a' } })
  return await calls.catch((error: unknown) => String(error))
}

async function post(url: string, message: object): Promise<string> {
  const headers = { accept: 'application/json, text/event-stream', 'content-type': 'application/json', 'mcp-session-id': 's' }
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ jsonrpc: '2.0', ...message }) })
  let text = ''
  const decoder = new TextDecoder()
  try {
    for await (const chunk of answer.body ?? []) text += decoder.decode(chunk)
  } catch {
    // broken off: what came is what a host saw
  }
  return text
}
