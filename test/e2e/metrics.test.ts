/** The metrics of a running daemon, as Prometheus fetches them: every one that docs/operations.md names, and what signing does to them. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tinyModel } from '../support/models.ts'
import { initHome, PROJECT, run, runOk, type RunningDaemon, startDaemon, temporaryFolder } from '../support/sealstone.ts'

let home: Awaited<ReturnType<typeof initHome>>
let daemon: RunningDaemon
let address: string
const folder = temporaryFolder()

beforeAll(async () => {
  home = await initHome()
  listenOn('127.0.0.1:0')
  daemon = await startDaemon(home.home)
  address = /"address":"(http:[^"]+)"/.exec(daemon.log())?.[1] ?? ''
  await runOk(['sign', tinyModel(join(folder.path, 'model'))], home)
})
afterAll(async () => {
  await daemon[Symbol.asyncDispose]()
  home[Symbol.dispose]()
  folder[Symbol.dispose]()
})

function listenOn(text: string): void {
  const config = join(home.home, 'config.toml')
  writeFileSync(config, readFileSync(config, 'utf8').replace(/(\[metrics\][^[]*?\n)(?:# )?listen = "[^"]*"/, `$1listen = "${text}"`))
}

async function metrics(): Promise<Map<string, number>> {
  const response = await fetch(address)
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]))
}

describe('the metrics', () => {
  it('count what was signed, by key, suite and result', async () => {
    const before = await metrics()
    const series = 'sealstone_signatures_total{key="default",suite="mldsa65-ecdsa-p256",result="ok"}'
    expect(before.get(series)).toBe(1)
    await runOk(['sign', join(folder.path, 'model')], home)
    await run(['sign', join(folder.path, 'model'), '--key', 'nobody'], home)
    const after = await metrics()
    expect(after.get(series)).toBe(2)
    for (const step of ['sign', 'key-host', 'queue', 'verify', 'commit']) {
      expect(after.get(`sealstone_step_seconds_count{step="${step}"}`), step).toBeGreaterThan(
        before.get(`sealstone_step_seconds_count{step="${step}"}`) ?? 0,
      )
    }
    expect(after.get('sealstone_key_host_available')).toBe(1)
    // Tried again and again: on a busy machine the last time may be a while ago, and the next one comes.
    await expect.poll(async () => (await metrics()).get('sealstone_canary_age_seconds')).toBeLessThan(60)
    expect(after.get('sealstone_key_versions{state="active"}')).toBe(1)
  })

  it('are the ones that the documentation, the alerts and the dashboard name, and no other', async () => {
    const known = new Set(
      [...(await metrics()).keys()]
        .map((series) => series.replace(/\{.*/, '').replace(/_(?:bucket|sum|count)$/, ''))
        .filter((name) => name.startsWith('sealstone_')),
    )
    const lazy = ['sealstone_signature_mismatches_total', 'sealstone_witness_answers_total'] // there from the first time on
    for (const name of lazy) known.add(name)
    for (const path of ['docs/operations.md', 'deploy/alerts.yml', 'deploy/grafana-dashboard.json']) {
      const named = new Set(
        readFileSync(join(PROJECT, path), 'utf8')
          .match(/sealstone_[a-z_]+/g)
          ?.map((name) => name.replace(/_(?:bucket|sum|count)$/, '')),
      )
      expect(
        [...named].filter((name) => !known.has(name)),
        path,
      ).toEqual([])
    }
    const documented = readFileSync(join(PROJECT, 'docs/operations.md'), 'utf8')
    expect([...known].filter((name) => !documented.includes(name))).toEqual([])
  })

  it('have alerts with a page each on what to do, and no page without an alert', () => {
    const named = (path: string, pattern: RegExp) => Array.from(readFileSync(join(PROJECT, path), 'utf8').matchAll(pattern), ([, name = '']) => name)
    const alerts = named('deploy/alerts.yml', /^ +- alert: (\w+)$/gm)
    expect(alerts.length).toBeGreaterThan(10)
    expect(named('docs/operations.md', /^\*\*(Sealstone\w+)\*\* — /gm).toSorted()).toEqual(alerts.toSorted())
  })

  it('are served to GET /metrics alone', async () => {
    expect((await fetch(new URL('/', address))).status).toBe(404)
    expect((await fetch(address, { method: 'POST' })).status).toBe(404)
  })

  it('are refused on an address that others reach', async () => {
    await daemon.stop()
    listenOn('0.0.0.0:9464')
    const { code, stderr } = await run(['serve'], home)
    expect(code).toBe(2)
    expect(stderr).toMatch(/metrics\.listen is 0\.0\.0\.0, want a loopback address/)
  })
})
