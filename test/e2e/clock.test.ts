/** The clock of a running daemon is set back and forward (libfaketime): signing goes on, what is dated stays in order, and the operator is told. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, type SignAnswer } from '#client'
import { parseKeyName } from '#core'
import { parseTrustFile } from '#envelopes'
import { nativeEngine } from '#suites/native'
import { type FakeClock, fakeClock } from '../support/fake-clock.ts'
import { judgeAnswer, signRequest, verifyLogOf } from '../support/live-signing.ts'
import { initHome, runOk, type RunningDaemon, startDaemon } from '../support/sealstone.ts'

const HOUR = 3600
let home: Awaited<ReturnType<typeof initHome>>
let daemon: RunningDaemon
let client: ReturnType<typeof connect>
let clock: FakeClock
let startedMs: number

beforeAll(async () => {
  home = await initHome()
  clock = fakeClock(home.home)
  const config = join(home.home, 'config.toml')
  writeFileSync(config, readFileSync(config, 'utf8').replace(/^(?:# )?listen = "[^"]*:9464"$/m, 'listen = "127.0.0.1:0"'))
  startedMs = performance.now()
  daemon = await startDaemon(home.home, { env: clock.env })
  client = connect({ address: `unix:${daemon.socket}` })
})
afterAll(async () => {
  await client.close()
  await daemon[Symbol.asyncDispose]()
  home[Symbol.dispose]()
})

describe.each([
  ['back by an hour', -HOUR],
  ['forward by an hour', HOUR],
  ['forward by a day', 24 * HOUR],
])('the clock is set %s', (_, seconds) => {
  it('while eight clients sign: everybody gets a signature, and every one verifies with its receipt', async () => {
    clock.set(0)
    const answers: SignAnswer[] = []
    let stopped = false
    const loops = Array.from({ length: 8 }, async () => {
      while (!stopped) answers.push(await client.sign(signRequest()))
    })
    const more = async (): Promise<void> => {
      const wanted = answers.length + 4 * loops.length
      await expect.poll(() => answers.length).toBeGreaterThanOrEqual(wanted)
    }
    await more()
    clock.set(seconds)
    await more()
    stopped = true
    await Promise.all(loops)
    expect(await failures(...answers)).toEqual([])
  })

  it('and deadlines, which run by another clock, are kept', async () => {
    const started = performance.now()
    clock.set(0)
    const signed = client.sign(signRequest(), { timeoutMs: 60_000 })
    clock.set(seconds)
    await signed
    expect(performance.now() - started).toBeLessThan(60_000)
  })

  it('while a key is made: it signs as any other', async () => {
    const name = `made${seconds}`.replace('-', 'minus')
    clock.set(0)
    const made = client.createKey({ name })
    clock.set(seconds)
    await made
    expect(await failures(await client.sign({ ...signRequest(), key: parseKeyName(name) }))).toEqual([])
  })

  it('between a signature and the end of its key: the signature was made before', async () => {
    const key = parseKeyName(`key${seconds}`.replace('-', 'minus'))
    clock.set(0)
    await runOk(['keys', 'create', key], home)
    const signed = [await client.sign({ ...signRequest(), key })]
    clock.set(seconds)
    signed.push(await client.sign({ ...signRequest(), key }))
    await runOk(['keys', 'retire', key], home)
    expect(await failures(...signed)).toEqual([])
  })

  it('and the log says so once, the metric counts it', async () => {
    await setAndNotice(-2 * HOUR) // where it never was, so that what was set before is noticed too
    await setAndNotice(0)
    const before = await jumps()
    await setAndNotice(seconds)
    await setAndNotice(0)
    expect(await jumps()).toBe(before + 2)
    expect(daemon.log()).toContain(seconds > 0 ? 'the clock was set forward' : 'the clock was set back')
  })
})

it('the whole log is in order and verifies', async () => {
  const times: string[] = []
  for await (const { leaf } of client.listEntries({}, { timeoutMs: 60_000 })) times.push(leaf.time)
  expect(times.length).toBeGreaterThan(100)
  expect(times).toEqual(times.toSorted())
  const told = daemon.log().match(/the clock went back; log entries keep/g)?.length
  expect(told).toBeGreaterThan(0)
  expect(told).toBeLessThanOrEqual(1 + (performance.now() - startedMs) / 60_000) // at most once a minute
  await daemon.stop()
  expect(verifyLogOf(home.home).openIntents).toBe(0)
})

async function failures(...answers: readonly SignAnswer[]): Promise<string[]> {
  const trust = parseTrustFile(await client.getTrust(), nativeEngine())
  const verdicts = await Promise.all(answers.map((answer) => judgeAnswer(answer, trust)))
  return verdicts.flatMap(({ checks }) => checks.filter(({ status }) => status === 'failed').map(({ reason }) => reason))
}

/** Resolves when the daemon has told that its clock is there now. */
async function setAndNotice(seconds: number): Promise<void> {
  const seen = noticed().length
  clock.set(seconds)
  await expect.poll(() => noticed().slice(seen)).toContain(seconds / HOUR)
}

/** By how many hours the clock was off each time that the daemon saw that it had been set. */
function noticed(): number[] {
  const lines = daemon.log().matchAll(/"now":"([^"]+)"[^\n]*"msg":"the clock was set (?:back|forward)"/g)
  return Array.from(lines, ([, now = '']) => Math.round((Date.parse(now) - Date.now()) / (HOUR * 1000)))
}

async function jumps(): Promise<number> {
  const address = /"address":"(http:[^"]+)"/.exec(daemon.log())?.[1] ?? ''
  return Number(/^sealstone_clock_jumps (\d+)$/m.exec(await (await fetch(address)).text())?.[1])
}
