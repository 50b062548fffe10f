/** The traces of a running daemon, as a collector gets them from OpenTelemetry's own exporter; and signing when there is no collector. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Metadata } from '@grpc/grpc-js'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { connect, type Client } from '#client'
import { type CollectedSpan, type Collector, startCollector } from '../support/collector.ts'
import { tinyModel } from '../support/models.ts'
import { initHome, run, type RunningDaemon, startDaemon, temporaryFolder } from '../support/sealstone.ts'
import { connect as connectRaw } from '../rpc/support.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const PARENT = 'b7ad6b7169203331'
const TRACEPARENT = `00-${TRACE}-${PARENT}-01`
const MODEL_NAME = 'confidential-model-name'
const STEPS = ['authorize', 'build-statement', 'intent', 'key-host', 'outcome', 'verify']

let home: Awaited<ReturnType<typeof initHome>>
let template: string
const folder = temporaryFolder()
const model = tinyModel(join(folder.path, MODEL_NAME))
let running: { daemon: RunningDaemon; client: Client } | undefined

beforeAll(async () => {
  home = await initHome()
  template = readFileSync(join(home.home, 'config.toml'), 'utf8')
})
afterEach(async () => {
  await running?.client.close()
  await running?.daemon[Symbol.asyncDispose]()
  running = undefined
})
afterAll(() => {
  home[Symbol.dispose]()
  folder[Symbol.dispose]()
})

function configure(traces: string, metrics = ''): void {
  const text = template.replace(/^\[traces\]$/m, `[traces]\n${traces}`).replace(/^\[metrics\]$/m, `[metrics]\n${metrics}`)
  writeFileSync(join(home.home, 'config.toml'), text)
}

async function start(env: Readonly<Record<string, string>> = {}): Promise<{ daemon: RunningDaemon; client: Client }> {
  const daemon = await startDaemon(home.home, { env })
  running = { daemon, client: connect({ address: `unix:${daemon.socket}` }) }
  return running
}

const content = { kind: 'model', path: model } as const

function child(spans: readonly CollectedSpan[], parent: CollectedSpan, name: string): CollectedSpan {
  const found = spans.filter((span) => span.name === name && span.parentSpanId === parent.spanId)
  expect(found, name).toHaveLength(1)
  return found[0] as CollectedSpan
}

function named(spans: readonly CollectedSpan[], name: string): CollectedSpan[] {
  return spans.filter((span) => span.name === name)
}

/** The tests read the spans that came since they began, and wait for all that they bring about. */
describe('of one daemon', () => {
  let shared: { collector: Collector; daemon: RunningDaemon; client: Client }
  beforeAll(async () => {
    const collector = await startCollector()
    configure(`endpoint = "${collector.endpoint}"`)
    const daemon = await startDaemon(home.home)
    shared = { collector, daemon, client: connect({ address: `unix:${daemon.socket}` }) }
  })
  beforeEach(() => shared.collector.clear())
  afterAll(async () => {
    await shared.client.close()
    expect(await shared.daemon.stop()).toBe(0)
    await shared.collector[Symbol.asyncDispose]()
  })

  describe('the trace of a signing', () => {
    it("continues the caller's: one span for the call, one for each step, in order, and inside each other in time", async () => {
      const { collector, daemon, client } = shared
      const { leafIndex, operationId } = await client.sign({ content }, { traceparent: TRACEPARENT, tracestate: 'registry=a1' })
      await collector.wait(1 + STEPS.length)

      const { spans } = collector
      expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([TRACE]))
      const [call] = named(spans, 'sealstone.v1.SigningService/Sign') as [CollectedSpan]
      expect(call).toMatchObject({ parentSpanId: PARENT, traceState: 'registry=a1', kind: 2, status: 0 })
      expect(call.fields).toEqual({
        'rpc.system.name': 'grpc',
        'rpc.method': 'sealstone.v1.SigningService/Sign',
        'rpc.response.status_code': 'OK',
        'sealstone.operation.id': operationId,
        'sealstone.key.name': 'default',
        'sealstone.key.version': 1,
        'sealstone.suite': 'mldsa65-ecdsa-p256',
        'sealstone.leaf.index': Number(leafIndex),
      })
      const [authorize, build, intent, keyHost, outcome] = STEPS.slice(0, 5).map((name) => child(spans, call, name)) as [
        CollectedSpan,
        CollectedSpan,
        CollectedSpan,
        CollectedSpan,
        CollectedSpan,
      ]
      const verify = child(spans, outcome, 'verify')
      const inOrder = [call.start, authorize.start, authorize.end, build.start, build.end, intent.start, intent.end, keyHost.start, keyHost.end]
      inOrder.push(outcome.start, verify.start, verify.end, outcome.end, call.end)
      expect(inOrder).toEqual([...inOrder].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)))
      expect(keyHost.end - keyHost.start).toBeGreaterThan(100_000n) // no pair of signatures is made in a tenth of a millisecond
      expect(call.end - call.start).toBeGreaterThan(keyHost.end - keyHost.start)
      expect(spans).toHaveLength(1 + STEPS.length)

      const line = daemon
        .log()
        .split('\n')
        .find((text) => text.includes('SigningService/Sign'))
      expect(JSON.parse(line ?? '{}')).toMatchObject({ trace_id: TRACE, result: 'OK' })
    })

    it('names no model, no digest, no caller and no file', async () => {
      const { collector, client } = shared
      const { manifest } = await client.sign({ content })
      await collector.wait(1 + STEPS.length)
      const sent = collector.requests.map(({ text }) => text).join('\n')
      expect(manifest?.modelName).toBe(MODEL_NAME)
      expect(sent).not.toContain(MODEL_NAME)
      for (const { name, digest } of manifest?.resources ?? []) {
        expect(sent).not.toContain(name)
        expect(sent).not.toContain(Buffer.from(digest).toString('hex'))
      }
      expect(sent).not.toContain('"local"')
    })

    it('has a span for each of a batch, and says which failed and why', async () => {
      const { collector, client } = shared
      const results = await client.signBatch([{ content }, { content, key: 'nobody' }, { content }], { traceparent: TRACEPARENT })
      expect(results.map(({ ok }) => ok)).toEqual([true, false, true])
      await collector.wait(1 + 3 + 2 * STEPS.length + 1)
      const { spans } = collector
      const [call] = named(spans, 'sealstone.v1.SigningService/SignBatch') as [CollectedSpan]
      const members = named(spans, 'sign')
      expect(members.map(({ parentSpanId }) => parentSpanId)).toEqual(Array(3).fill(call.spanId))
      const failed = members.filter(({ status }) => status === 2)
      expect(failed.map(({ fields }) => fields['error.type'])).toEqual(['KEY_UNKNOWN'])
      for (const member of members.filter(({ status }) => status === 0)) {
        for (const step of STEPS.slice(0, 5)) child(spans, member, step)
        expect(member.fields['sealstone.leaf.index']).toBeTypeOf('number')
      }
      // The call itself was answered.
      expect(call).toMatchObject({ status: 0, fields: { 'rpc.response.status_code': 'OK' } })
    })

    it('has the code of a call that was refused; that is no failure of the server', async () => {
      const { collector, client } = shared
      await expect(client.getKey('nobody')).rejects.toMatchObject({ code: 'KEY_UNKNOWN' })
      await collector.wait(1)
      expect(collector.spans).toMatchObject([
        { name: 'sealstone.v1.KeyService/GetKey', status: 0, fields: { 'error.type': 'KEY_UNKNOWN', 'rpc.response.status_code': 'NOT_FOUND' } },
      ])
    })
  })

  describe('a trace context from a caller', () => {
    it('is ignored when it is malformed, and the call is answered with a trace of its own', async () => {
      const { collector, daemon } = shared
      const raw = connectRaw(`unix:${daemon.socket}`)
      const hostile = [
        [''],
        ['x'],
        [`ff-${TRACE}-${PARENT}-01`], // a version that must not be
        [`00-${'0'.repeat(32)}-${PARENT}-01`],
        [`00-${TRACE}-${'0'.repeat(16)}-01`],
        [`00-${TRACE.toUpperCase()}-${PARENT}-01`],
        [`00-${TRACE}-${PARENT}-01-more`], // version 00 has no more
        [`01-${TRACE}-${PARENT}-01-${'a'.repeat(4000)}`],
        [TRACEPARENT, TRACEPARENT], // whose?
      ]
      for (const values of hostile) {
        const metadata = new Metadata()
        for (const value of values) metadata.add('traceparent', value)
        await new Promise<void>((resolve, reject) => {
          raw.key.listKeys({}, metadata, (error) => (error === null ? resolve() : reject(error)))
        })
      }
      raw.close()
      await collector.wait(hostile.length)
      expect(collector.spans).toHaveLength(hostile.length)
      for (const { traceId, parentSpanId } of collector.spans) {
        expect(traceId).not.toBe(TRACE)
        expect(parentSpanId ?? '').toBe('')
      }
    })

    it('is not sent by our client when it is none, and the call goes on', async () => {
      const { collector, client } = shared
      await client.listKeys({ traceparent: 'no\nheader', tracestate: 'a=b' })
      await client.listKeys({ traceparent: TRACEPARENT, tracestate: 'no\nheader' })
      await collector.wait(2)
      expect(collector.spans.map(({ traceId }) => traceId === TRACE)).toEqual([false, true])
    })
  })
})

describe('what the settings say', () => {
  it('carries what the headers file says, and the file must be closed to others', async () => {
    await using collector = await startCollector()
    writeFileSync(join(home.home, 'traces.headers'), 'Authorization: Bearer t0p-s3cret\n', { mode: 0o600 })
    configure(`endpoint = "${collector.endpoint}"\nheaders_file = "traces.headers"`)
    const { daemon, client } = await start()
    await client.listKeys()
    await collector.wait(1)
    expect(collector.requests[0]?.headers.authorization).toBe('Bearer t0p-s3cret')
    expect(daemon.log()).not.toContain('t0p-s3cret')
    await daemon.stop()

    writeFileSync(join(home.home, 'open.headers'), 'Authorization: Bearer t0p-s3cret\n', { mode: 0o644 })
    configure(`endpoint = "${collector.endpoint}"\nheaders_file = "open.headers"`)
    const { code, stderr } = await run(['serve'], home)
    expect(code).toBe(2)
    expect(stderr).toMatch(/open\.headers has mode 0644, want 0600/)
    expect(stderr).not.toContain('t0p-s3cret')
  })

  it('that a caller says "not sampled" is obeyed, and at a ratio of 0 nothing is sent whatever it says', async () => {
    await using collector = await startCollector()
    configure(`endpoint = "${collector.endpoint}"`)
    const first = await start()
    await first.client.listKeys({ traceparent: `00-${TRACE}-${PARENT}-00` })
    await first.client.close()
    await first.daemon.stop() // sends what waits
    expect(first.daemon.log()).toContain(`"trace_id":"${TRACE}"`)
    expect(collector.requests).toEqual([])

    configure(`endpoint = "${collector.endpoint}"\nsample_ratio = 0`)
    const second = await start()
    await second.client.listKeys({ traceparent: TRACEPARENT })
    await second.client.listKeys()
    await second.client.close()
    expect(await second.daemon.stop()).toBe(0)
    expect(collector.requests).toEqual([])
  })
})

describe('what waits', () => {
  it('is sent when the daemon ends', async () => {
    await using collector = await startCollector()
    configure(`endpoint = "${collector.endpoint}"`)
    const { daemon, client } = await start()
    await client.listKeys({ traceparent: TRACEPARENT })
    await client.close()
    expect(await daemon.stop()).toBe(0)
    expect(collector.spans.map(({ traceId }) => traceId)).toEqual([TRACE])
  })
})

describe('without a collector that answers', () => {
  it.each(['dead', 'hangs', 'refuses'] as const)('%s: every signature is answered, the drain ends, and lost spans are counted', async (kind) => {
    await using collector = await startCollector(kind === 'dead' ? 'takes' : kind)
    const endpoint = kind === 'dead' ? 'http://127.0.0.1:1/v1/traces' : collector.endpoint
    configure(`endpoint = "${endpoint}"`, 'listen = "127.0.0.1:0"')
    const { daemon, client } = await start()
    const metrics = /"address":"(http:[^"]+)"/.exec(daemon.log())?.[1] ?? ''
    // More spans than may wait: 12 batches of 64, each member with its seven.
    for (let batch = 0; batch < 12; batch++) {
      const results = await client.signBatch(Array.from({ length: 64 }, () => ({ content })))
      expect(results.filter(({ ok }) => !ok)).toEqual([])
    }
    const dropped = async (): Promise<number> => Number(/^sealstone_spans_dropped_total (\d+)$/m.exec(await (await fetch(metrics)).text())?.[1])
    await expect.poll(dropped).toBeGreaterThan(0)
    await client.close()
    const stopping = Date.now()
    expect(await daemon.stop()).toBe(0)
    expect(Date.now() - stopping).toBeLessThan(60_000) // the collector may keep it 2 s, and its last request 3 s more
    expect(daemon.log().match(/traces could not be sent and are dropped/g)).toHaveLength(1)
    expect(collector.spans).toEqual([])
  })
})

describe('the packages of OpenTelemetry', () => {
  it('are not loaded unless traces are configured', async () => {
    const hook = join(folder.path, 'hook.mjs')
    const loaded = join(folder.path, 'loaded')
    writeFileSync(
      hook,
      `import { registerHooks } from 'node:module'
import { appendFileSync } from 'node:fs'
registerHooks({ load(url, context, next) { appendFileSync(${JSON.stringify(loaded)}, url + '\\n'); return next(url, context) } })`,
    )
    const modules = async (traces: string): Promise<string[]> => {
      writeFileSync(loaded, '')
      configure(traces)
      const { daemon, client } = await start({ NODE_OPTIONS: `--import=${hook}` })
      await client.sign({ content })
      await client.close()
      await daemon.stop()
      return readFileSync(loaded, 'utf8').split('\n')
    }
    const off = await modules('')
    expect(off.some((url) => url.includes('/@grpc/grpc-js/'))).toBe(true)
    expect(off.filter((url) => url.includes('/@opentelemetry/'))).toEqual([])
    await using collector = await startCollector()
    const on = await modules(`endpoint = "${collector.endpoint}"`)
    expect(on.filter((url) => url.includes('/@opentelemetry/sdk-trace/')).length).toBeGreaterThan(0)
  })
})
