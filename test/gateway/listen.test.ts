/** Hosts over HTTP before a server that is a command, in both eras: the same protection as on stdio, each message on the stream that it belongs to. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client, type ClientOptions, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runHttpFleet } from '#gateway'
import { nextLine } from '../support/lines.ts'
import { LAUNCHER, PROJECT } from '../support/sealstone.ts'
import { scriptedServer } from '../upstream/support.ts'
import { approve, fixture, isRunning, listening, type ListeningGateway, post, rawSession, SILENT } from './support.ts'

type Era = 'legacy' | 'auto'

const MODULES = join(import.meta.dirname, '../../node_modules/@modelcontextprotocol')
const SERVER = { command: process.execPath, args: [join(import.meta.dirname, 'listen-server.ts')] }

const approval = approve(SERVER)
let gateway: ListeningGateway

beforeAll(async () => {
  gateway = await listening(SERVER, { approval: await approval })
})

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
})

describe.each<Era>(['legacy', 'auto'])('a host of the era %s', (era) => {
  it('calls what was approved', async () => {
    await using gateway = await listening(fixture())
    await using host = await hostAt(gateway, era)
    expect(host.client.getNegotiatedProtocolVersion()).toBe(era === 'legacy' ? '2025-11-25' : '2026-07-28')
    expect((await host.client.listTools()).tools.map(({ name }) => name)).toEqual(['add', 'echo'])
    expect(await host.call('add', { a: 1, b: 2 })).toBe('3')
    expect(gateway.decisions).toMatchObject([{ operation: 'mcp.connect', decision: 'allowed' }])
  })

  it('is refused what was changed, and it is reported', async () => {
    await using gateway = await listening(fixture('description'), { approved: fixture() })
    await using host = await hostAt(gateway, era)
    await expect(host.client.listTools()).rejects.toThrow(/Blocked by Sealstone.*description/)
    await expect(host.call('add', { a: 1, b: 2 })).rejects.toThrow(/Blocked by Sealstone/)
    expect(gateway.decisions).toMatchObject([{ decision: 'blocked' }])
  })

  it('hears the answer and the progress of its own call, whoever else calls at the same time with the same ids', async () => {
    await using hosts = await hostsAt(gateway, era, 3)
    const said = await Promise.all(
      hosts.all.map(async (host, at) => {
        const progress: unknown[] = []
        // Hosts with a handshake have a process each, so they meet nobody.
        const meeting = { place: 'here', count: era === 'legacy' ? 1 : 3, say: `host ${at}` }
        const text = await host.call('meet', meeting, { onprogress: ({ message }) => void progress.push(message) })
        return { text, progress }
      }),
    )
    expect(said).toEqual([0, 1, 2].map((at) => ({ text: `host ${at}`, progress: [`host ${at}`] })))
    const processes = new Set(await Promise.all(hosts.all.map((host) => host.call('pid'))))
    expect(processes.size).toBe(era === 'legacy' ? 3 : 1)
  })

  it('cancels its call and nobody else’s', async () => {
    await using hosts = await hostsAt(gateway, era, 2)
    const [one, other] = hosts.all as [Host, Host]
    const stop = new AbortController()
    const hanging = one.call('hang', {}, { signal: stop.signal })
    const waiting = other.call('meet', { place: 'later', count: 2, say: 'still here' })
    hanging.catch(() => {}) // judged below
    await expect.poll(() => one.call('hanging')).toBe('1 hang, 0 are cancelled')
    stop.abort()
    await expect(hanging).rejects.toThrow()
    await expect.poll(() => one.call('hanging')).toBe('1 hang, 1 are cancelled')
    if (era === 'legacy') await other.call('meet', { place: 'later', count: 2, say: '' })
    else await one.call('meet', { place: 'later', count: 2, say: '' })
    expect(await waiting).toBe('still here')
  })

  it('is told of a list that changed, which is compared first', async () => {
    const heard = Promise.withResolvers<void>()
    await using host = await hostAt(gateway, era, { listChanged: { tools: { autoRefresh: false, onChanged: () => heard.resolve() } } })
    await host.call('touch')
    await heard.promise
    expect((await host.client.listTools()).tools.length).toBeGreaterThan(3)
  })

  it('gets an error when the process dies, and another process the next time', async () => {
    await using first = await hostAt(gateway, era)
    const before = await first.call('pid')
    await expect(first.call('leave')).rejects.toThrow(/the MCP server has ended/)
    await using second = await hostAt(gateway, era)
    const after = await second.call('pid')
    expect(after).not.toBe(before)
    // Without a handshake a host need not even begin anew.
    const again = await first.call('pid').catch(String)
    expect(again).toMatch(era === 'auto' ? after : /Session not found/)
  })

  it('leaves no process behind when the gateway ends', async () => {
    const gateway = await listening(SERVER, { approval: await approval })
    await using hosts = await hostsAt(gateway, era, 2)
    const processes = await Promise.all(hosts.all.map(async (host) => Number(await host.call('pid'))))
    void hosts.all[0]?.call('hang').catch(() => {})
    await gateway[Symbol.asyncDispose]()
    expect(processes.filter(isRunning)).toEqual([])
  })

  it('uses real servers', async () => {
    const everything = { command: process.execPath, args: [join(MODULES, 'server-everything/dist/index.js'), 'stdio'] }
    const files = { command: process.execPath, args: [join(MODULES, 'server-filesystem/dist/index.js'), import.meta.dirname] }
    await using first = await listening(everything)
    await using second = await listening(files)
    await using one = await hostAt(first, era)
    await using other = await hostAt(second, era)
    expect(await one.call('echo', { message: 'hi' })).toBe('Echo: hi')
    expect((await one.client.listPrompts()).prompts.length).toBeGreaterThan(0)
    expect(await other.call('read_text_file', { path: import.meta.filename })).toBe(readFileSync(import.meta.filename, 'utf8'))
  })
})

describe('a session with a handshake', () => {
  it('is asked by the server on the stream of its own call', async () => {
    await using hosts = await hostsAt(gateway, 'legacy', 2, { capabilities: { sampling: {} } })
    for (const [at, { client }] of hosts.all.entries()) {
      client.setRequestHandler('sampling/createMessage', () => ({ role: 'assistant', model: 'm', content: { type: 'text', text: `host ${at}` } }))
    }
    expect(await Promise.all(hosts.all.map((host) => host.call('ask')))).toEqual(['host 0', 'host 1'])
  })

  it('hears on the stream that it opened what belongs to no call', async () => {
    await using hosts = await hostsAt(gateway, 'legacy', 2)
    const [one, other] = hosts.all as [Host, Host]
    const heard = Promise.withResolvers<unknown>()
    one.client.setNotificationHandler('notifications/message', ({ params }) => heard.resolve(params.data))
    const wrong: unknown[] = []
    other.client.setNotificationHandler('notifications/message', (message) => void wrong.push(message))
    await one.call('announce')
    expect(await heard.promise).toBe('later')
    await other.call('pid')
    expect(wrong).toEqual([])
  })

  it('ends with its process when the host deletes it', async () => {
    await using host = await hostAt(gateway, 'legacy')
    const process = Number(await host.call('pid'))
    await host.transport.terminateSession()
    expect(isRunning(process)).toBe(false)
  })

  it('is not open to a host with another authorization', async () => {
    await using gateway = await listening(fixture())
    const session = await rawSession(gateway, { authorization: 'Bearer one' })
    expect((await post(gateway, PING, { 'mcp-session-id': session, authorization: 'Bearer one' })).status).toBe(200)
    expect((await post(gateway, PING, { 'mcp-session-id': session, authorization: 'Bearer two' })).status).toBe(404)
    expect((await post(gateway, PING, { 'mcp-session-id': session })).status).toBe(404)
    expect((await post(gateway, PING)).status).toBe(400)
  })
})

describe('a server of before 2026-07-28', () => {
  it('is used with a handshake by a host that asks for more first', async () => {
    await using gateway = await listening(
      scriptedServer(`await send({ id: message.id, result: { tools: [{ name: 'go', inputSchema: { type: 'object' } }] } })`),
    )
    await using host = await hostAt(gateway, 'auto')
    expect(host.client.getNegotiatedProtocolVersion()).toBe('2025-11-25')
  })

  it('that ends at what it does not know too', async () => {
    const body = `if (message.method === 'server/discover') process.exit(1); await send({ id: message.id, result: { tools: [{ name: 'go', inputSchema: { type: 'object' } }] } })`
    await using gateway = await listening(scriptedServer(body))
    await using host = await hostAt(gateway, 'auto')
    expect((await host.client.listTools()).tools).toHaveLength(1)
  })
})

describe('before a fleet', () => {
  it('each session has the servers for itself, and an answer that is long passes', async () => {
    const held = { mode: 'enforce', approval: await approval, target: SERVER } as const
    const servers = [
      { ...held, name: 'one' },
      { name: 'two', mode: 'enforce', target: fixture(), approval: await approve(fixture()) },
    ] as const
    await using fleet = await runHttpFleet({ servers, version: '1', ...SILENT, host: '127.0.0.1', port: 0 })
    const [first, second] = [await hostAt(fleet, 'legacy'), await hostAt(fleet, 'auto')]
    expect((await first.client.listTools()).tools.map(({ name }) => name)).toContain('two__add')
    expect(await first.call('two__add', { a: 1, b: 2 })).toBe('3')
    expect(await first.call('one__pid')).not.toBe(await second.call('one__pid'))
    expect((await second.call('two__echo', { text: 'x'.repeat(9 << 20) })).length).toBe(9 << 20)
    await Promise.all([first.client.close(), second.client.close()])
  })
})

describe('sealstone mcp gateway --listen', () => {
  it('serves a command, and ends with its processes at SIGTERM', async () => {
    const args = ['mcp', 'gateway', '--listen', '127.0.0.1:0', '--json', '--mode', 'off', '--', SERVER.command, ...SERVER.args]
    const child = spawn(LAUNCHER, args, {
      cwd: PROJECT,
      env: { ...process.env, SEALSTONE_HOME: '/dev/null/sealstone' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const served = JSON.parse(await nextLine(child.stdout)) as { url: string }
    await using one = await hostAt(served, 'legacy')
    await using other = await hostAt(served, 'auto')
    const processes = [Number(await one.call('pid')), Number(await other.call('pid'))]
    expect(processes.filter(isRunning)).toEqual(processes)
    child.kill('SIGTERM')
    expect(await once(child, 'close')).toEqual([143, null])
    expect(processes.filter(isRunning)).toEqual([])
  })
})

interface Host extends AsyncDisposable {
  readonly client: Client
  readonly transport: StreamableHTTPClientTransport
  /** The text of the answer. */
  call(name: string, args?: Record<string, unknown>, options?: Parameters<Client['callTool']>[1]): Promise<string>
}

async function hostAt({ url }: Pick<ListeningGateway, 'url'>, era: Era, options: ClientOptions = {}): Promise<Host> {
  const client = new Client({ name: 'host', version: '1' }, { ...options, versionNegotiation: { mode: era } })
  const transport = new StreamableHTTPClientTransport(new URL(url))
  await client.connect(transport)
  return {
    client,
    transport,
    call: async (name, args = {}, how = {}) => {
      const { content } = await client.callTool({ name, arguments: args }, how)
      return content[0]?.type === 'text' ? content[0].text : ''
    },
    [Symbol.asyncDispose]: () => client.close(),
  }
}

async function hostsAt(
  gateway: ListeningGateway,
  era: Era,
  count: number,
  options: ClientOptions = {},
): Promise<{ all: readonly Host[] } & AsyncDisposable> {
  const all = await Promise.all(Array.from({ length: count }, async () => await hostAt(gateway, era, options)))
  return { all, [Symbol.asyncDispose]: async () => void (await Promise.all(all.map((host) => host[Symbol.asyncDispose]()))) }
}

const PING = { id: 1, method: 'ping' }
