/** The official conformance suite: what passes against a server passes through the gateway, and the gateway's own client passes the client scenarios. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type HttpGateway, runHttpGateway } from '#gateway'
import { type ConformanceServer, startConformanceServer } from './conformance-server.ts'
import type { UpstreamTarget } from '#upstream'
import { approve, SILENT } from './support.ts'

const MODULES = join(import.meta.dirname, '../../node_modules/@modelcontextprotocol')

/** Checks of each scenario, as the suite sums them up. docs/mcp-gateway.md has the same list. */
const SERVER_SCENARIOS = {
  'server-initialize': 1,
  'logging-set-level': 1,
  ping: 1,
  'completion-complete': 1,
  'tools-list': 1,
  'tools-call-simple-text': 1,
  'tools-call-image': 1,
  'tools-call-audio': 1,
  'tools-call-embedded-resource': 1,
  'tools-call-mixed-content': 1,
  'tools-call-with-logging': 1,
  'tools-call-error': 1,
  'tools-call-with-progress': 1,
  'tools-call-sampling': 1,
  'tools-call-elicitation': 1,
  'json-schema-2020-12': 4,
  'elicitation-sep1034-defaults': 5,
  // Its checks of events are warnings with the official SDK too: it sends none to the old revision that the scenario names.
  'server-sse-polling': 0,
  'server-sse-multiple-streams': 2,
  'elicitation-sep1330-enums': 5,
  'resources-list': 1,
  'resources-read-text': 1,
  'resources-read-binary': 1,
  'resources-templates-read': 1,
  'resources-subscribe': 1,
  'resources-unsubscribe': 1,
  'prompts-list': 1,
  'prompts-get-simple': 1,
  'prompts-get-with-args': 1,
  'prompts-get-embedded-resource': 1,
  'prompts-get-with-image': 1,
  'dns-rebinding-protection': 2,
} as const

/** The third check of sse-retry is of time: on a busy machine it becomes a warning. */
const CLIENT_SCENARIOS = { initialize: 1, tools_call: 1, 'sse-retry': 2, 'elicitation-sep1034-client-defaults': 5 } as const

/** What server-everything passes by itself; the others ask for tools, resources and prompts by names that it does not have. */
const EVERYTHING_SCENARIOS = {
  'server-initialize': 1,
  'logging-set-level': 1,
  ping: 1,
  'tools-list': 1,
  // These two call tools that it does not have, and take the answer that there is none for a result: the gateway's has the same form.
  'tools-call-simple-text': 1,
  'tools-call-error': 1,
  'server-sse-multiple-streams': 2,
  'resources-list': 1,
  'resources-subscribe': 1,
  'resources-unsubscribe': 1,
  'prompts-list': 1,
} as const

let server: ConformanceServer
let everything: ConformanceServer
let gateway: HttpGateway
let stdioGateway: HttpGateway
let everythingGateway: HttpGateway

beforeAll(async () => {
  ;[server, everything] = await Promise.all([startConformanceServer(), startEverything()])
  const onStdio = { command: process.execPath, args: [join(import.meta.dirname, 'conformance-server.ts')] }
  ;[gateway, everythingGateway, stdioGateway] = await Promise.all([
    gatewayBefore({ url: server.url }),
    gatewayBefore({ url: everything.url }),
    gatewayBefore(onStdio),
  ])
})

afterAll(async () => {
  for (const each of [gateway, everythingGateway, stdioGateway, server, everything]) await each[Symbol.asyncDispose]()
})

describe.concurrent('the server scenarios', { timeout: 400_000 }, () => {
  it('all pass against the server itself', async () => {
    expect(passed(await conformance('server', '--url', server.url, '--suite', 'all'))).toEqual(SERVER_SCENARIOS)
  })

  it('all pass through the gateway, check by check', async () => {
    expect(passed(await conformance('server', '--url', gateway.url, '--suite', 'all'))).toEqual(SERVER_SCENARIOS)
  })

  it('all pass with the same server on stdio behind the gateway', async () => {
    // Answers are plain JSON where nothing else is said, so it counts no streams of events.
    const expected = { ...SERVER_SCENARIOS, 'server-sse-multiple-streams': 1 }
    expect(passed(await conformance('server', '--url', stdioGateway.url, '--suite', 'all'))).toEqual(expected)
  })

  it('those that server-everything passes by itself, it passes through the gateway', async () => {
    const [direct, through] = await Promise.all(
      [everything, everythingGateway].map(({ url }) => conformance('server', '--url', url, '--suite', 'all')),
    )
    expect(passed(direct ?? '')).toEqual(EVERYTHING_SCENARIOS)
    expect(passed(through ?? '')).toMatchObject(EVERYTHING_SCENARIOS) // and it need not look at Host and Origin for itself
  })

  it.each(Object.entries(CLIENT_SCENARIOS))('the client scenario %s passes with the gateway as the client', async (scenario, least) => {
    const client = `${process.execPath} ${join(import.meta.dirname, 'conformance-client.ts')}`
    const output = await conformance('client', '--command', client, '--scenario', scenario)
    const [, good, failed] = /Passed: (\d+)\/\d+, (\d+) failed/.exec(output) ?? []
    expect(failed, output).toBe('0')
    expect(Number(good)).toBeGreaterThanOrEqual(least)
  })
})

async function gatewayBefore(target: UpstreamTarget): Promise<HttpGateway> {
  // What a server offers depends on what the host can: this is what the suite's client says.
  const approval = await approve(target, { sampling: {}, elicitation: {} })
  return await runHttpGateway({ target, mode: 'enforce', approval, ...SILENT, host: '127.0.0.1', port: 0 })
}

/** It wants to be told its port: one that was free a moment ago, and another one where somebody else was quicker. */
async function startEverything(): Promise<ConformanceServer> {
  for (let tries = 1; ; tries++) {
    const probe = createServer().listen(0, '127.0.0.1')
    await once(probe, 'listening')
    const { port } = probe.address() as AddressInfo
    probe.close()
    try {
      return await startEverythingOn(port)
    } catch (error) {
      if (tries === 5) throw error
    }
  }
}

async function startEverythingOn(port: number): Promise<ConformanceServer> {
  const entry = join(MODULES, 'server-everything/dist/index.js')
  const child = spawn(process.execPath, [entry, 'streamableHttp'], {
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (chunk) => String(chunk).includes('listening on port') && resolve())
    child.once('exit', () => reject(new Error('server-everything did not start')))
  })
  return { url: `http://127.0.0.1:${port}/mcp`, [Symbol.asyncDispose]: async () => void child.kill() }
}

function conformance(...args: readonly string[]): Promise<string> {
  const entry = join(MODULES, 'conformance/dist/index.js')
  return new Promise((resolve) => {
    // The exit code says the same as the sums, which are compared.
    execFile(process.execPath, [entry, ...args], { maxBuffer: 16 * 1024 * 1024 }, (_, stdout, stderr) => {
      resolve(stripVTControlCharacters(`${stdout}${stderr}`))
    })
  })
}

function passed(output: string): Record<string, number> {
  const lines = output.matchAll(/^✓ (\S+): (\d+) passed, 0 failed$/gm)
  return Object.fromEntries(Array.from(lines, ([, name = '', count]) => [name, Number(count)]))
}
