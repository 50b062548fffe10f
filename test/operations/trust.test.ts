/** The trust file as it is issued: numbered, renewed when something changes or by its age, and the same bytes in between. */
import pkcs11js from 'pkcs11js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseKeyName } from '#core'
import { parseTrustFile, type TrustFile } from '#envelopes'
import { nativeEngine } from '#suites/native'
import { type LiveInstallation, openInstallation } from '../support/installation.ts'
import { Intruder } from '../support/intruder.ts'

const DAY = 86_400_000
let home: LiveInstallation
beforeAll(async () => {
  home = await openInstallation()
  await home.operations.createKey(home.call, { name: parseKeyName('default') })
})
afterAll(() => home[Symbol.asyncDispose]())

async function current(): Promise<{ bytes: Uint8Array; trust: TrustFile }> {
  const bytes = await home.operations.getTrust(home.call)
  return { bytes, trust: parseTrustFile(bytes, nativeEngine()) }
}

describe('the trust file', () => {
  it('is the same to the byte while nothing changes', async () => {
    const [first, second] = [await current(), await current()]
    expect(second.bytes).toEqual(first.bytes)
    expect(home.published.at(-1)).toEqual(first.bytes)
  })

  it('gets a higher number with every change, also with many at once', async () => {
    const before = (await current()).trust.serial
    const names = Array.from({ length: 5 }, (_, at) => parseKeyName(`many-${at}`))
    await Promise.all(names.map((name) => home.operations.createKey(home.call, { name, suite: 'ecdsa-p256' })))
    const { trust } = await current()
    expect(trust.serial).toBeGreaterThan(before)
    expect(trust.keys.map(({ name }) => name)).toEqual(expect.arrayContaining(names))
    const serials = home.published.map((bytes) => parseTrustFile(bytes, nativeEngine()).serial)
    expect(serials).toEqual([...new Set(serials)].sort((left, right) => left - right))
  })

  it('carries states, times, reasons and policies', async () => {
    const name = parseKeyName('default')
    await home.operations.setKeyPolicy(home.call, name, { rotationDays: 90 })
    await home.operations.changeKey(home.call, { action: 'disable', name, reason: 'maintenance' })
    const { trust } = await current()
    expect(trust.keys.find((key) => key.name === name)).toMatchObject({
      state: 'suspended',
      origin: 'generated',
      reason: 'maintenance',
      times: { active: expect.any(String), suspended: expect.any(String) },
    })
    expect(trust.policies).toContainEqual({ name, minSignVersion: 1, minVerifyVersion: 1, rotationDays: 90, deletionAllowed: false })
  })

  it('is renewed when half of its time is over, with the same facts', async () => {
    const before = (await current()).trust
    home.clock.advance(44 * DAY)
    expect((await current()).trust.serial).toBe(before.serial)
    home.clock.advance(2 * DAY)
    const after = (await current()).trust
    expect(after.serial).toBe(before.serial + 1)
    expect(Date.parse(after.expiresAt) - Date.parse(before.expiresAt)).toBeGreaterThan(45 * DAY)
    expect(after.keys).toEqual(before.keys)
  })
})

describe('quarantine', () => {
  it('ends the use of a version until it is enabled, which tests it', async () => {
    const name = parseKeyName('held')
    await home.operations.createKey(home.call, { name, suite: 'ecdsa-p256' })
    home.keys.quarantine(home.keys.get(name), 'a signature did not verify')
    await expect(home.sign('held')).rejects.toMatchObject({ code: 'KEY_UNUSABLE', message: expect.stringMatching(/in quarantine/) })
    const { record } = await home.operations.changeKey(home.call, { action: 'enable', name })
    expect(record).not.toHaveProperty('quarantine')
    await home.sign('held')
  })
})

describe('the canary', () => {
  it('has an age from its first test on, and none while no key may sign: there is nothing to test, and nothing to alert on', async () => {
    await using own = await openInstallation()
    expect(own.operations.canaryAgeSeconds()).toBeUndefined()
    const name = await own.freshKey()
    await own.operations.testNextKey()
    expect(own.operations.canaryAgeSeconds()).toBeLessThan(60)
    await own.operations.changeKey(own.call, { action: 'retire', name })
    await own.operations.testNextKey()
    expect(own.operations.canaryAgeSeconds()).toBeUndefined()
  })

  it('finds a key that is not the recorded one any more: that version alone is held, and the log says so', async () => {
    const [good, bad] = [parseKeyName('good'), parseKeyName('bad')]
    for (const name of [good, bad]) await home.operations.createKey(home.call, { name, suite: 'ecdsa-p256' })
    const intruder = new Intruder(home.token)
    intruder.login()
    for (const objectClass of [pkcs11js.CKO_PRIVATE_KEY, pkcs11js.CKO_PUBLIC_KEY])
      intruder.destroy(objectClass, home.keys.get(bad).hybrid.ckaId ?? '')
    intruder.logout()
    await home.operations.prepare()
    expect(home.keys.get(bad).quarantine).toMatch(/its test failed: /)
    expect(home.keys.get(good)).not.toHaveProperty('quarantine')
    expect(home.events('outcome')).toContain('keys.quarantine ok')
    await home.sign('good')
    await expect(home.sign('bad')).rejects.toMatchObject({ code: 'KEY_UNUSABLE', hint: expect.stringMatching(/doctor/) })
    await expect(home.operations.changeKey(home.call, { action: 'enable', name: bad })).rejects.toMatchObject({ code: 'TOKEN_KEY_MISMATCH' })
  })
})
