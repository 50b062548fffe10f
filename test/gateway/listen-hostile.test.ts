/** What hosts and pages over HTTP may not do to the gateway, to its server, and to each other. */
import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Approval } from '#gateway'
import { scriptedServer } from '../upstream/support.ts'
import { approve, isRunning, listening, type ListeningGateway, post, rawSession } from './support.ts'

/** Each process has one tool, which says the process's number, does nothing, or ends it. */
const SERVER = scriptedServer(`
  if (message.method === 'tools/list') return void (await send({ id: message.id, result: { tools: [{ name: 'go', inputSchema: { type: 'object' } }] } }))
  const { what } = message.params.arguments
  if (what === 'leave') process.exit(1)
  if (what === 'ask') await send({ id: 'q', method: 'roots/list' })
  if (what === 'flood') for (let n = 0; n < 2000; n++) void send({ method: 'notifications/message', params: { level: 'info', data: 'x'.repeat(10000) } })
  if (what === 'half') {
    globalThis.half = message.id
    return void (await line('{"jsonrpc":"2.0","result":{"content":[{"type":"text","text":"' + 'x'.repeat(1 << 20)))
  }
  if (what === 'rest') await line('"}]},"id":' + globalThis.half + '}\\n')
  if (what !== 'hang') await send({ id: message.id, result: { content: [{ type: 'text', text: String(process.pid) }] } })`)

let approval: Approval
let shared: ListeningGateway

beforeAll(async () => {
  approval = await approve(SERVER)
  shared = await listening(SERVER, { approval })
})

afterAll(async () => {
  await shared[Symbol.asyncDispose]()
})

describe('a host', () => {
  it('that opens sessions without end gets no more processes than there may be', async () => {
    await using gateway = await listening(SERVER, { approval, hosting: { processes: 2 } })
    const sessions = [await rawSession(gateway), await rawSession(gateway)]
    const more = await Promise.all(Array.from({ length: 10 }, async () => await post(gateway, INITIALIZE)))
    expect(more.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 503))
    expect(await more[0]?.json()).toMatchObject({ error: { data: { code: 'OVERLOADED' } } })
    await fetch(gateway.url, { method: 'DELETE', headers: { 'mcp-session-id': sessions[0] ?? '' } })
    expect((await post(gateway, INITIALIZE)).status).toBe(200)
    expect(await callIn(gateway, sessions[1])).toMatch(/^\d+$/)
  })

  it('takes the place of one that has long been idle, and of none that waits for an answer', async () => {
    await using gateway = await listening(SERVER, { approval, hosting: { processes: 2, crowdedMs: 0 } })
    const [busy, idle] = [await rawSession(gateway), await rawSession(gateway)]
    const hanging = callIn(gateway, busy, 'hang', 7).catch(() => 'ended')
    await expect.poll(async () => await callIn(gateway, busy)).toMatch(/^\d+$/)
    const third = await rawSession(gateway)
    expect(await callIn(gateway, third)).toMatch(/^\d+$/)
    expect((await post(gateway, PING, { 'mcp-session-id': idle })).status).toBe(404)
    expect((await post(gateway, PING, { 'mcp-session-id': busy })).status).toBe(200)
    await gateway[Symbol.asyncDispose]()
    await hanging
  })

  it('whose server dies at each call gets so many processes a minute', async () => {
    await using gateway = await listening(SERVER, { approval, hosting: { startsPerMinute: 3 } })
    for (let times = 0; times < 3; times++) expect(await callIn(gateway, await rawSession(gateway), 'leave')).toMatch(/has ended/)
    expect((await post(gateway, INITIALIZE)).status).toBe(503)
  })

  it('that never comes back after the handshake keeps no process', async () => {
    await using gateway = await listening(SERVER, { approval, mode: 'off', hosting: { unusedMs: 20 } })
    const session = await rawSession(gateway)
    await expect.poll(async () => (await post(gateway, PING, { 'mcp-session-id': session })).status, { interval: 200 }).toBe(404)
  })

  it('that drops its connections in mid-call holds up nobody, and its process answers on', async () => {
    const session = await rawSession(shared)
    await callIn(shared, session)
    for (let id = 100; id < 110; id++) {
      const gone = new AbortController()
      const hanging = fetch(shared.url, { ...postOf(CALL(id, 'hang')), headers: { ...JSON_HEADERS, 'mcp-session-id': session }, signal: gone.signal })
      hanging.catch(() => {})
      await callIn(shared, session)
      gone.abort()
    }
    expect(await callIn(shared, session)).toMatch(/^\d+$/)
    // An id whose answer may still come is not given to another call.
    expect(await (await post(shared, CALL(100), { 'mcp-session-id': session })).json()).toMatchObject({ error: { code: -32600 } })
  })

  it('that sends a body without end, or says that it will, is told so', async () => {
    expect((await fetch(shared.url, { ...postOf({}), body: Buffer.alloc(17 << 20, ' ') })).status).toBe(413)
    const chunked = request(shared.url, { method: 'POST', headers: { ...JSON_HEADERS, 'transfer-encoding': 'chunked' } })
    chunked.on('error', () => {}) // the rest is not taken
    chunked.write(Buffer.alloc(17 << 20, ' '))
    const [answer] = (await once(chunked, 'response')) as [{ statusCode: number }]
    expect(answer.statusCode).toBe(413)
  })

  it('that sends many bodies slowly keeps nobody out', async () => {
    const { port } = new URL(shared.url)
    const slow = Array.from({ length: 40 }, () => connect(Number(port), '127.0.0.1'))
    for (const socket of slow) {
      socket.on('error', () => {})
      socket.write(`POST /mcp HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\n\r\n{"jsonrpc":`)
    }
    expect(await callIn(shared, await rawSession(shared))).toMatch(/^\d+$/)
    for (const socket of slow) socket.destroy()
  })

  it('that does not read what its server floods it with is cut off, and others go on', async () => {
    const session = await rawSession(shared)
    const other = await rawSession(shared)
    await callIn(shared, session)
    const deaf = request(shared.url, { method: 'POST', headers: { ...JSON_HEADERS, 'mcp-session-id': session } })
    const closed = once(deaf, 'close')
    deaf.on('error', () => {})
    deaf.on('response', (answer) => void answer.on('error', () => {}).pause())
    deaf.end(JSON.stringify({ jsonrpc: '2.0', ...CALL(50, 'flood') }))
    expect(await callIn(shared, other)).toMatch(/^\d+$/)
    await expect.poll(async () => await callIn(shared, session)).toMatch(/^\d+$/)
    deaf.destroy()
    await closed
  })

  it.each([
    ['Host', { host: 'evil.example' }, 403],
    ['Origin', { origin: 'https://evil.example' }, 403],
    ['content type', { 'content-type': 'text/plain' }, 415],
    ['session', { 'mcp-session-id': 'guessed' }, 404],
  ])('with a wrong %s does not get in', async (_, headers, status) => {
    expect(await statusOf(shared, PING, headers)).toBe(status)
  })

  it.each([
    ['no method', { 'mcp-protocol-version': '2026-07-28' }],
    ['another tool', { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'stop' }],
    ['another revision', { 'mcp-protocol-version': '2025-11-25', 'mcp-method': 'tools/call', 'mcp-name': 'go' }],
  ])('whose headers name %s is refused', async (_, headers) => {
    const answer = await post(shared, { ...CALL(1), params: { name: 'go', _meta: ENVELOPE } }, headers)
    expect([answer.status, await answer.json()]).toMatchObject([400, { id: 1, error: { code: -32020 } }])
  })

  it.each([
    'not JSON',
    '[{"jsonrpc":"2.0","id":1,"method":"ping"}]',
    '{"id":1,"method":"ping","method":"x"}',
    `{"id":1,"method":"a","params":${'['.repeat(500)}`,
  ])('that sends %s is told so, and others go on', async (body) => {
    const answer = await fetch(shared.url, { ...postOf({}), body })
    expect([answer.status, await answer.json()]).toMatchObject([400, { error: { code: -32700 } }])
  })
})

describe('a server', () => {
  it('whose answer is long is passed on before it has said all of it, and before it has said to whom', async () => {
    const session = await rawSession(shared)
    await callIn(shared, session)
    const answer = await post(shared, CALL(1, 'half'), { 'mcp-session-id': session })
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
    const parts = [(await reader?.read())?.value ?? '']
    expect(parts[0]).toMatch(/^\{"jsonrpc"/)
    await callIn(shared, session, 'rest')
    for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) parts.push(part.value)
    expect(JSON.parse(parts.join(''))).toMatchObject({ id: 1, result: { content: [{ text: 'x'.repeat(1 << 20) }] } })
  })

  it('that asks a host which has no stream for it is told so', async () => {
    const session = await rawSession(shared)
    const headers = { ...JSON_HEADERS, accept: 'application/json', 'mcp-session-id': session }
    const answer = await fetch(shared.url, { ...postOf(CALL(1, 'ask')), headers })
    expect(await answer.json()).toMatchObject({ id: 1, result: {} })
  })

  it('of a host that is gone for long is ended', async () => {
    await using gateway = await listening(SERVER, { approval, hosting: { idleMs: 50, unusedMs: 20 } })
    const pid = Number(await callIn(gateway, await rawSession(gateway)))
    await expect.poll(() => isRunning(pid)).toBe(false)
  })
})

async function callIn(gateway: ListeningGateway, session = '', what = 'say', id = Math.floor(Math.random() * 1e9)): Promise<string> {
  const answer = await post(gateway, CALL(id, what), { 'mcp-session-id': session })
  const text = await answer.text()
  const message = JSON.parse(text.startsWith('{') ? text : (/data: (.*)\n\n$/.exec(text)?.[1] ?? '{}')) as {
    result?: { content: [{ text: string }] }
    error?: { message: string }
  }
  return message.result?.content[0].text ?? message.error?.message ?? text
}

/** fetch writes Host itself. */
async function statusOf({ url }: ListeningGateway, message: object, headers: Record<string, string>): Promise<number | undefined> {
  const sent = request(url, { method: 'POST', headers: { ...JSON_HEADERS, ...headers } })
  sent.end(JSON.stringify({ jsonrpc: '2.0', ...message }))
  const [answer] = (await once(sent, 'response')) as [{ statusCode?: number; resume(): void }]
  answer.resume()
  return answer.statusCode
}

function postOf(message: object): RequestInit {
  return { method: 'POST', headers: JSON_HEADERS, body: JSON.stringify({ jsonrpc: '2.0', ...message }) }
}

const CALL = (id: number, what = 'say'): object => ({ id, method: 'tools/call', params: { name: 'go', arguments: { what } } })
const PING = { id: 1, method: 'ping' }
const INITIALIZE = {
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'host', version: '1' } },
}
const ENVELOPE = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'host', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
}
const JSON_HEADERS = { accept: 'application/json, text/event-stream', 'content-type': 'application/json' }
