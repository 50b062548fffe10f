/** Long answers through a fleet: passed on as they come, never mixed with those of others, and nobody can hold the host's line for long. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { HeldServer } from '#gateway'
import { UPSTREAM_LIMITS } from '#upstream'
import { heldBufferBytes } from '../support/memory.ts'
import { scriptedServer } from '../upstream/support.ts'
import { RawHost, startFleet, startGateway } from './support.ts'

const MEGA = `const mega = 'x'.repeat(1 << 20); const id = JSON.stringify(message.id);`
const SMALL = { ...UPSTREAM_LIMITS, streamedBytes: 32 * 1024 * 1024, messageBytes: 2 * 1024 * 1024 }

describe('a fleet passes on', () => {
  it.each([
    [
      'first',
      `await line('{"jsonrpc":"2.0","id":' + id + ',"result":{"content":"'); for (let n = 0; n < 96; n++) await line(mega); await line('"}}\\n')`,
    ],
    [
      'last',
      `await line('{"result":{"content":"'); for (let n = 0; n < 96; n++) await line(mega); await line('"},"jsonrpc":"2.0","id":' + id + '}\\n')`,
    ],
  ])('a result of 96 MiB whose id comes %s, and holds little of it', async (_, body) => {
    await using gateway = startFleet({ long: off(MEGA + body, UPSTREAM_LIMITS) })
    const host = new RawHost(gateway)
    await host.initialize()
    await host.send({ id: 1, method: 'tools/call', params: { name: 'long__x' } })
    let [bytes, largest] = [0, 0]
    const before = heldBufferBytes()
    for await (const chunk of gateway.output) {
      bytes += (chunk as Buffer).length
      if (process.memoryUsage().arrayBuffers - before > 48 * 1024 * 1024) largest = Math.max(largest, heldBufferBytes() - before)
      if ((chunk as Buffer).includes(0x0a)) break
    }
    expect(bytes).toBeGreaterThan(96 * 1024 * 1024)
    expect(largest).toBeLessThan(64 * 1024 * 1024)
  })

  it('long results of several servers at once, each on a line of its own, and short ones between them', async () => {
    const long = (letter: string): HeldServer =>
      off(`const piece = '${letter}'.repeat(1 << 18);
        await line('{"jsonrpc":"2.0","id":' + message.id + ',"result":{"text":"'); for (let n = 0; n < 64; n++) await line(piece); await line('"}}\\n')`)
    await using gateway = startFleet({ a: long('a'), b: long('b'), c: long('c'), short: off(`send({ id: message.id, result: { text: 'short' } })`) })
    const host = new RawHost(gateway)
    await host.initialize()
    const names = ['a', 'short', 'b', 'c', 'short', 'short']
    for (const [id, name] of names.entries()) await host.send({ id, method: 'tools/call', params: { name: `${name}__x` } })
    const seen = new Set<number>()
    for (const _ of names) {
      const { id, result } = JSON.parse(await host.line()) as { id: number; result: { text: string } }
      expect(result.text).toMatch(/^(a+|b+|c+|short)$/)
      expect(result.text).toMatch(new RegExp(`^${names[id]}`))
      seen.add(id)
    }
    expect(seen.size).toBe(names.length)
  })
})

describe('a server of a fleet that', () => {
  it.each([
    ['stops in the middle of a long answer', `for (let n = 0; n < 4; n++) await line(mega)`, /went on with less than 1048576 bytes in 0.2 s/],
    ['sends a line without end', `for (;;) await line(mega)`, /longer than 33554432 bytes/],
    ['dies in the middle of a long answer', `for (let n = 0; n < 4; n++) await line(mega); process.exit(3)`, /in the middle of a message/],
    ['breaks the rules in the middle of a long answer', `for (let n = 0; n < 4; n++) await line(mega); await line('"}}}')`, /not valid JSON/],
    ['answers somebody else at length', `for (let n = 0; n < 4; n++) await line(mega); await line('"},"id":"x"}\\n')`, /appears twice/],
  ])('%s is ended, and the others go on', async (what, body, message) => {
    const limits = what.startsWith('stops') ? { ...SMALL, paceMs: 200 } : SMALL
    const bad = off(`${MEGA} await line('{"jsonrpc":"2.0","id":' + id + ',"result":{"content":"'); ${body}`, limits)
    await using gateway = startFleet({ bad, good: off(`send({ id: message.id, result: { content: [] } })`) })
    const host = new RawHost(gateway)
    await host.initialize()
    await host.send({ id: 1, method: 'tools/call', params: { name: 'bad__x' } })
    await expect.poll(() => gateway.output.readableLength).toBeGreaterThan(0) // it has the line
    await host.send({ id: 2, method: 'tools/call', params: { name: 'good__x' } })
    const lines = [await host.line(), await host.line(), await host.line()]
    expect(lines.filter((line) => line.length > 10_000)).toHaveLength(1)
    expect(() => JSON.parse(lines.find((line) => line.length > 10_000) ?? '')).toThrow() // no reader takes it for a message
    const answers = lines.filter((line) => line.length < 10_000).map((line) => JSON.parse(line) as { id: number; error?: { message: string } })
    expect(answers.find(({ id }) => id === 2)).toEqual({ jsonrpc: '2.0', id: 2, result: { content: [] } })
    expect(answers.find(({ id }) => id === 1)?.error?.message).toMatch(message)
    expect(gateway.notes.join('\n')).toMatch(/bad is left out/)
    expect(await host.request(3, 'tools/call', { name: 'good__x' })).toMatchObject({ result: { content: [] } })
  })

  it('holds less than what is read whole does not hold the line', async () => {
    const stops = off(`${MEGA} await line('{"jsonrpc":"2.0","id":' + id + ',"result":{"content":"' + mega)`)
    await using gateway = startFleet({ stops, good: off(`send({ id: message.id, result: { content: [] } })`) })
    const host = new RawHost(gateway)
    await host.initialize()
    await host.send({ id: 1, method: 'tools/call', params: { name: 'stops__x' } })
    for (let id = 2; id < 20; id++) expect(await host.request(id, 'tools/call', { name: 'good__x' })).toMatchObject({ result: { content: [] } })
  })
})

it.each(['one server', 'a fleet'])('a long answer over HTTP that breaks off is not passed for one, before %s', async (before) => {
  await using server = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk) => (text += String(chunk)))
    request.on('end', () => {
      if (request.method !== 'POST') return void response.writeHead(405).end()
      const { id, method, params } = JSON.parse(text) as { id?: string; method: string; params?: { name?: string } }
      if (id === undefined) return void response.writeHead(202).end()
      response.writeHead(200, { 'content-type': 'application/json' })
      const identity = { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'a', version: '1' } }
      if (params?.name !== 'break') return void response.end(JSON.stringify({ jsonrpc: '2.0', id, result: method === 'initialize' ? identity : {} }))
      response.write(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"text":"${'x'.repeat(4 << 20)}`, () => response.destroy())
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const target = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` }
  const [fleet, prefix] = [before === 'a fleet', before === 'a fleet' ? 'web__' : '']
  await using gateway = fleet ? startFleet({ web: { target, mode: 'off', limits: SMALL } }) : startGateway(target, undefined, 'off', SMALL)
  const host = new RawHost(gateway)
  await host.initialize()
  await host.send({ id: 1, method: 'tools/call', params: { name: `${prefix}break` } })
  const broken = await host.line()
  expect(broken.length).toBeGreaterThan(1 << 20)
  expect(() => JSON.parse(broken)).toThrow()
  expect(await host.answer(1)).toMatchObject({ error: { data: { code: 'MCP_SERVER_UNAVAILABLE' } } })
  expect(await host.request(2, 'tools/call', { name: `${prefix}go` })).toMatchObject({ result: {} })
  server.closeAllConnections()
})

function off(body: string, limits = SMALL): HeldServer {
  return { target: scriptedServer(body), mode: 'off', limits }
}
