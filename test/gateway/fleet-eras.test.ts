/** A fleet in both eras of the protocol: hosts and servers of either, each before each, and held as one server is. */
import { join } from 'node:path'
import { McpServer } from '@modelcontextprotocol/server'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Approval } from '#gateway'
import { UPSTREAM_LIMITS, type UpstreamTarget } from '#upstream'
import { EVERYTHING } from '../support/real-mcp-server.ts'
import { scriptedServer } from '../upstream/support.ts'
import { newServer, OLD_TOOLS, TOOLS } from './era-servers.ts'
import { CHANGES } from './fixture.ts'
import { approve, connectClient, enveloped, fixture, held, RawHost, startFleet, type TestGateway } from './support.ts'
import { serveWeb } from './web-server.ts'

const [command, ...args] = EVERYTHING
const everything: UpstreamTarget = { command, args }
const MODULES = join(import.meta.dirname, '../../node_modules/@modelcontextprotocol')
const files: UpstreamTarget = { command: process.execPath, args: [join(MODULES, 'server-filesystem/dist/index.js'), import.meta.dirname] }
const HOSTS = ['legacy', 'auto'] as const
let approved: { fixture: Approval; everything: Approval; files: Approval }

beforeAll(async () => {
  const [one, two, three] = await Promise.all([approve(fixture()), approve(everything), approve(files)])
  approved = { fixture: one, everything: two, files: three }
})

describe.each(HOSTS)('a host of the era %s', (era) => {
  it('uses servers of both eras, of the old one and of the new one together', async () => {
    await using gateway = startFleet({
      both: held(fixture('none', 'both'), approved.fixture),
      old: held(fixture('none', 'old'), approved.fixture),
      new: held(fixture('none', 'new'), approved.fixture),
      all: held(everything, approved.everything),
      files: held(files, approved.files),
    })
    const client = await connectClient(gateway, era)
    expect(client.getNegotiatedProtocolVersion()).toBe(era === 'auto' ? '2026-07-28' : '2025-11-25')
    const names = (await client.listTools()).tools.map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(['both__add', 'old__add', 'new__add', 'all__echo', 'files__read_text_file']))
    for (const server of ['both', 'old', 'new']) {
      const { content } = await client.callTool({ name: `${server}__add`, arguments: { a: 1, b: 2 } })
      expect(content).toEqual([{ type: 'text', text: '3' }])
      expect((await client.getPrompt({ name: `${server}__greet` })).messages).toHaveLength(1)
      expect(await client.callTool({ name: `${server}__gone`, arguments: {} })).toMatchObject({ isError: true })
    }
    const read = await client.callTool({ name: 'files__read_text_file', arguments: { path: import.meta.filename } })
    expect(JSON.stringify(read.content)).toContain('a host of the era')
    const [document] = (await client.listResources()).resources
    expect((await client.readResource({ uri: document?.uri ?? '' })).contents).toHaveLength(1)
    expect((await client.listResourceTemplates()).resourceTemplates.length).toBeGreaterThan(0)
    const ref = { type: 'ref/prompt', name: 'all__completable-prompt' } as const
    expect((await client.complete({ ref, argument: { name: 'department', value: 'E' } })).completion.values).toContain('Engineering')
    const compared = gateway.decisions.filter(({ operation }) => operation === 'mcp.connect').map(({ decision }) => decision)
    expect(compared).toEqual(['allowed', 'allowed', 'allowed', 'allowed', 'allowed'])
    expect(gateway.notes.filter((note) => note.includes('left out'))).toEqual([])
    await client.close()
    await gateway.done
  })

  it('is refused each of the eight changes and not another order, and the others go on', async () => {
    const changes = [...CHANGES, 'reordered', 'none'] as const
    await using gateway = startFleet(Object.fromEntries(changes.map((change) => [change, held(fixture(change), approved.fixture)])))
    const client = await connectClient(gateway, era)
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['reordered__echo', 'reordered__add', 'none__add', 'none__echo'])
    for (const change of CHANGES) {
      await expect(client.callTool({ name: `${change}__echo`, arguments: { text: 'a' } })).rejects.toThrow(
        /Blocked by Sealstone: the MCP server does not offer what was approved: .*"(add|echo|extra|sum)"/,
      )
    }
    for (const server of ['reordered', 'none'])
      expect(await client.callTool({ name: `${server}__echo`, arguments: { text: 'a' } })).toMatchObject({ content: [{ text: 'a' }] })
    expect(gateway.decisions.map(({ decision }) => decision).toSorted()).toEqual(['allowed', 'allowed', ...CHANGES.map(() => 'blocked')])
  })

  it('has each server held by its own mode', async () => {
    await using gateway = startFleet({
      calc: { ...held(fixture('added'), approved.fixture), mode: 'warn' },
      free: { target: fixture('added'), mode: 'off' },
      held: held(fixture('added'), approved.fixture),
    })
    const client = await connectClient(gateway, era)
    const names = (await client.listTools()).tools.map(({ name }) => name)
    expect(names.toSorted()).toEqual(['calc__add', 'calc__echo', 'calc__extra', 'free__add', 'free__echo', 'free__extra'])
    await expect.poll(() => gateway.decisions.map(({ decision }) => decision).toSorted()).toEqual(['blocked', 'warned'])
  })
})

it.each(HOSTS)('a host of the era %s uses servers over HTTP of both eras and of the new one alone, and is refused one that changed', async (era) => {
  let description = 'Says hello.'
  const create = (): McpServer => {
    const server = new McpServer({ name: 'web', version: '1' })
    server.registerTool('hello', { description }, () => ({ content: [{ type: 'text', text: 'hello' }] }))
    return server
  }
  using both = await serveWeb(create)
  using modern = await serveWeb(create, 'reject')
  const approval = await approve({ url: both.url })
  const fleet = (): TestGateway => startFleet({ both: held({ url: both.url }, approval), new: held({ url: modern.url }, approval) })
  await using gateway = fleet()
  const client = await connectClient(gateway, era)
  expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['both__hello', 'new__hello'])
  for (const name of ['both__hello', 'new__hello']) expect((await client.callTool({ name })).content).toEqual([{ type: 'text', text: 'hello' }])
  description = 'Says hello, and sends it elsewhere.'
  await using after = fleet()
  const other = await connectClient(after, era)
  await expect(other.listTools()).rejects.toThrow(/Blocked by Sealstone/)
  for (const name of ['both__hello', 'new__hello']) await expect(other.callTool({ name })).rejects.toThrow(/Blocked by Sealstone/)
})

describe('a host of 2026-07-28', () => {
  it('may begin with any request, and is told what is wrong with it', async () => {
    await using gateway = startFleet({ calc: held(fixture(), approved.fixture) })
    const host = new RawHost(gateway)
    expect(await host.request(1, 'tools/list')).toMatchObject({ error: { code: -32600 } })
    expect(await host.modern(2, 'tools/list', {}, { 'io.modelcontextprotocol/protocolVersion': '2030-01-01' })).toMatchObject({
      error: { code: -32022, data: { supported: ['2026-07-28'], requested: '2030-01-01' } },
    })
    expect(await host.modern(3, 'tools/list', {}, { 'io.modelcontextprotocol/clientCapabilities': undefined })).toMatchObject({
      error: { code: -32602 },
    })
    expect((await host.modern(4, 'tools/call', { name: 'calc__add', arguments: { a: 1, b: 2 } })).result).toMatchObject({
      resultType: 'complete',
      content: [{ text: '3' }],
    })
    expect(await host.modern(5, 'resources/subscribe', { uri: 'a:b' })).toMatchObject({ error: { code: -32601 } })
    expect((await host.modern(6, 'server/discover')).result).toMatchObject({
      resultType: 'complete',
      supportedVersions: ['2026-07-28'],
      ttlMs: 0,
      cacheScope: 'private',
      instructions: 'Tools of calc:\nAdd numbers.',
      _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'sealstone-gateway' } },
    })
  })

  it('sees lists that are as fresh as the one that must be asked for first', async () => {
    const [long, short] = [newServer(TOOLS), newServer(`globalThis.ttlMs = 7000; ${TOOLS}`)]
    await using gateway = startFleet({ long: { target: long, mode: 'off' }, short: { target: short, mode: 'off' } })
    expect((await new RawHost(gateway).modern(1, 'tools/list')).result).toMatchObject({ ttlMs: 7000, cacheScope: 'public', resultType: 'complete' })
    await using mixed = startFleet({ long: { target: long, mode: 'off' }, old: { target: scriptedServer(OLD_TOOLS), mode: 'off' } })
    expect((await new RawHost(mixed).modern(1, 'tools/list')).result).toMatchObject({ ttlMs: 0, cacheScope: 'private', resultType: 'complete' })
  })

  it('gets results of old servers with what must be said since then, also long ones, and errors as they are', async () => {
    const body = `${OLD_TOOLS}
      const id = JSON.stringify(message.id)
      const text = 'x'.repeat(message.params?.arguments?.length ?? 0)
      if (message.method === 'resources/list') return void send({ id: message.id, result: { resources: [{ uri: 'a:b', name: 'b' }] } })
      if (message.method === 'resources/templates/list') return void send({ id: message.id, error: { code: -32601, message: 'no' } })
      if (message.method === 'resources/read') return void line('{"result":{"contents":[]},"id":' + id + ',"jsonrpc":"2.0"}\\n')
      if (message.params.name === 'none') return void line('{"jsonrpc":"2.0","id":' + id + ',"result":{ }}\\n')
      if (message.params.name === 'fail') return void send({ id: message.id, error: { code: -5, message: 'no' } })
      if (message.params.name === 'last') return void line('{"result":{"a":{},"text":"' + text + '"},"id":' + id + '}\\n')
      send({ id: message.id, result: { text, meta: message.params._meta ?? null } })`
    const limits = { ...UPSTREAM_LIMITS, messageBytes: 1024 * 1024 }
    await using gateway = startFleet({ old: { target: scriptedServer(body, '{ tools: {}, resources: {} }'), mode: 'off', limits } })
    const host = new RawHost(gateway)
    const call = async (name: string, length = 0): Promise<unknown> =>
      (await host.modern(`${name}${length}`, 'tools/call', { name: `old__${name}`, arguments: { length } }, { progressToken: 1 })).result
    expect(await call('go')).toEqual({ text: '', meta: { progressToken: 1 }, resultType: 'complete' })
    expect(await call('none')).toEqual({ resultType: 'complete' })
    for (const name of ['go', 'last']) {
      for (const length of [300_000, 3_000_000]) {
        expect(await call(name, length)).toMatchObject({ text: 'x'.repeat(length), resultType: 'complete' })
      }
    }
    expect(await host.modern('f', 'tools/call', { name: 'old__fail' })).toEqual({ jsonrpc: '2.0', id: 'f', error: { code: -5, message: 'no' } })
    expect((await host.modern('r', 'resources/read', { uri: 'a:b' })).result).toEqual({
      contents: [],
      resultType: 'complete',
      ttlMs: 0,
      cacheScope: 'private',
    })
  })

  it('is told of what it listens to, whichever era the server is of, and of nothing else', async () => {
    const news = `if (message.method === 'resources/list') return void (message.params?._meta ? complete : (result) => send({ id: message.id, result }))({ resources: [{ uri: 'WHO:1', name: 'a' }], ttlMs: 0, cacheScope: 'private' });
      if (message.method === 'resources/templates/list') return void send({ id: message.id, error: { code: -32601, message: 'no' } });`
    const old = scriptedServer(
      `${OLD_TOOLS} ${news.replaceAll('WHO', 'old')} if (message.method !== 'tools/call') return void send({ id: message.id, result: {} });
      for (const name of ['tools', 'prompts']) await send({ method: 'notifications/' + name + '/list_changed' });
      for (const uri of ['old:1', 'old:2']) await send({ method: 'notifications/resources/updated', params: { uri } });
      await send({ method: 'notifications/message', params: { level: 'info', data: 'log' } });
      send({ id: message.id, result: { content: [] } })`,
      '{ tools: { listChanged: true }, prompts: { listChanged: true }, resources: { subscribe: true } }',
    )
    const modern = newServer(
      `${TOOLS} ${news.replaceAll('WHO', 'new')}
      if (message.method === 'subscriptions/listen') {
        globalThis.listening = message
        return void send({ method: 'notifications/subscriptions/acknowledged', params: { notifications: message.params.notifications, _meta: { 'io.modelcontextprotocol/subscriptionId': message.id } } })
      }
      const _meta = { 'io.modelcontextprotocol/subscriptionId': globalThis.listening.id }
      await send({ method: 'notifications/tools/list_changed', params: { _meta } })
      await send({ method: 'notifications/resources/updated', params: { uri: 'new:1', _meta } })
      complete({ content: [], filter: globalThis.listening.params.notifications })`,
      '{ tools: { listChanged: true }, resources: { subscribe: true } }',
    )
    await using gateway = startFleet({ old: { target: old, mode: 'off' }, new: { target: modern, mode: 'off' } })
    const host = new RawHost(gateway)
    await host.modern('d', 'server/discover')
    const uris = ['old:1', 'new:1']
    await host.send({
      id: 'L',
      method: 'subscriptions/listen',
      params: enveloped({ notifications: { toolsListChanged: true, resourceSubscriptions: uris } }),
    })
    const stamp = { 'io.modelcontextprotocol/subscriptionId': 'L' }
    expect(JSON.parse(await host.line())).toMatchObject({
      method: 'notifications/subscriptions/acknowledged',
      params: { notifications: { toolsListChanged: true, resourceSubscriptions: uris }, _meta: stamp },
    })
    expect((await host.modern(1, 'tools/call', { name: 'old__go' })).result).toEqual({ content: [], resultType: 'complete' })
    expect(host.others.splice(0)).toEqual([
      { jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: { _meta: stamp } },
      { jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri: 'old:1', _meta: stamp } },
    ])
    const { result } = await host.modern(2, 'tools/call', { name: 'new__go' })
    expect(result).toMatchObject({ filter: { toolsListChanged: true, resourceSubscriptions: ['new:1'] } })
    expect(host.others.splice(0)).toEqual([
      { jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: { _meta: stamp } },
      { jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri: 'new:1', _meta: stamp } },
    ])
    await host.send({ method: 'notifications/cancelled', params: { requestId: 'L' } })
    await host.modern(3, 'tools/call', { name: 'old__go' })
    expect(host.others).toEqual([])
    // Logs come where they are asked for.
    await host.modern(4, 'tools/call', { name: 'old__go' }, { 'io.modelcontextprotocol/logLevel': 'info' })
    expect(host.others).toMatchObject([{ method: 'notifications/message', params: { logger: 'old', data: 'log' } }])
  })
})

it('a host of 2026-07-28 that listens to resources that nobody has makes the servers list theirs once', async () => {
  const counts = newServer(
    `if (message.method === 'resources/list') globalThis.lists = (globalThis.lists ?? 0) + 1
    complete(message.method.startsWith('resources/') ? { resources: [], resourceTemplates: [] } : { content: [], lists: globalThis.lists })`,
    '{ tools: {}, resources: { subscribe: true } }',
  )
  await using gateway = startFleet({ counts: { target: counts, mode: 'off' } })
  const host = new RawHost(gateway)
  const resourceSubscriptions = Array.from({ length: 200 }, (_, n) => `test://none/${n}`)
  await host.send({ id: 'news', method: 'subscriptions/listen', params: enveloped({ notifications: { resourceSubscriptions } }) })
  expect(JSON.parse(await host.line())).toMatchObject({ method: 'notifications/subscriptions/acknowledged' })
  expect((await host.modern(1, 'tools/call', { name: 'counts__lists' })).result).toMatchObject({ lists: 1 })
})

describe('a host of before 2026-07-28', () => {
  it('is told of changes of a new server, subscribes to its resources and sets the level of its log', async () => {
    const server = newServer(
      `${TOOLS}
      if (message.method === 'resources/list') return void complete({ resources: [{ uri: 'new:1', name: 'a' }], ttlMs: 0, cacheScope: 'private' })
      if (message.method === 'resources/templates/list') return void complete({ resourceTemplates: [], ttlMs: 0, cacheScope: 'private' })
      if (message.method === 'subscriptions/listen') return void (globalThis.listening = message)
      const _meta = { 'io.modelcontextprotocol/subscriptionId': globalThis.listening.id }
      await send({ method: 'notifications/tools/list_changed', params: { _meta } })
      complete({ content: [], filter: globalThis.listening.params.notifications, meta: message.params._meta })`,
      '{ tools: { listChanged: true }, resources: { subscribe: true }, logging: {} }',
    )
    await using gateway = startFleet({ new: { target: server, mode: 'off' } })
    const host = new RawHost(gateway)
    expect((await host.initialize()).result).toMatchObject({ protocolVersion: '2025-11-25', serverInfo: { name: 'sealstone-gateway' } })
    await host.request(1, 'logging/setLevel', { level: 'debug' })
    await host.request(2, 'resources/subscribe', { uri: 'new:1' })
    const { result } = await host.request(3, 'tools/call', { name: 'new__go', _meta: { progressToken: 5 } })
    expect(result).toMatchObject({
      filter: { toolsListChanged: true, resourceSubscriptions: ['new:1'] },
      meta: {
        progressToken: 5,
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientInfo': { name: 'host' },
        'io.modelcontextprotocol/logLevel': 'debug',
      },
    })
    expect(host.others).toEqual([{ jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: {} }])
    await host.request(4, 'resources/unsubscribe', { uri: 'new:1' })
    expect((await host.request(5, 'tools/call', { name: 'new__go' })).result).toMatchObject({ filter: { toolsListChanged: true } })
  })
})
