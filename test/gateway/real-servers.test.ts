/** Servers that others wrote, with the official client on the other side; and decisions on their way to a log that comes and goes. */
import { readdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { SealstoneError } from '#core'
import { DecisionQueue, type GatewayDecision } from '#gateway'
import { temporaryFolder } from '../support/sealstone.ts'
import { approve, connectClient, startGateway } from './support.ts'

const MODULES = join(import.meta.dirname, '../../node_modules/@modelcontextprotocol')

/** One more than the highest number of a process on Linux (PID_MAX_LIMIT). */
const NO_PROCESS = 4_194_305

describe('a real server', () => {
  it('server-everything works through the gateway', async () => {
    const target = { command: process.execPath, args: [join(MODULES, 'server-everything/dist/index.js'), 'stdio'] }
    await using gateway = startGateway(target, await approve(target))
    const client = await connectClient(gateway)
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('echo')
    expect((await client.callTool({ name: 'echo', arguments: { message: 'hi' } })).content).toEqual([{ type: 'text', text: 'Echo: hi' }])
    expect((await client.listResources()).resources.length).toBeGreaterThan(0)
    expect((await client.listPrompts()).prompts.length).toBeGreaterThan(0)
    expect(gateway.decisions).toMatchObject([{ decision: 'allowed' }])
  })

  it('server-filesystem reads a file through the gateway', async () => {
    const target = { command: process.execPath, args: [join(MODULES, 'server-filesystem/dist/index.js'), import.meta.dirname] }
    await using gateway = startGateway(target, await approve(target))
    const client = await connectClient(gateway)
    const { content } = await client.callTool({ name: 'read_text_file', arguments: { path: import.meta.filename } })
    expect(content).toEqual([{ type: 'text', text: readFileSync(import.meta.filename, 'utf8') }])
  })
})

describe('decisions', () => {
  it('are kept while the daemon is away, and sent by the gateway that comes next', async () => {
    using folder = temporaryFolder()
    const notes: string[] = []
    const away = {
      folder: join(folder.path, 'decisions'),
      connect: () => Promise.reject(new SealstoneError('DAEMON_UNAVAILABLE')),
      note: (text: string) => void notes.push(text),
    }
    const first = new DecisionQueue(away)
    const many = Array.from({ length: 2500 }, (_, at): GatewayDecision => ({ operation: 'mcp.call', decision: 'blocked', subject: `tool ${at}` }))
    for (const decision of many) first.add(decision)
    await first.close(500)
    expect(notes).toHaveLength(1)
    expect(readdirSync(away.folder)).toHaveLength(1)

    const taken: string[] = []
    const log = {
      recordDecision: async ({ subject }: { readonly subject: string }) => void taken.push(subject),
      [Symbol.asyncDispose]: async () => {},
    }
    const [file = ''] = readdirSync(away.folder)
    renameSync(join(away.folder, file), join(away.folder, `${NO_PROCESS}-a.ndjson`)) // as if the gateway that wrote it were gone
    const second = new DecisionQueue({ ...away, connect: () => Promise.resolve(log) })
    second.add({ operation: 'mcp.connect', decision: 'allowed', subject: 'new' })
    await second.close(5000)
    expect(taken).toEqual([...many.map(({ subject }) => subject), 'new'])
    expect(readdirSync(away.folder)).toEqual([])
  })

  it('are sent in their order once the daemon is back', async () => {
    using folder = temporaryFolder()
    const taken: string[] = []
    let isBack = false
    const log = {
      recordDecision: async ({ subject }: { readonly subject: string }) => void taken.push(subject),
      [Symbol.asyncDispose]: async () => {},
    }
    const connect = async (): Promise<typeof log> => {
      if (!isBack) throw new SealstoneError('DAEMON_UNAVAILABLE')
      return log
    }
    const queue = new DecisionQueue({ folder: join(folder.path, 'decisions'), connect, note: () => {}, retryMs: 50 })
    for (let at = 0; at < 1500; at++) queue.add({ operation: 'mcp.call', decision: 'blocked', subject: String(at) })
    await expect.poll(() => readdirSync(folder.path)).toEqual(['decisions'])
    isBack = true
    await expect.poll(() => taken.length, { timeout: 5000 }).toBe(1500)
    expect(taken).toEqual(Array.from({ length: 1500 }, (_, at) => String(at)))
    expect(readdirSync(join(folder.path, 'decisions'))).toEqual([])
    await queue.close(100)
  })
})
