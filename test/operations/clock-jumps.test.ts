/** The clock is set back and forward between a signature and a change of its key: what was signed before the change counts as before it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseTrustFile, type Verdict, verifyModel } from '#envelopes'
import type { SignAnswer } from '#operations'
import { nativeEngine } from '#suites/native'
import { type LiveInstallation, openInstallation } from '../support/installation.ts'

const HOUR = 3_600_000
let home: LiveInstallation
beforeAll(async () => {
  home = await openInstallation()
})
afterAll(() => home[Symbol.asyncDispose]())

async function judge({ hybridSig }: SignAnswer): Promise<Verdict> {
  const trust = parseTrustFile(await home.operations.getTrust(home.call), nativeEngine())
  return verifyModel({ engine: nativeEngine(), hybrid: hybridSig, trust: { kind: 'trust-file', trust }, require: 'key', now: home.clock.now() })
}

const JUMPS: readonly (readonly [string, number])[] = [
  ['back by an hour', -HOUR],
  ['forward by an hour', HOUR],
  ['forward by a day', 24 * HOUR],
  ['back by a day', -24 * HOUR],
]

describe.each(JUMPS)('the clock goes %s', (_, jump) => {
  it.each(['retire', 'compromise'] as const)('and a key is changed by %s: all that it signed was signed before', async (action) => {
    const name = await home.freshKey()
    const signed = [await home.sign(name)]
    home.clock.set(jump)
    signed.push(await home.sign(name))
    await home.operations.changeKey(home.call, { action, name })
    for (const answer of signed) expect((await judge(answer)).checks.filter(({ status }) => status === 'failed')).toEqual([])
    await expect(home.sign(name)).rejects.toMatchObject({ code: 'KEY_UNUSABLE' })
  })

  it('and a key is suspended and enabled, and another made: what they sign then was signed while they were active', async () => {
    const name = await home.freshKey()
    home.clock.set(jump)
    await home.operations.changeKey(home.call, { action: 'disable', name })
    home.clock.set(-jump)
    await home.operations.changeKey(home.call, { action: 'enable', name })
    home.clock.set(jump)
    for (const key of [name, await home.freshKey()])
      expect((await judge(await home.sign(key))).checks.filter(({ status }) => status === 'failed')).toEqual([])
  })
})

it('entries of the log are in the order of their times, over all of that', () => {
  const times = home.times()
  expect(times.length).toBeGreaterThan(100)
  expect(times).toEqual(times.toSorted())
})
