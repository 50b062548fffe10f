/** The official conformance suite: what passes against a server passes through the gateway, and the gateway's own client passes the client scenarios. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type HttpGateway, runHttpGateway } from '#gateway'
import { type ConformanceServer, startConformanceServer } from './conformance-server.ts'
import { approve } from './support.ts'

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

let server: ConformanceServer
let gateway: HttpGateway

beforeAll(async () => {
  server = await startConformanceServer()
  const target = { url: server.url }
  const approval = await approve(target)
  gateway = await runHttpGateway({ target, mode: 'enforce', approval, report: () => {}, host: '127.0.0.1', port: 0 })
})

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

describe.concurrent('the server scenarios', { timeout: 30_000 }, () => {
  it('all pass against the server itself', async () => {
    expect(passed(await conformance('server', '--url', server.url, '--suite', 'all'))).toEqual(SERVER_SCENARIOS)
  })

  it('all pass through the gateway, check by check', async () => {
    expect(passed(await conformance('server', '--url', gateway.url, '--suite', 'all'))).toEqual(SERVER_SCENARIOS)
  })

  it.each(Object.entries(CLIENT_SCENARIOS))('the client scenario %s passes with the gateway as the client', async (scenario, least) => {
    const client = `${process.execPath} ${join(import.meta.dirname, 'conformance-client.ts')}`
    const output = await conformance('client', '--command', client, '--scenario', scenario)
    const [, good, failed] = /Passed: (\d+)\/\d+, (\d+) failed/.exec(output) ?? []
    expect(failed, output).toBe('0')
    expect(Number(good)).toBeGreaterThanOrEqual(least)
  })
})

function conformance(...args: readonly string[]): Promise<string> {
  const entry = join(import.meta.dirname, '../../node_modules/@modelcontextprotocol/conformance/dist/index.js')
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
