/** One gateway before many servers: each tool by the name of its server, each server held to what was approved of it, and none holds up the others. */
import { beforeAll, describe, expect, it } from 'vitest'
import type { Approval } from '#gateway'
import { UPSTREAM_LIMITS, type UpstreamTarget } from '#upstream'
import { parseMessage, writeMessage } from '../../src/gateway/fleet-messages.ts'
import { EVERYTHING } from '../support/real-mcp-server.ts'
import { scriptedServer } from '../upstream/support.ts'
import { approve, connectClient, fixture, held, RawHost, startFleet } from './support.ts'

const [command, ...args] = EVERYTHING
const everything: UpstreamTarget = { command, args }
let approvedFixture: Approval
let approvedEverything: Approval

beforeAll(async () => {
  ;[approvedFixture, approvedEverything] = await Promise.all([approve(fixture()), approve(everything)])
})

describe('a fleet', () => {
  it('is one server to the official client: tools, prompts and resources of all, called by their names', async () => {
    await using gateway = startFleet({ calc: held(fixture(), approvedFixture), all: held(everything, approvedEverything) })
    const client = await connectClient(gateway, 'auto')
    const names = (await client.listTools()).tools.map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(['calc__add', 'calc__echo', 'all__echo', 'all__get-sum']))
    expect((await client.callTool({ name: 'calc__add', arguments: { a: 1, b: 2 } })).content).toEqual([{ type: 'text', text: '3' }])
    expect((await client.callTool({ name: 'all__echo', arguments: { message: 'hi' } })).content).toEqual([{ type: 'text', text: 'Echo: hi' }])
    expect((await client.listPrompts()).prompts.map(({ name }) => name)).toEqual(expect.arrayContaining(['calc__greet', 'all__simple-prompt']))
    expect((await client.getPrompt({ name: 'calc__greet' })).messages).toHaveLength(1)
    const completed = await client.complete({
      ref: { type: 'ref/prompt', name: 'all__completable-prompt' },
      argument: { name: 'department', value: 'E' },
    })
    expect(completed.completion.values).toContain('Engineering')
    const dynamic = await client.readResource({ uri: 'demo://resource/dynamic/text/1' })
    expect(dynamic.contents[0]?.uri).toBe('demo://resource/dynamic/text/1')
    const [document] = (await client.listResources()).resources
    expect((await client.readResource({ uri: document?.uri ?? '' })).contents).toHaveLength(1)
    expect(client.getInstructions()).toContain('Tools of calc:\nAdd numbers.')
    expect(gateway.decisions.map(({ decision, subject }) => `${decision} ${subject}`).toSorted()).toEqual([
      'allowed mcp server "fixture"',
      'allowed mcp server "mcp-servers/everything"',
    ])
    await client.close()
    await gateway.done
  })

  it('goes on without a server that changed, and says to who calls it what changed', async () => {
    await using gateway = startFleet({ calc: held(fixture('added'), approvedFixture), other: held(fixture(), approvedFixture) })
    const client = await connectClient(gateway)
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['other__add', 'other__echo'])
    await expect(client.callTool({ name: 'calc__add', arguments: { a: 1, b: 2 } })).rejects.toThrow(
      /Blocked by Sealstone: .*"extra" was not approved/,
    )
    expect((await client.callTool({ name: 'other__add', arguments: { a: 1, b: 2 } })).content).toEqual([{ type: 'text', text: '3' }])
    expect(gateway.decisions.map(({ decision }) => decision).toSorted()).toEqual(['allowed', 'blocked'])
    expect(gateway.notes.join('\n')).toContain('calc is left out: Blocked by Sealstone')
  })

  it('refuses the host where every server changed', async () => {
    await using gateway = startFleet({ calc: held(fixture('title'), approvedFixture) })
    const client = await connectClient(gateway)
    await expect(client.listTools()).rejects.toThrow(/Blocked by Sealstone: .*\/title of the tool "add" changed/)
  })

  it('holds each server by its own mode', async () => {
    await using gateway = startFleet({
      calc: { ...held(fixture('added'), approvedFixture), mode: 'warn' },
      free: { target: fixture('added'), mode: 'off' },
    })
    const client = await connectClient(gateway)
    const names = (await client.listTools()).tools.map(({ name }) => name)
    expect(names.toSorted()).toEqual(['calc__add', 'calc__echo', 'calc__extra', 'free__add', 'free__echo', 'free__extra'])
    await expect.poll(() => gateway.decisions).toMatchObject([{ decision: 'warned' }])
  })

  it('refuses names without a server, and those of a tool that was not approved', async () => {
    await using gateway = startFleet({ calc: held(fixture(), approvedFixture) })
    const client = await connectClient(gateway)
    await expect(client.callTool({ name: 'add', arguments: {} })).rejects.toThrow(/no server has "add"; names begin with one of calc and __/)
    await expect(client.callTool({ name: 'none__add', arguments: {} })).rejects.toThrow(/no server has/)
    const { content, isError } = await client.callTool({ name: 'calc__gone', arguments: {} })
    expect({ content, isError }).toEqual({
      isError: true,
      content: [{ type: 'text', text: expect.stringMatching(/^Blocked by Sealstone: the tool "gone" was not approved\. /) }],
    })
  })
})

describe('a host that does not wait', () => {
  it('for the answer to initialize gets everything in order', async () => {
    await using gateway = startFleet({ calc: held(fixture(), approvedFixture) })
    const host = new RawHost(gateway)
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'host', version: '1' } }
    await host.send({ id: 1, method: 'initialize', params })
    await host.send({ method: 'notifications/initialized' })
    await host.send({ id: 2, method: 'tools/list' })
    await host.send({ id: 3, method: 'tools/call', params: { name: 'calc__add', arguments: { a: 1, b: 2 } } })
    const answers = [await host.answer(1), await host.answer(2), await host.answer(3)]
    expect(answers[1]?.result).toMatchObject({ tools: [{ name: 'calc__add' }, { name: 'calc__echo' }] })
    expect(answers[2]?.result).toMatchObject({ content: [{ text: '3' }] })
    expect(gateway.decisions).toMatchObject([{ decision: 'allowed' }])
    for (let id = 100; id < 200; id++) await host.send({ id, method: 'tools/call', params: { name: 'calc__add', arguments: { a: id, b: 1 } } })
    for (let id = 100; id < 200; id++) expect((await host.answer(id)).result).toMatchObject({ content: [{ text: `${id + 1}` }] })
    gateway.input.end()
    await gateway.done
    expect(gateway.notes).toEqual([])
  })
})

describe('servers that disturb each other', () => {
  it('get their own answers of the host, though they ask with the same id', async () => {
    const asks = (name: string): UpstreamTarget =>
      scriptedServer(`
        if (message.method === 'tools/call') {
          globalThis.call = message.id
          send({ id: 1, method: 'roots/list' })
        } else send({ id: message.id, result: { tools: [{ name: 'ask', inputSchema: { type: 'object' }, title: ${JSON.stringify(name)} }] } })
        process.stdin.on('data', (chunk) => {
          const answer = String(chunk).split('\\n').filter(Boolean).map(JSON.parse).find(({ id, method }) => id === 1 && method === undefined)
          if (answer) send({ id: globalThis.call, result: { content: [{ type: 'text', text: answer.result.roots[0].uri }] } })
        })`)
    await using gateway = startFleet({ a: { target: asks('a'), mode: 'off' }, b: { target: asks('b'), mode: 'off' } })
    const host = new RawHost(gateway)
    await host.initialize()
    await host.send({ id: 7, method: 'tools/call', params: { name: 'a__ask' } })
    await host.send({ id: 8, method: 'tools/call', params: { name: 'b__ask' } })
    const asked = [JSON.parse(await host.line()), JSON.parse(await host.line())] as { id: string; method: string }[]
    expect(asked.map(({ method }) => method)).toEqual(['roots/list', 'roots/list'])
    expect(new Set(asked.map(({ id }) => id)).size).toBe(2)
    for (const { id } of asked) await host.send({ id, result: { roots: [{ uri: `file:///${id.endsWith('-1') ? 'one' : 'two'}` }] } })
    const answers = [JSON.parse(await host.line()), JSON.parse(await host.line())] as { id: number; result: { content: { text: string }[] } }[]
    expect(new Set(answers.map(({ id }) => id))).toEqual(new Set([7, 8]))
    expect(new Set(answers.map(({ result }) => result.content[0]?.text)).size).toBe(2)
  })

  it('cannot tell of the progress of what another was asked, nor speak in its log', async () => {
    const speaks = (name: string): UpstreamTarget =>
      scriptedServer(`
        const tell = (progressToken) => send({ method: 'notifications/progress', params: { progressToken, progress: 1, requestId: 7, message: '${name}' } })
        if (message.params.name === 'wait') return void (globalThis.waiting = message.id)
        await tell('t')
        await tell(5)
        await send({ method: 'notifications/message', params: { level: 'info', logger: 'a', data: '${name}' } })
        if (globalThis.waiting) await send({ id: globalThis.waiting, result: { content: [] } })
        await tell('t')
        await send({ id: message.id, result: { content: [] } })`)
    await using gateway = startFleet({ a: { target: speaks('good'), mode: 'off' }, b: { target: speaks('evil'), mode: 'off' } })
    const host = new RawHost(gateway)
    await host.initialize()
    await host.send({ id: 7, method: 'tools/call', params: { name: 'a__wait', _meta: { progressToken: 't' } } })
    await host.request(8, 'tools/call', { name: 'b__tell' })
    await host.request(9, 'tools/call', { name: 'a__tell' })
    expect(
      host.others.map(({ id, method, params }) => [id ?? method, (params as { message?: string; logger?: string } | undefined) ?? {}]),
    ).toMatchObject([
      ['notifications/message', { logger: 'b: a', data: 'evil' }],
      ['notifications/progress', { message: 'good', progressToken: 't' }],
      ['notifications/message', { logger: 'a: a', data: 'good' }],
      [7, {}],
    ])
  })

  it('do not end the others by ending, hanging or sending too much', async () => {
    const ends = scriptedServer('process.exit(3)')
    const hangs = scriptedServer('')
    const floods = scriptedServer(`
      if (message.method === 'tools/call') for (;;) await line('x'.repeat(1000000))
      send({ id: message.id, result: { tools: [{ name: 'flood', inputSchema: { type: 'object' } }] } })`)
    const limits = { ...UPSTREAM_LIMITS, requestMs: 300, offerMs: 300 }
    await using gateway = startFleet({
      ends: { target: ends, mode: 'off' },
      hangs: { target: hangs, mode: 'off', limits },
      floods: { target: floods, mode: 'off' },
      calc: held(fixture(), approvedFixture),
    })
    const client = await connectClient(gateway)
    expect((await client.listTools()).tools.map(({ name }) => name).toSorted()).toEqual(['calc__add', 'calc__echo', 'floods__flood'])
    await expect(client.callTool({ name: 'floods__flood' })).rejects.toThrow()
    expect((await client.callTool({ name: 'calc__add', arguments: { a: 1, b: 2 } })).content).toEqual([{ type: 'text', text: '3' }])
    expect(gateway.notes.join('\n')).toMatch(/hangs is left out: .* did not answer tools\/list within 600 ms/)
    expect(gateway.notes.join('\n')).toMatch(/ends is left out: the MCP server has ended \(exit code 3\)/)
  })

  it('end the gateway when none is left, and only then', async () => {
    await using gateway = startFleet({ gone: { target: { command: '/nonexistent', args: [] }, mode: 'off' } })
    await expect(gateway.done).rejects.toMatchObject({ code: 'MCP_SERVER_UNAVAILABLE' })
  })

  it('pass on answers that are long', async () => {
    const long = scriptedServer(`send({ id: message.id, result: { content: [{ type: 'text', text: 'y'.repeat(3000000) }] } })`)
    await using gateway = startFleet({ long: { target: long, mode: 'off' } })
    const host = new RawHost(gateway)
    await host.initialize()
    const answer = await host.request(1, 'tools/call', { name: 'long__x' })
    expect((answer.result as { content: { text: string }[] }).content[0]?.text).toHaveLength(3_000_000)
  })
})

it('writes numbers with all their digits, and ids as they were', () => {
  const text =
    '{"jsonrpc":"2.0","id":12345678901234567890,"method":"tools/call","params":{"arguments":{"n":12345678901234567890,"x":1.10,"y":1e400}}}'
  const written = writeMessage('12345678901234567890', parseMessage(Buffer.from(text)))
  expect(Buffer.from(written.bytes).toString()).toBe(text)
})
