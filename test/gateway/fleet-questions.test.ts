/** What servers of a fleet want to know of a host of the other era: asked as that era asks, answered to the server as its own does. */
import { join } from 'node:path'
import type { Client } from '@modelcontextprotocol/client'
import { describe, expect, it } from 'vitest'
import { type HeldServer, runHttpFleet } from '#gateway'
import { UPSTREAM_LIMITS, type UpstreamTarget } from '#upstream'
import { heldHeapBytes } from '../support/memory.ts'
import { EVERYTHING } from '../support/real-mcp-server.ts'
import { scriptedServer } from '../upstream/support.ts'
import { approve, connectClient, enveloped, held, type JsonRpc, RawHost, SILENT, startFleet, type TestGateway } from './support.ts'

const CAPABILITIES = { elicitation: { form: {} }, sampling: {} }
const [command, ...args] = EVERYTHING
const everything: UpstreamTarget = { command, args }
const asking = (eras: 'both' | 'new'): UpstreamTarget => ({ command: process.execPath, args: [join(import.meta.dirname, 'asking-server.ts'), eras] })

it.each(['legacy', 'auto'] as const)('a person is asked through a host of the era %s, by old servers and by new ones', async (era) => {
  const [all, both] = await Promise.all([approve(everything, CAPABILITIES), approve(asking('both'), CAPABILITIES)])
  await using gateway = startFleet({ all: held(everything, all), both: held(asking('both'), both), new: held(asking('new'), both) })
  const client = await connectPerson(gateway, era)
  for (const server of ['both', 'new']) {
    expect((await client.callTool({ name: `${server}__drop`, arguments: { table: 'users' } })).content).toEqual([
      { type: 'text', text: 'dropped users' },
    ])
  }
  const asked = JSON.stringify((await client.callTool({ name: 'all__trigger-elicitation-request', arguments: {} })).content)
  expect(asked).toContain('User provided the requested information')
  const sampled = await client.callTool({ name: 'all__trigger-sampling-request', arguments: { prompt: 'hello', maxTokens: 10 } })
  expect(JSON.stringify(sampled.content)).toContain('said by the model')
  expect(gateway.decisions.map(({ decision }) => decision)).toEqual(['allowed', 'allowed', 'allowed'])
})

/** The official client, with somebody who says yes and a model that says one thing. */
async function connectPerson(gateway: TestGateway, era: 'legacy' | 'auto'): Promise<Client> {
  return await connectClient(gateway, era, { capabilities: CAPABILITIES }, (client) => {
    client.setRequestHandler('elicitation/create', ({ params }) =>
      params.message.startsWith('Drop') ? { action: 'accept', content: { sure: true } } : { action: 'accept', content: { name: 'Ada', check: true } },
    )
    client.setRequestHandler('sampling/createMessage', () => ({
      model: 'm',
      role: 'assistant',
      content: { type: 'text', text: 'said by the model' },
    }))
  })
}

const DISCOVER = `if (message.method === 'server/discover') return void send({ id: message.id, error: { code: -32601, message: 'no' } });`
const ASK = `const ask = (id, params) => send({ id, method: 'elicitation/create', params });`
/** Answers of the host to questions of the server. */
const HEAR = `if (message.method === undefined) return void globalThis.onAnswer(message);`

describe('an old server that asks a host of 2026-07-28', () => {
  it('gets its answers within the one call that it sees, over several rounds', async () => {
    await using gateway = startFleet({
      old: old(`let at = 0
        globalThis.onAnswer = (answer) => {
          if (++at < 3) return void ask('q' + (at + 1), { message: 'after ' + answer.result.content.n })
          send({ id: message.id, result: { content: [], last: answer } })
        }
        ask('q1', { message: 'first' })`),
    })
    const host = new RawHost(gateway)
    let answer = await host.modern('c1', 'tools/call', { name: 'old__go', arguments: { big: 1 } })
    for (const [n, message] of ['first', 'after 1', 'after 2'].entries()) {
      expect(answer.result).toMatchObject({
        resultType: 'input_required',
        inputRequests: { 'question-1': { method: 'elicitation/create', params: { message } } },
      })
      answer = await repeat(host, `c${n + 2}`, answer, { action: 'accept', content: { n: n + 1 } })
    }
    expect(answer).toMatchObject({
      id: 'c4',
      result: { content: [], resultType: 'complete', last: { id: 'q3', result: { action: 'accept', content: { n: 3 } } } },
    })
  })

  it('gets an error for what is no question', async () => {
    await using gateway = startFleet({
      old: old(`const heard = []
        globalThis.onAnswer = (answer) => { heard.push(answer); if (heard.length === 3) send({ id: message.id, result: { heard } }) }
        send({ id: 'p', method: 'ping' }); send({ id: 'x', method: 'tools/call', params: {} }); send({ id: 'y', method: 'roots/unknown' })`),
    })
    const { result } = await new RawHost(gateway).modern(1, 'tools/call', { name: 'old__go' })
    expect(result).toMatchObject({
      heard: [
        { id: 'p', result: {} },
        { id: 'x', error: { code: -32601 } },
        { id: 'y', error: { code: -32601 } },
      ],
    })
  })

  it('that does not wait for the answer is heard when the host asks, and once', async () => {
    await using gateway = startFleet({ old: old(`await ask('q', { message: 'a' }); send({ id: message.id, result: { content: [] } })`) })
    const host = new RawHost(gateway)
    const asked = await host.modern(1, 'tools/call', { name: 'old__go' })
    expect(asked.result).toMatchObject({ resultType: 'input_required' })
    expect((await host.modern(2, 'tools/call', { name: 'old__other' })).result).toMatchObject({ resultType: 'input_required' }) // it has read on meanwhile
    expect(await repeat(host, 3, asked, { action: 'decline' })).toMatchObject({ id: 3, result: { content: [], resultType: 'complete' } })
    expect(await repeat(host, 4, asked, { action: 'decline' })).toMatchObject({ error: { code: -32602, message: 'Invalid or expired requestState' } })
  })

  it('cannot answer for another server under an id that it knows from before', async () => {
    const first = old(`globalThis.onAnswer = () => {}
      if (message.params.name === 'go') return void ((globalThis.first = message.id), ask('q', { message: 'a' }))
      await send({ id: globalThis.first, result: { content: [], from: 'first' } }); send({ id: message.id, result: { content: [] } })`)
    const second = old(`if (message.params.name === 'wait') return void (globalThis.waiting = message.id)
      await send({ id: globalThis.waiting, result: { content: [], from: 'second' } }); send({ id: message.id, result: { content: [] } })`)
    await using gateway = startFleet({ first, second })
    const host = new RawHost(gateway)
    const asked = await host.modern('c1', 'tools/call', { name: 'first__go' })
    const params = { name: 'first__go', requestState: asked.result?.['requestState'], inputResponses: {} }
    await host.send({ id: 'c2', method: 'tools/call', params: enveloped(params) })
    await host.send({ method: 'notifications/cancelled', params: { requestId: 'c2' } })
    await host.send({ id: 'c1', method: 'tools/call', params: enveloped({ name: 'second__wait' }) })
    await host.modern(3, 'tools/call', { name: 'first__tell' })
    await host.modern(4, 'tools/call', { name: 'second__tell' })
    expect(host.others).toMatchObject([{ id: 'c1', result: { from: 'second' } }])
  })

  it('gets an error where more waits for the host than is kept', async () => {
    await using gateway = startFleet({
      old: old(`if (message.method === 'completion/complete') { await globalThis.sent; return void send({ id: message.id, result: {} }) }
        globalThis.onAnswer = (answer) => {
          if (answer.id === 'q2') globalThis.refused = answer
          if (answer.id === 'q1') send({ id: message.id, result: { content: [], refused: globalThis.refused } })
        }
        globalThis.sent = (async () => { for (const [n, size] of [1, 200000, 200000].entries()) await ask('q' + n, { message: 'x'.repeat(size) }) })()`),
    })
    const host = new RawHost(gateway)
    const asked = await host.modern(1, 'tools/call', { name: 'old__go' })
    await host.modern('all', 'completion/complete', { ref: { type: 'ref/prompt', name: 'old__p' } }) // it has asked everything
    const again = await repeat(host, 2, asked, { action: 'accept' })
    expect((await repeat(host, 3, again, { action: 'accept' })).result).toMatchObject({
      refused: { id: 'q2', error: { code: -32601, message: 'too much waits for the host' } },
    })
  })

  it('is told when the host does not wait any more', async () => {
    await using gateway = startFleet({
      old: old(`globalThis.onAnswer = () => {}
        if (message.params.name === 'state') return void send({ id: message.id, result: { cancelled: globalThis.cancelled } })
        process.stdin.on('data', (chunk) => { for (const text of String(chunk).split('\\n').filter(Boolean)) {
          const { method, params } = JSON.parse(text); if (method === 'notifications/cancelled') globalThis.cancelled = params.requestId } })
        ask('q', { message: 'a' })`),
    })
    const host = new RawHost(gateway)
    const asked = await host.modern('first', 'tools/call', { name: 'old__go' })
    const params = { name: 'old__go', requestState: asked.result?.['requestState'], inputResponses: { 'question-1': { action: 'cancel' } } }
    await host.send({ id: 'second', method: 'tools/call', params: enveloped(params) })
    await host.send({ method: 'notifications/cancelled', params: { requestId: 'second' } })
    await expect.poll(async () => (await host.modern(`s${Math.random()}`, 'tools/call', { name: 'old__state' })).result?.['cancelled']).toBe('first')
  })

  it('and never reads is not answered without bound', async () => {
    const { command: node, args: all } = scriptedServer(DISCOVER)
    const flood = `for (let n = 0; ; n++) await write(JSON.stringify({ jsonrpc: '2.0', id: n, method: 'x/' + 'y'.repeat(1000) }) + '\\n')`
    const deaf = (all[1] ?? '').replace('const handle =', `const flood = async () => { process.stdin.pause(); ${flood} }; const handle =`)
    const script = deaf.replace('else if (message.id', `else if (message.method === 'tools/call') void flood(); else if (message.id`)
    await using gateway = startFleet({
      deaf: { target: { command: node, args: ['-e', script] }, mode: 'off' },
      old: old(`send({ id: message.id, result: {} })`),
    })
    const host = new RawHost(gateway)
    await host.send({ id: 1, method: 'tools/call', params: enveloped({ name: 'deaf__go' }) })
    const before = heldHeapBytes()
    for (let id = 2; id < 500; id++) expect((await host.modern(id, 'tools/call', { name: 'old__go' })).result).toEqual({ resultType: 'complete' })
    expect(heldHeapBytes() - before).toBeLessThan(64 * 1024 * 1024)
  })

  it('asks none of several hosts that share it, where it is not clear which of them', async () => {
    const server = old(`globalThis.calls ??= []; globalThis.calls.push(message.id)
      globalThis.onAnswer = (answer) => { for (const id of globalThis.calls.splice(0)) send({ id, result: { content: [], answer } }) }
      if (message.params.arguments.alone || globalThis.calls.length === 2) ask('q', { message: 'sure?' })`)
    await using fleet = await runHttpFleet({ servers: [{ name: 'old', ...server }], version: '1', ...SILENT, host: '127.0.0.1', port: 0 })
    const call = async (id: number, alone: boolean): Promise<JsonRpc> => {
      const response = await fetch(fleet.url, {
        method: 'POST',
        headers: {
          accept: 'application/json, text/event-stream',
          'content-type': 'application/json',
          'mcp-protocol-version': '2026-07-28',
          'mcp-method': 'tools/call',
          'mcp-name': 'old__go',
        },
        body: JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: enveloped({ name: 'old__go', arguments: { alone } }) }),
      })
      return (await response.json()) as JsonRpc
    }
    const refused = { error: { code: -32601, message: 'it is not clear whom to ask' } }
    expect(await Promise.all([call(1, false), call(2, false)])).toMatchObject([{ result: { answer: refused } }, { result: { answer: refused } }])
    expect(await call(3, true)).toMatchObject({ id: 3, result: { resultType: 'input_required' } })
  })

  it('and a host that sends no JSON is told so', async () => {
    await using gateway = startFleet({ old: old(`send({ id: message.id, result: {} })`) })
    const host = new RawHost(gateway)
    await host.modern(1, 'tools/call', { name: 'old__go' })
    await host.send(
      '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"old__go","arguments":{"a":nul},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}',
    )
    expect(await host.answer(2)).toMatchObject({ error: { code: -32700 } })
    expect((await host.modern(3, 'tools/call', { name: 'old__go' })).result).toEqual({ resultType: 'complete' })
  })
})

describe('a new server that wants to know of an old host', () => {
  const results = (body: string): HeldServer => {
    const answer = `const result = (result) => send({ id: message.id, result })
      if (message.method === 'server/discover') return void result({ resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities: { tools: {} },
        _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'scripted', version: '1' } } });`
    const { command: node, args: all } = scriptedServer(`${answer} ${body}`)
    const refusing = (all[1] ?? '').replace(
      'void send({ id: message.id, result: identity })',
      `void send({ id: message.id, error: { code: -32022, message: 'no' } })`,
    )
    return { target: { command: node, args: ['-e', refusing] }, mode: 'off' }
  }

  it.each([
    ['without end', `result({ resultType: 'input_required', inputRequests: { a: { method: 'roots/list' } } })`, /asks without end/],
    [
      'what no server may ask',
      `result({ resultType: 'input_required', inputRequests: { a: { method: 'tools/call', params: {} } } })`,
      /cannot be asked/,
    ],
    ['by a result of a type that is not known', `result({ resultType: 'task' })`, /cannot be asked/],
  ])('%s is refused', async (_, body, message) => {
    await using gateway = startFleet({ new: results(body) })
    const host = new RawHost(gateway)
    await host.initialize()
    await host.send({ id: 1, method: 'tools/call', params: { name: 'new__go' } })
    let got = JSON.parse(await host.line()) as JsonRpc
    for (; got.method !== undefined; got = JSON.parse(await host.line()) as JsonRpc) await host.send({ id: got.id, result: { roots: [] } })
    expect(got).toMatchObject({ id: 1, error: { message: expect.stringMatching(message) } })
  })

  it('gives the error of the host to the host, which cannot answer', async () => {
    await using gateway = startFleet({ new: results(`result({ resultType: 'input_required', inputRequests: { a: { method: 'roots/list' } } })`) })
    const host = new RawHost(gateway)
    await host.initialize()
    await host.send({ id: 1, method: 'tools/call', params: { name: 'new__go' } })
    const { id } = JSON.parse(await host.line()) as JsonRpc
    await host.send({ id, error: { code: -32601, message: 'no roots here' } })
    expect(await host.answer(1)).toMatchObject({ error: { code: -32601, message: 'no roots here' } })
  })
})

function old(body: string): HeldServer {
  return { target: scriptedServer(`${DISCOVER} ${ASK} ${HEAR} ${body}`), mode: 'off', limits: UPSTREAM_LIMITS }
}

async function repeat(host: RawHost, id: number | string, asked: JsonRpc, answer: object): Promise<JsonRpc> {
  return await host.modern(id, 'tools/call', {
    name: 'old__go',
    requestState: asked.result?.['requestState'],
    inputResponses: { 'question-1': answer },
  })
}
