/** A daemon with three witnesses: cosigned receipts, a trust file that demands them, a witness that is lost, and receipts that are renewed later. */
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseHybridBundle } from '#envelopes'
import { countCosignatures, parseVerifierKey, parseTlogProof, type Witness, witnessVkeys } from '#tlog'
import { eventually } from '../support/eventually.ts'
import { ownAddress } from '../support/own-address.ts'
import { initHome, run, type RunningDaemon, runOk, startDaemon, temporaryFolder } from '../support/sealstone.ts'
import { nobleVerifier } from '../support/software-log.ts'
import { makeWitness, startWitness } from '../witness/support.ts'

interface Live {
  readonly witness: Witness
  readonly directory: string
  url: string
  server: Awaited<ReturnType<typeof startWitness>> | undefined
}

const folder = temporaryFolder()
const model = join(folder.path, 'model')
const witnesses: Live[] = []
let home: Awaited<ReturnType<typeof initHome>>
let daemon: RunningDaemon

const count = (hybridSig: string): number => {
  const { proof } = parseHybridBundle(readFileSync(hybridSig))
  return countCosignatures(
    proof.checkpoint,
    witnesses.map(({ witness }) => witness),
    nobleVerifier,
  ).length
}
const sign = (): Promise<unknown> => runOk(['sign', model], home)
const verify = async (): Promise<{ code: number | null; receipt: { status: string; reason: string } | undefined }> => {
  const { code, stdout } = await run(['verify', model, '--json'], home)
  const { checks } = JSON.parse(stdout) as { checks: { name: string; status: string; reason: string }[] }
  return { code, receipt: checks.find(({ name }) => name === 'audit-receipt') }
}

const ADDRESS = ownAddress()

/** On the port that it had. */
async function start(live: Live): Promise<void> {
  const config = join(live.directory, 'witness.toml')
  const place = live.url === '' ? `${ADDRESS}:0` : new URL(live.url).host
  writeFileSync(config, readFileSync(config, 'utf8').replace(/127\.\d+\.\d+\.\d+:\d+/, place))
  live.server = await startWitness(live.directory)
  live.url = live.server.url
}

async function stop(live: Live | undefined): Promise<void> {
  await live?.server?.[Symbol.asyncDispose]()
  if (live !== undefined) live.server = undefined
}

beforeAll(async () => {
  mkdirSync(model)
  writeFileSync(join(model, 'weights.bin'), 'weights')
  home = await initHome()
  const { log } = JSON.parse(readFileSync(join(home.home, 'trust.json'), 'utf8')) as { log: { origin: string; keys: string[] } }
  const keys = log.keys.map(parseVerifierKey)
  for (const at of [1, 2, 3]) {
    const directory = join(folder.path, `witness-${at}`)
    const live: Live = {
      witness: makeWitness(directory, [{ origin: log.origin, keys } as never], () => keys, `witness.example/w${at}`),
      directory,
      url: '',
      server: undefined,
    }
    await start(live)
    witnesses.push(live)
  }
  const config = join(home.home, 'config.toml')
  const tables = witnesses.map(
    ({ witness, url }) => `[[audit.witness]]\nname = "${witness.name}"\nurl = "${url}"\nkeys = ${JSON.stringify(witnessVkeys(witness))}\n`,
  )
  writeFileSync(
    config,
    readFileSync(config, 'utf8')
      .replace('#   witness_quorum = 2', 'witness_quorum = 2')
      .replace('#   witness_wait_ms = 0', 'witness_wait_ms = 4000')
      .replace('# witness_quorum = 0', 'witness_quorum = 2')
      .replace('# listen = "127.0.0.1:9464"', 'listen = "127.0.0.1:0"'),
  )
  appendFileSync(config, tables.join(''))
  daemon = await startDaemon(home.home)
})
afterAll(async () => {
  await daemon[Symbol.asyncDispose]()
  for (const live of witnesses) await stop(live)
  home[Symbol.dispose]()
  folder[Symbol.dispose]()
})

describe('a daemon with a quorum of two of three witnesses', () => {
  it('signs, and the receipt in the signature is cosigned and verifies where the trust file demands it', async () => {
    await sign()
    expect(count(join(model, 'model.hybrid.sig'))).toBeGreaterThanOrEqual(2)
    const { code, receipt } = await verify()
    expect(receipt?.reason).toMatch(/signed by both log keys at .*, with cosignatures by [23] of 3 witnesses/)
    expect(code).toBe(0)
    const { log } = JSON.parse(readFileSync(join(home.home, 'trust.json'), 'utf8')) as { log: { quorum: number; witnesses: unknown[] } }
    expect(log).toMatchObject({ quorum: 2, witnesses: witnesses.map(({ witness }) => ({ name: witness.name, keys: witnessVkeys(witness) })) })
  })

  it('still has its quorum with one witness down', async () => {
    await stop(witnesses[0])
    await sign()
    expect((await verify()).code).toBe(0)
  })

  it('signs without a quorum too, which a verifier then refuses with the reason; the receipt is renewed when the witness is back', async () => {
    await stop(witnesses[1])
    await sign()
    const file = join(model, 'model.hybrid.sig')
    expect(count(file)).toBeLessThan(2)
    const { code, receipt } = await verify()
    expect(code).toBe(1)
    expect(receipt).toMatchObject({
      status: 'failed',
      reason: expect.stringMatching(/^receipt has cosignatures by [01] of 3 witnesses, the trust file wants 2$/),
    })
    expect((await run(['verify', model], home)).stderr).toContain('sealstone audit receipt --refresh')
    expect(daemon.log()).toMatch(/a witness did not cosign/)

    for (const live of witnesses.slice(0, 2)) await start(live)
    copyFileSync(file, join(folder.path, 'before'))
    // A witness that failed is asked again after some seconds.
    await eventually(async () => {
      const { stdout } = await runOk(['audit', 'receipt', '--refresh', file, '--json', '--timeout', '30'], home)
      expect(JSON.parse(stdout)).toMatchObject({ file })
      expect(count(file)).toBeGreaterThanOrEqual(2)
    })
    expect((await verify()).code).toBe(0)
    const [before, after] = [join(folder.path, 'before'), file].map((path) => parseHybridBundle(readFileSync(path)))
    expect(after?.bundle).toEqual(before?.bundle)
    expect(after?.receipt.leaf).toEqual(before?.receipt.leaf)
  })

  it('gives every receipt with the newest quorum from then on, and shows it to doctor', async () => {
    const { stdout } = await runOk(['audit', 'receipt', '3'], home)
    const { checkpoint } = parseTlogProof(stdout)
    expect(
      countCosignatures(
        checkpoint,
        witnesses.map(({ witness }) => witness),
        nobleVerifier,
      ).length,
    ).toBeGreaterThanOrEqual(2)
    await stop(witnesses[2])
    const { checks } = JSON.parse((await run(['doctor', '--quick', '--json'], home)).stdout) as {
      checks: { name: string; status: string; detail: string }[]
    }
    expect(checks.find(({ name }) => name === 'witnesses')).toMatchObject({ status: 'warn', detail: expect.stringMatching(/2 of 3 answer/) })
  })

  it('counts their answers for Prometheus', async () => {
    const [, address] = /"address":"(http:[^"]+\/metrics)"/.exec(daemon.log()) ?? []
    const text = await (await fetch(address as string)).text()
    expect(text).toMatch(/sealstone_witness_answers_total\{witness="witness.example\/w1",result="ok"\} [1-9]/)
    expect(text).toMatch(/sealstone_witness_answers_total\{witness="witness.example\/w2",result="failed"\} [1-9]/)
    expect(text).toMatch(/sealstone_witness_quorum_entries [1-9]/)
    expect(text).toMatch(/sealstone_witness_lag_seconds \d/)
  })
})
