/** mcp serve over HTTP: both eras, the protocol project's conformance suite, and everything that must not come in. */
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectMcp, ERAS, listenMcp } from '../support/mcp-host.ts'
import { softwareSigner } from '../support/model-signer.ts'
import { sparseFile, tinyModel } from '../support/models.ts'
import { PROJECT, run, temporaryFolder } from '../support/sealstone.ts'

const folder = temporaryFolder()
const models = join(folder.path, 'models')
let server: Awaited<ReturnType<typeof listenMcp>>

beforeAll(async () => {
  const signer = softwareSigner()
  for (const name of ['good', 'big']) {
    mkdirSync(join(models, name), { recursive: true })
    await signer.signInto(tinyModel(join(models, name)))
  }
  sparseFile(join(models, 'big/weights/a.bin'), 64 * 1024 ** 3)
  writeFileSync(join(folder.path, 'trust.json'), signer.trustBytes)
  server = await listenMcp(['--root', models, '--trust', join(folder.path, 'trust.json')])
})

afterAll(async () => {
  expect(await server.stop()).toBe(143)
  folder[Symbol.dispose]()
})

describe.each(ERAS)('over HTTP, %s', (era) => {
  it('verifies a model', async () => {
    await using host = await connectMcp(server.url, era)
    expect(host.client.getProtocolEra()).toBe(era === 'handshake' ? 'legacy' : 'modern')
    expect((await host.call('verify_model', { path: 'good' })).structured).toMatchObject({ ok: true })
  })

  it('tells how far it is, and ends the hashing when the host goes away', async () => {
    await using host = await connectMcp(server.url, era)
    // Both slots are taken, and free again for the next one.
    const calls = [1, 2].map(async () => {
      const controller = new AbortController()
      return host.call('verify_model', { path: 'big' }, { signal: controller.signal, onprogress: () => controller.abort() })
    })
    expect((await Promise.allSettled(calls)).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect((await host.call('verify_model', { path: 'good' })).structured).toMatchObject({ ok: true })
  })
})

describe('what comes from elsewhere', () => {
  /** As no browser lets a page do it, but a rebound name does. */
  function post(headers: Record<string, string>, body: string, path = '/mcp'): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      const { hostname, port } = new URL(server.url)
      const sent = request({ hostname, port, path, method: 'POST', headers: { ...JSON_HEADERS, ...headers } }, (answer) => {
        resolve(answer.statusCode)
        answer.resume()
      })
      sent.on('error', reject)
      sent.end(body)
    })
  }
  const JSON_HEADERS = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
  const INITIALIZE = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } },
  })

  it.each([
    ['as it should be', {}, 200],
    ['another host', { host: 'evil.example' }, 403],
    ['another host with our port', { host: 'evil.example:8808' }, 403],
    ['a page of another origin', { origin: 'https://evil.example' }, 403],
    ['a page without an origin', { origin: 'null' }, 403],
    ['a page of this machine', { origin: 'http://localhost:3000' }, 200],
    ['what a form can send', { 'content-type': 'text/plain' }, 415],
  ])('is refused by host, origin and type: %s', async (_what, headers, status) => {
    expect(await post(headers, INITIALIZE)).toBe(status)
  })

  it('in a session that there is not is told to begin anew, and without one is refused', async () => {
    const ping = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' })
    expect(await post({ 'mcp-session-id': '00000000-0000-0000-0000-000000000000' }, ping)).toBe(404)
    expect(await post({}, ping)).toBe(400)
  })

  it('at another path is not found', async () => {
    expect(await post({}, INITIALIZE, '/')).toBe(404)
  })

  it('that is over 10 MiB is refused, and the server goes on', async () => {
    expect(await post({}, 'x'.repeat(11 * 1024 * 1024)).catch(() => 413)).toBe(413)
    expect(await post({}, INITIALIZE)).toBe(200)
  })

  it('is only listened for on the loopback', async () => {
    const wrong = ['0.0.0.0:8808', '192.0.2.1:8808', '8808', '127.0.0.1:70000', 'example.org:80']
    const results = await Promise.all(wrong.map((address) => run(['mcp', 'serve', '--listen', address])))
    expect(results.map(({ code }) => code)).toEqual(wrong.map(() => 2))
  })
})

describe('the conformance suite of the protocol', () => {
  it('passes in every scenario that wants no tool, prompt or resource of a given name', async () => {
    const log = await new Promise<string>((resolve) => {
      const args = ['server', '--url', server.url, '--suite', 'all', '-o', join(folder.path, 'conformance')]
      execFile(join(PROJECT, 'node_modules/.bin/conformance'), args, { maxBuffer: 64 * 1024 * 1024 }, (_error, stdout) => resolve(stdout))
    })
    const results = Array.from(log.matchAll(/^([✓✗]) ([a-z0-9-]+): (\d+) passed, (\d+) failed/gmu), ([, , name = '', passed = '', failed = '']) => ({
      name,
      passed: Number(passed),
      failed: Number(failed),
    }))
    expect(results.length).toBeGreaterThanOrEqual(32)
    const good = results.filter(({ passed, failed }) => passed > 0 && failed === 0).map(({ name }) => name)
    expect(good).toEqual([
      'server-initialize',
      'ping',
      'tools-list',
      'server-sse-multiple-streams',
      'resources-list',
      'prompts-list',
      'dns-rebinding-protection',
    ])
    const document = readFileSync(join(PROJECT, 'docs/mcp.md'), 'utf8')
    expect(results.map(({ name }) => name).filter((name) => !document.includes(`\`${name}\``))).toEqual([])
  })
})
