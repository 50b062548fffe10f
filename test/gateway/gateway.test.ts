/** The gateway between the official client and servers on the official SDK, in both eras. */
import { beforeAll, describe, expect, it } from 'vitest'
import type { Approval } from '#gateway'
import { CHANGES } from './fixture.ts'
import { approve, connectClient, fixture, RawHost, startGateway } from './support.ts'

let approval: Approval

beforeAll(async () => {
  approval = await approve(fixture())
})

describe.concurrent.each(['legacy', 'auto'] as const)('a host of the era %s', (era) => {
  it('sees what was approved, calls a tool and gets a prompt', async () => {
    await using gateway = startGateway(fixture(), approval)
    const client = await connectClient(gateway, era)
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toEqual(['add', 'echo'])
    expect((await client.callTool({ name: 'add', arguments: { a: 1, b: 2 } })).content).toEqual([{ type: 'text', text: '3' }])
    expect((await client.listPrompts()).prompts.map(({ name }) => name)).toEqual(['greet'])
    expect((await client.getPrompt({ name: 'greet' })).messages).toHaveLength(1)
    expect(gateway.decisions).toEqual([{ operation: 'mcp.connect', decision: 'allowed', subject: 'mcp server "fixture"', digest: approval.digest }])
    await client.close()
    await gateway.done
  })

  it('gets a result with isError for a tool that was not approved', async () => {
    await using gateway = startGateway(fixture(), approval)
    const client = await connectClient(gateway, era)
    expect(await client.callTool({ name: 'extra' })).toMatchObject({
      isError: true,
      content: [{ text: expect.stringMatching(/^Blocked by Sealstone: /) }],
    })
  })

  it.each(CHANGES)('is refused a server whose %s changed', async (change) => {
    await using gateway = startGateway(fixture(change), approval)
    const client = await connectClient(gateway, era)
    await expect(client.listTools()).rejects.toThrow(/Blocked by Sealstone: the MCP server does not offer what was approved: /)
    await expect(client.callTool({ name: 'echo', arguments: { text: 'a' } })).rejects.toThrow(/Blocked by Sealstone/)
    expect(gateway.decisions).toMatchObject([{ operation: 'mcp.connect', decision: 'blocked' }])
  })

  it('is not told of an other order', async () => {
    await using gateway = startGateway(fixture('reordered'), approval)
    const client = await connectClient(gateway, era)
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['echo', 'add'])
    expect(gateway.decisions).toMatchObject([{ decision: 'allowed' }])
  })
})

describe('the mode', () => {
  it('warn lets through and tells', async () => {
    await using gateway = startGateway(fixture('added'), approval, 'warn')
    const client = await connectClient(gateway)
    expect((await client.listTools()).tools).toHaveLength(3)
    await expect.poll(() => gateway.decisions).toMatchObject([{ decision: 'warned', reason: expect.stringContaining('"extra" was not approved') }])
    await client.callTool({ name: 'extra' })
  })

  it('off passes', async () => {
    await using gateway = startGateway(fixture('added'), undefined, 'off')
    const client = await connectClient(gateway)
    expect((await client.listTools()).tools).toHaveLength(3)
    expect(gateway.decisions).toEqual([])
  })
})

describe('a message', () => {
  it('to a tool that was not approved is answered by the gateway', async () => {
    await using gateway = startGateway(fixture(), approval)
    const host = new RawHost(gateway)
    await host.initialize()
    const { result } = await host.request(1, 'tools/call', { name: 'extra' })
    expect(result).toEqual({
      content: [{ type: 'text', text: 'Blocked by Sealstone: the tool "extra" was not approved. Next step: use one of those that are listed' }],
      isError: true,
      _meta: { 'sealstone/blocked': { code: 'MCP_BLOCKED', hint: 'use one of those that are listed' } },
    })
    expect(gateway.decisions.at(-1)).toMatchObject({ operation: 'mcp.call', decision: 'blocked' })
  })
})
