/** Servers that others wrote, with the official client on the other side. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { approve, connectClient, startGateway } from './support.ts'

const MODULES = join(import.meta.dirname, '../../node_modules/@modelcontextprotocol')

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
