/** The entries of the audit log as a collector gets them: each once, in order, from run to run, and late rather than never. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Client, connect } from '#client'
import { fromHex, utf8 } from '#core'
import { leafHash } from '#tlog'
import { type Collector, startCollector } from '../support/collector.ts'
import { manifestOf } from '../support/signing.ts'
import { initHome, type RunningDaemon, startDaemon } from '../support/sealstone.ts'

let home: Awaited<ReturnType<typeof initHome>>
let template: string
let running: { daemon: RunningDaemon; client: Client } | undefined

beforeAll(async () => {
  home = await initHome()
  template = readFileSync(join(home.home, 'config.toml'), 'utf8')
})
beforeEach(() => rmSync(join(home.home, 'logs-sent.json'), { force: true }))
afterEach(stop)
afterAll(() => home[Symbol.dispose]())

async function start(endpoint: string, metrics = ''): Promise<{ daemon: RunningDaemon; client: Client }> {
  const text = template.replace(/^\[logs\]$/m, `[logs]\nendpoint = "${endpoint}"`).replace(/^\[metrics\]$/m, `[metrics]\n${metrics}`)
  writeFileSync(join(home.home, 'config.toml'), text)
  const daemon = await startDaemon(home.home)
  running = { daemon, client: connect({ address: `unix:${daemon.socket}` }) }
  return running
}

async function stop(): Promise<void> {
  await running?.client.close()
  await running?.daemon[Symbol.asyncDispose]()
  running = undefined
}

const endpointOf = (collector: Collector): string => collector.endpoint.replace('/v1/traces', '/v1/logs')
const indexesOf = ({ records }: Collector): number[] => records.map(({ fields }) => Number(fields['sealstone.leaf.index']))
const sign = (client: Client) => client.sign({ content: { kind: 'manifest', manifest: manifestOf(['a.bin'], 'bert') } })

/** Nothing else here takes a port of it, so that one which was given up is still free later. */
const OTHER_LOOPBACK = { host: '::1', port: 0 }

/** From the first that came, without a gap. */
function expectWhole(collector: Collector): void {
  const indexes = indexesOf(collector)
  expect(indexes).toEqual(indexes.map((_, at) => (indexes[0] ?? 0) + at))
}

describe('log entries', () => {
  it('are sent as they come, with their leaves; a restart goes on where the last run ended', async () => {
    await using collector = await startCollector()
    const { client } = await start(endpointOf(collector))
    const { leafIndex, operationId } = await sign(client)
    await expect.poll(() => indexesOf(collector)).toContain(Number(leafIndex))
    const record = collector.records.find(({ fields }) => Number(fields['sealstone.leaf.index']) === Number(leafIndex))
    expect(record).toMatchObject({ eventName: 'sealstone.audit.outcome', severity: 9, fields: { 'sealstone.operation.id': operationId } })
    const leaf = JSON.parse(record?.body ?? '{}') as { modelName: string; time: string }
    expect(leaf.modelName).toBe('bert')
    expect(record?.time).toBe(BigInt(Date.parse(leaf.time)) * 1_000_000n)
    expect(leafHash(utf8(record?.body ?? ''))).toEqual(fromHex(String(record?.fields['sealstone.leaf.hash'])))
    expect(collector.records.map(({ eventName }) => eventName)).toContain('sealstone.audit.daemon-start') // of this run

    await stop()
    expect(collector.records.at(-1)?.eventName).toBe('sealstone.audit.daemon-stop')
    const again = await start(endpointOf(collector))
    const next = await sign(again.client)
    await expect.poll(() => indexesOf(collector)).toContain(Number(next.leafIndex))
    expectWhole(collector)
  })

  it('wait in the log for a collector that is not there, delay nothing, and are all sent when it comes', async () => {
    const gone = await startCollector('takes', OTHER_LOOPBACK)
    const { port } = new URL(gone.endpoint)
    await gone[Symbol.asyncDispose]()
    const { daemon, client } = await start(endpointOf(gone), 'listen = "127.0.0.1:0"')
    for (let count = 0; count < 100; count++) await sign(client)
    const metrics = /"address":"(http:[^"]+)"/.exec(daemon.log())?.[1] ?? ''
    const unsent = async (): Promise<number> => Number(/^sealstone_log_entries_unsent (\d+)$/m.exec(await (await fetch(metrics)).text())?.[1])
    expect(await unsent()).toBeGreaterThan(200)
    const complaints = (): number => daemon.log().match(/log entries could not be sent; they are sent later/g)?.length ?? 0
    await expect.poll(complaints).toBe(1)

    await using collector = await startCollector('takes', { ...OTHER_LOOPBACK, port: Number(port) })
    await expect.poll(unsent).toBe(0)
    expect(collector.records.length).toBeGreaterThan(200)
    expectWhole(collector)
    expect(daemon.log()).toMatch(/the collector takes log entries again/)
  })

  it.each(['hangs', 'refuses'] as const)('of a collector that %s are kept, and the daemon ends in time', async (behaviour) => {
    await using collector = await startCollector(behaviour)
    const { daemon, client } = await start(endpointOf(collector))
    const { leafIndex } = await sign(client)
    await client.close()
    const stopping = performance.now()
    expect(await daemon.stop()).toBe(0)
    expect(performance.now() - stopping).toBeLessThan(60_000)
    running = undefined
    await using working = await startCollector()
    await start(endpointOf(working))
    await expect.poll(() => indexesOf(working)).toContain(Number(leafIndex))
  })
})
