/** What passes through the gateway passes as it is, and what comes in between is judged again. */
import { describe, expect, it } from 'vitest'
import type { Approval } from '#gateway'
import { UPSTREAM_LIMITS } from '#upstream'
import { heldBufferBytes } from '../support/memory.ts'
import { scriptedServer } from '../upstream/support.ts'
import { approve, RawHost, startGateway, type TestGateway } from './support.ts'

const LISTS = `if (message.method === 'tools/list') return void (await send({ id: message.id, result: { tools: globalThis.tools ?? [{ name: 'go', inputSchema: { type: 'object' } }] } }));`

async function initialized(
  body: string,
  limits = UPSTREAM_LIMITS,
  mode: 'enforce' | 'warn' = 'enforce',
): Promise<{ gateway: TestGateway; host: RawHost } & AsyncDisposable> {
  const target = scriptedServer(`${LISTS} ${body}`, '{ tools: { listChanged: true }, resources: {} }')
  const gateway = startGateway(target, await approval(), mode, limits)
  const host = new RawHost(gateway)
  await host.initialize()
  return { gateway, host, [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose]() }
}

let approved: Promise<Approval> | undefined
function approval(): Promise<Approval> {
  return (approved ??= approve(
    scriptedServer(
      `${LISTS} await send({ id: message.id, result: { resources: [], resourceTemplates: [] } })`,
      '{ tools: { listChanged: true }, resources: {} }',
    ),
  ))
}

const RESOURCES = `if (message.method.startsWith('resources/')) return void (await send({ id: message.id, result: { resources: [], resourceTemplates: [] } }));`

describe.concurrent('the gateway', () => {
  it('passes arguments and results byte for byte', async () => {
    const answer = `{"id" : 7,\\t"result":{"content":[ ],"n":1.0e2,"s":"\\\\u00e9\\\\/","big":12345678901234567890},  "jsonrpc":"2.0" }`
    // The server says what it received, in hex.
    const body = `${RESOURCES} if (message.params.name === 'go') { await line(\`${answer}\\n\`); }`
    await using session = await initialized(body)
    await session.host.send(`{ "method":"tools/call","params": {"name":"g\\u006f","arguments":{"a":1.0}} ,"id":7,"jsonrpc":"2.0"}`)
    expect(await session.host.line()).toBe(answer.replaceAll('\\t', '\t').replaceAll('\\\\', '\\'))
  })

  it('keeps the ids of the host, whatever they look like', async () => {
    await using session = await initialized(`${RESOURCES} await send({ id: message.id, result: { method: message.method } })`)
    for (const id of ['a', '"\\é', 0, -1, 9007199254740991]) {
      expect(await session.host.request(id as string, 'tools/call', { name: 'go' })).toMatchObject({ id, result: { method: 'tools/call' } })
    }
  })

  it('asks again when the server says that its tools changed, and refuses from then on', async () => {
    const body = `${RESOURCES} globalThis.tools = [{ name: 'go', description: 'new', inputSchema: { type: 'object' } }]; await send({ method: 'notifications/tools/list_changed' }); await send({ id: message.id, result: {} })`
    await using session = await initialized(body)
    await session.host.request(1, 'tools/call', { name: 'go' })
    expect(await session.host.request(2, 'tools/call', { name: 'go' })).toMatchObject({
      error: {
        code: -32050,
        message: expect.stringContaining('"go"'),
        data: { code: 'MCP_BLOCKED', differences: [{ kind: 'changed', what: 'tool', name: 'go' }] },
      },
    })
    expect(session.host.others).toEqual([]) // a host that is told of the change would only ask for what it may not see
    expect(session.gateway.decisions.map(({ decision }) => decision)).toEqual(['allowed', 'blocked'])
  })

  it('asks again before a list is shown, so that a change of which nothing was said is found', async () => {
    const body = `${RESOURCES} globalThis.tools = [{ name: 'go', description: 'new', inputSchema: { type: 'object' } }]; await send({ id: message.id, result: {} })`
    await using session = await initialized(body)
    await session.host.request(1, 'tools/call', { name: 'go' })
    await new Promise((resolve) => setTimeout(resolve, 1000))
    expect(await session.host.request(2, 'tools/list')).toMatchObject({ error: { code: -32050 } })
  })

  it('passes requests of the server and the answers of the host', async () => {
    const body = `${RESOURCES} await send({ id: 'q', method: 'sampling/createMessage', params: {} }); await send({ id: message.id, result: {} })`
    await using session = await initialized(body)
    await session.host.request(1, 'tools/call', { name: 'go' })
    expect(session.host.others).toMatchObject([{ id: 'q', method: 'sampling/createMessage' }])
  })

  it('lets nothing of the server through before what it offers was compared', async () => {
    const body = `globalThis.tools = [{ name: 'other' }]; if (message.method === 'tools/list') { await send({ method: 'notifications/message', params: { data: 'read me' } }); await send({ id: 'q', method: 'sampling/createMessage', params: {} }); } ${LISTS} ${RESOURCES}`
    const gateway = startGateway(scriptedServer(body, '{ tools: {}, resources: {} }'), await approval())
    await using _ = gateway
    const host = new RawHost(gateway)
    await host.initialize()
    expect(await host.request(1, 'tools/list')).toMatchObject({ error: { code: -32050 } })
    expect(host.others).toEqual([])
  })

  it('does not send a call that was cancelled while it waited', async () => {
    const body = `if (message.method === 'tools/list') await new Promise((resolve) => setTimeout(resolve, 300)); ${LISTS} ${RESOURCES} globalThis.calls = (globalThis.calls ?? 0) + 1; await send({ id: message.id, result: { calls: globalThis.calls } })`
    await using session = await initialized(body)
    await session.host.send({ id: 1, method: 'tools/call', params: { name: 'go' } })
    await session.host.send({ method: 'notifications/cancelled', params: { requestId: 1 } })
    expect(await session.host.request(2, 'tools/call', { name: 'go' })).toMatchObject({ result: { calls: 1 } })
  })
})

describe('a long result', () => {
  it.each([
    ['first', `await line('{"jsonrpc":"2.0","id":1,"result":{"content":"'); for (let n = 0; n < 64; n++) await line(mega); await line('"}}\\n')`],
    ['last', `await line('{"result":{"content":"'); for (let n = 0; n < 64; n++) await line(mega); await line('"},"jsonrpc":"2.0","id":1}\\n')`],
  ])('streams a result of 64 MB whose id comes %s', async (_, body) => {
    await using session = await initialized(`${RESOURCES} const mega = 'x'.repeat(1 << 20); ${body}`)
    await session.host.send({ id: 1, method: 'tools/call', params: { name: 'go' } })
    let [bytes, largest] = [0, 0]
    const before = heldBufferBytes()
    for await (const chunk of session.gateway.output) {
      bytes += (chunk as Buffer).length
      if (process.memoryUsage().arrayBuffers - before > 32 * 1024 * 1024) largest = Math.max(largest, heldBufferBytes() - before)
      if ((chunk as Buffer).includes(0x0a)) break
    }
    expect(bytes).toBeGreaterThan(64 * 1024 * 1024)
    expect(largest).toBeLessThan(48 * 1024 * 1024)
  })
})

describe.concurrent('a host', () => {
  it.each([
    ['text that is no JSON', 'hello', /not valid JSON/],
    ['several messages in one', '[{"jsonrpc":"2.0","id":1,"method":"ping"}]', /no batches/],
    ['a method twice', '{"id":1,"method":"ping","method":"tools/call"}', /"method" appears twice/],
    ['a tool twice', '{"id":1,"method":"tools/call","params":{"name":"go","name":"stop"}}', /"name" appears twice/],
    ['a method in other case', '{"id":1,"method":"ping","Method":"tools/call"}', /in case only/],
    ['deep JSON', `{"id":1,"method":"ping","params":${'['.repeat(5000)}`, /nested deeper/],
  ])('that sends %s is told so, and the gateway ends', async (_, text, message) => {
    await using session = await initialized(RESOURCES)
    await session.host.send(text)
    expect(await session.host.answer(null)).toMatchObject({ error: { code: -32700, message: expect.stringMatching(message) } })
    await expect(session.gateway.done).rejects.toMatchObject({ code: 'INPUT_INVALID' })
  })

  it('that uses an id twice, or one of ours, is refused', async () => {
    await using session = await initialized(`${RESOURCES} if (message.params.name === 'go') return`)
    await session.host.send({ id: 1, method: 'tools/call', params: { name: 'go' } })
    expect(await session.host.request(1, 'tools/call', { name: 'go' })).toMatchObject({ error: { code: -32600 } })
  })

  it('that asks without end and takes no answers does not grow the gateway', async () => {
    await using session = await initialized(`${RESOURCES} await send({ id: message.id, result: { a: 'x'.repeat(10000) } })`)
    let [sent, full] = [0, false]
    while (!full && sent < 50_000) {
      sent++
      full = !session.gateway.input.write(`${JSON.stringify({ jsonrpc: '2.0', id: sent, method: 'tools/call', params: { name: 'go' } })}\n`)
      if (sent % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    expect(full).toBe(true)
  })
})

const BOUNDED = { ...UPSTREAM_LIMITS, streamedBytes: 32 * 1024 * 1024, messageBytes: 2 * 1024 * 1024, pages: 5 }
const MEGA = `const mega = 'x'.repeat(1 << 20);`

describe.concurrent('a server that', () => {
  it.each([
    [
      'sends 100 MB that nobody asked for',
      `${MEGA} await line('{"method":"notifications/message","params":"'); for (let n = 0; n < 100; n++) await line(mega)`,
      'MCP_SERVER_FAULT',
    ],
    [
      'answers 100 MB',
      `${MEGA} await line('{"result":"'); for (let n = 0; n < 100; n++) await line(mega); await line('","id":1}\\n')`,
      'MCP_SERVER_FAULT',
    ],
    [
      'answers a long one to nobody',
      `${MEGA} await line('{"result":"'); for (let n = 0; n < 4; n++) await line(mega); await line('","id":99}\\n')`,
      'MCP_SERVER_FAULT',
    ],
    ['answers deep JSON', `await line('{"id":1,"result":' + '['.repeat(100000) + '\\n')`, 'MCP_SERVER_FAULT'],
    ['answers something in between', `await line('Starting…\\n')`, 'MCP_SERVER_FAULT'],
    ['dies in the middle', `await line('{"id":1,"result":{"a'); process.exit(9)`, 'MCP_SERVER_FAULT'],
    ['dies', `process.exit(9)`, 'MCP_SERVER_UNAVAILABLE'],
  ])('%s does not hurt the host', async (_, body, code) => {
    await using session = await initialized(`${RESOURCES} ${body}`, BOUNDED)
    await session.host.send({ id: 1, method: 'tools/call', params: { name: 'go' } })
    const lines: string[] = []
    for (;;) {
      const line = await session.host.line().catch(() => undefined)
      if (line === undefined || line.length < 4096) {
        lines.push(line ?? '')
        break
      }
    }
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ id: 1, error: { code: -32050, data: { code } } })
    await expect(session.gateway.done).rejects.toMatchObject({ code })
  })

  it('answers a word that JSON does not have does not reach the host', async () => {
    await using session = await initialized(`${RESOURCES} await line('{"id":1,"result":nonsense}\\n')`, BOUNDED)
    await session.host.send({ id: 1, method: 'tools/call', params: { name: 'go' } })
    expect(JSON.parse(await session.host.line())).toMatchObject({ id: 1, error: { data: { code: 'MCP_SERVER_FAULT' } } })
    await expect(session.gateway.done).rejects.toMatchObject({ code: 'MCP_SERVER_FAULT' })
  })

  it('answers twice, or to nobody, is heard once', async () => {
    const body = `${RESOURCES} for (const id of ['x', message.id, message.id, 'x']) await send({ id, result: { of: message.id } })`
    await using session = await initialized(body)
    await session.host.request(1, 'tools/call', { name: 'go' })
    await session.host.request(2, 'tools/call', { name: 'go' })
    expect(session.host.others).toEqual([])
    expect(session.gateway.notes).toEqual([expect.stringContaining('answers what was not asked')])
  })

  it.each([
    ['hangs', `if (message.method === 'tools/list') return;`, /did not answer tools\/list within 700 ms/, { ...BOUNDED, requestMs: 700 }],
    [
      'lists pages without end',
      `if (message.method === 'tools/list') return void send({ id: message.id, result: { tools: [], nextCursor: String(Math.random()) } });`,
      /over 5 pages/,
      BOUNDED,
    ],
  ])('%s while it is asked what it offers is refused', async (_, body, message, limits) => {
    const target = scriptedServer(`${body} ${RESOURCES}`, '{ tools: {}, resources: {} }')
    await using gateway = startGateway(target, await approval(), 'enforce', limits)
    const host = new RawHost(gateway)
    await host.initialize()
    expect(await host.request(1, 'tools/call', { name: 'go' })).toMatchObject({ error: { code: -32050, message: expect.stringMatching(message) } })
  })
})
