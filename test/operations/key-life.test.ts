/** The life of a key through the operations, on a real token: what signs, what verifies, what the log holds, and what time brings about. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import { beforeAll, afterAll, describe, expect, it } from 'vitest'
import { type KeyName, parseKeyName, toBase64 } from '#core'
import { parseTrustFile, type Verdict, verifyModel } from '#envelopes'
import type { SignAnswer } from '#operations'
import { nativeEngine } from '#suites/native'
import { observeDaemon } from '../../src/daemon/metrics.ts'
import { type LiveInstallation, openInstallation } from '../support/installation.ts'

const DAY = 86_400_000
let home: LiveInstallation
beforeAll(async () => {
  home = await openInstallation()
})
afterAll(() => home[Symbol.asyncDispose]())

/** As a verifier elsewhere sees it, with the newest trust file. */
async function judge({ hybridSig, modelSig }: SignAnswer, withReceipt = true): Promise<Verdict> {
  const trust = parseTrustFile(await home.operations.getTrust(home.call), nativeEngine())
  return verifyModel({
    engine: nativeEngine(),
    ...(modelSig === undefined ? {} : { bundle: modelSig }),
    ...(withReceipt ? { hybrid: hybridSig } : {}),
    trust: { kind: 'trust-file', trust },
    require: withReceipt ? 'key' : 'classical',
    now: home.clock.now(),
  })
}

describe('a quarantine', () => {
  it('is counted, and alerts, until the version is enabled again or out of use', async () => {
    const registry = new Registry()
    const idle = { logSize: () => 0n, clockJumps: () => 0, cosigning: undefined, unsent: () => undefined, logFaults: () => undefined }
    observeDaemon(registry, { keyHost: home.keyHost, keys: home.keys, operations: home.operations, ...idle })
    const counted = async () => /^sealstone_keys_in_quarantine (\d+)$/m.exec(await registry.metrics())?.[1]
    const [name, other] = [await home.freshKey(), await home.freshKey()]
    for (const one of [name, other]) home.keys.quarantine(home.keys.get(one), 'a bit was wrong')
    expect(await counted()).toBe('2')
    await expect(home.sign(name)).rejects.toMatchObject({
      code: 'KEY_UNUSABLE',
      hint: expect.stringContaining(`keys enable ${name} --key-version 1,`),
    })
    await home.operations.changeKey(home.call, { action: 'enable', name })
    expect(await counted()).toBe('1')
    await home.operations.rotateKey(home.call, { name: other, keepPrevious: false })
    expect(await counted()).toBe('0')
  })
})

describe('a rotation', () => {
  it('makes the next version sign and keeps what the old one signed', async () => {
    const name = await home.freshKey()
    const before = await home.sign(name)
    await home.operations.rotateKey(home.call, { name, keepPrevious: false })
    const after = await home.sign(name)
    expect((await judge(before)).signer).toMatchObject({ keyName: name, keyVersion: 1 })
    expect((await judge(after)).signer).toMatchObject({ keyName: name, keyVersion: 2 })
    expect((await judge(before)).ok && (await judge(after)).ok).toBe(true)
    await expect(home.sign(name, 1)).rejects.toMatchObject({ code: 'KEY_UNUSABLE', message: expect.stringMatching(/is deactivated/) })
  })

  it('among signings loses none, and every one verifies', async () => {
    const name = await home.freshKey()
    const signings: Promise<SignAnswer>[] = []
    for (let round = 0; round < 3; round++) {
      signings.push(...Array.from({ length: 8 }, () => home.sign(name)))
      await home.operations.rotateKey(home.call, { name, keepPrevious: false })
    }
    const answers = await Promise.all(signings)
    for (const answer of answers) expect((await judge(answer)).checks.filter(({ status }) => status === 'failed')).toEqual([])
  })

  it('that is repeated with the version it started from happens once', async () => {
    const name = await home.freshKey()
    await home.operations.rotateKey(home.call, { name, fromVersion: 1, keepPrevious: false })
    await expect(home.operations.rotateKey(home.call, { name, fromVersion: 1, keepPrevious: false })).rejects.toMatchObject({
      code: 'KEY_STATE_REFUSED',
    })
    expect(home.keys.versions(name)).toHaveLength(2)
  })

  it('may keep the version before, until the policy says that it is too old', async () => {
    const name = await home.freshKey()
    await home.operations.rotateKey(home.call, { name, keepPrevious: true })
    expect((await judge(await home.sign(name, 1))).ok).toBe(true)
    const old = await home.sign(name, 1)
    await home.operations.setKeyPolicy(home.call, name, { minSignVersion: 2 })
    await expect(home.sign(name, 1)).rejects.toMatchObject({ code: 'KEY_UNUSABLE' })
    await home.operations.setKeyPolicy(home.call, name, { minVerifyVersion: 2 })
    expect((await judge(old)).checks.find((check) => check.name === 'key-state')?.reason).toMatch(/older than version 2/)
    await expect(home.operations.setKeyPolicy(home.call, name, { minSignVersion: 3 })).rejects.toMatchObject({ code: 'INPUT_INVALID' })
  })
})

describe('what a key signed', () => {
  it('verifies with a warning while the key is suspended, and again after', async () => {
    const name = await home.freshKey()
    const signed = await home.sign(name)
    await home.operations.changeKey(home.call, { action: 'disable', name, reason: 'maintenance' })
    const from = home.context.audit.size()
    await expect(home.sign(name)).rejects.toMatchObject({ code: 'KEY_UNUSABLE', message: expect.stringMatching(/suspended/) })
    const [told, ...others] = [...home.context.audit.entries({ from })].map(({ leaf }) => leaf)
    const why = { errorCode: 'KEY_UNUSABLE', reason: `key ${name} version 1 is suspended`, policyRule: 0 }
    expect(told).toMatchObject({ kind: 'refused', caller: 'local', operation: 'sign', key: name, ...why })
    expect(others).toEqual([])
    expect(await judge(signed)).toMatchObject({ ok: true, warnings: [expect.stringMatching(/is suspended since/)] })
    await home.operations.changeKey(home.call, { action: 'enable', name })
    expect(await judge(signed)).toMatchObject({ ok: true, warnings: [] })
    expect((await judge(await home.sign(name))).ok).toBe(true)
  })

  it('before it was compromised verifies with its receipt, after or without one it does not', async () => {
    const name = await home.freshKey()
    const early = await home.sign(name)
    home.clock.advance(DAY)
    const since = home.clock.now()
    home.clock.advance(DAY)
    const late = await home.sign(name)
    await home.operations.changeKey(home.call, { action: 'compromise', name, since, reason: 'stolen' })
    expect((await judge(early)).ok).toBe(true)
    expect((await judge(late)).checks.find(({ name: check }) => check === 'key-state')).toMatchObject({ status: 'failed' })
    expect((await judge(early, false)).checks.find(({ name: check }) => check === 'key-state')).toMatchObject({ status: 'failed' })
  })

  it('verifies after the key was retired, and after it was destroyed', async () => {
    const name = await home.freshKey()
    const signed = await home.sign(name)
    await home.operations.changeKey(home.call, { action: 'retire', name })
    expect(await judge(signed)).toMatchObject({ ok: true, warnings: [] })
    expect(await judge(signed, false)).toMatchObject({ ok: true, warnings: expect.arrayContaining([expect.stringMatching(/nothing proves when/)]) })
    await destroyNow(name)
    expect(await judge(signed)).toMatchObject({ ok: true })
  })
})

async function destroyNow(name: KeyName): Promise<void> {
  await home.operations.setKeyPolicy(home.call, name, { deletionAllowed: true })
  await home.operations.destroyKey(home.call, { name, confirmName: name })
  home.clock.advance(7 * DAY)
  await home.operations.maintain()
}

describe('a destruction', () => {
  it('needs permission, the name once more, a version out of use, and its time', async () => {
    const name = await home.freshKey()
    const destroy = (confirmName: string) => home.operations.destroyKey(home.call, { name, confirmName })
    await expect(destroy(name)).rejects.toMatchObject({ code: 'KEY_STATE_REFUSED', message: expect.stringMatching(/is active/) })
    await home.operations.changeKey(home.call, { action: 'retire', name })
    await expect(destroy(name)).rejects.toMatchObject({ code: 'KEY_STATE_REFUSED', hint: expect.stringMatching(/--deletion-allowed true/) })
    await home.operations.setKeyPolicy(home.call, name, { deletionAllowed: true })
    await expect(destroy('other')).rejects.toMatchObject({ code: 'INPUT_INVALID' })
    const { record } = await destroy(name)
    expect(record.destroyAt?.getTime()).toBeGreaterThan(home.clock.now().getTime() + 6.9 * DAY)

    home.clock.advance(6.9 * DAY)
    await home.operations.maintain()
    expect(home.keys.get(name).state).toBe('deactivated')
    await home.operations.cancelDestroyKey(home.call, { name })
    home.clock.advance(7 * DAY)
    await home.operations.maintain()
    expect(home.keys.get(name)).toMatchObject({ state: 'deactivated' })
  })

  it('waits for the time to pass, and not for somebody to set the clock', async () => {
    const name = await home.freshKey()
    await home.operations.changeKey(home.call, { action: 'retire', name })
    await home.operations.setKeyPolicy(home.call, name, { deletionAllowed: true })
    await home.operations.destroyKey(home.call, { name, confirmName: name })
    home.clock.set(8 * DAY)
    await home.operations.maintain()
    await home.operations.maintain()
    expect(home.keys.get(name).state).toBe('deactivated')
    expect(home.log.entries.filter(({ message }) => message.startsWith('a destruction is held'))).toHaveLength(1)
    home.clock.advance(6.9 * DAY)
    await home.operations.maintain()
    expect(home.keys.get(name).state).toBe('deactivated')
    home.clock.advance(0.1 * DAY)
    await home.operations.maintain()
    expect(home.keys.get(name).state).toBe('destroyed')
  })

  it('touches nothing of a version that was enabled at that very moment', async () => {
    const name = await home.freshKey()
    await home.operations.changeKey(home.call, { action: 'disable', name })
    await home.operations.setKeyPolicy(home.call, name, { deletionAllowed: true })
    const { record } = await home.operations.destroyKey(home.call, { name, confirmName: name })
    home.clock.advance(8 * DAY)
    await home.keys.change(record, { action: 'enable' })
    await expect(home.keys.destroy(record)).rejects.toMatchObject({ code: 'KEY_STATE_REFUSED', hint: expect.stringMatching(/disable/) })
    expect((await judge(await home.sign(name))).ok).toBe(true)
  })

  it('cannot be called off while the objects are going, and is not lost to a change that waits', async () => {
    const name = await home.freshKey()
    await home.operations.changeKey(home.call, { action: 'retire', name })
    await home.operations.setKeyPolicy(home.call, name, { deletionAllowed: true })
    const { record } = await home.operations.destroyKey(home.call, { name, confirmName: name })
    home.clock.advance(8 * DAY)
    const going = home.keys.destroy(record)
    const compromised = home.keys.change(record, { action: 'compromise' })
    expect(() => home.keys.cancelDestruction(record)).toThrow(/is being changed/)
    await going
    expect(await compromised).toMatchObject({ state: 'destroyed', times: { compromised: expect.any(String), destroyed: expect.any(String) } })
    expect(home.keys.get(name).hybrid).not.toHaveProperty('sealedSeed')
  })

  it('does not happen once the policy no longer allows it', async () => {
    const name = await home.freshKey()
    await home.operations.changeKey(home.call, { action: 'retire', name })
    await home.operations.setKeyPolicy(home.call, name, { deletionAllowed: true })
    await home.operations.destroyKey(home.call, { name, confirmName: name })
    await home.operations.setKeyPolicy(home.call, name, { deletionAllowed: false })
    home.clock.advance(8 * DAY)
    await home.operations.maintain()
    expect(home.keys.get(name).state).toBe('deactivated')
  })

  it('takes the private halves out of the token and the sealed seed out of the database', async () => {
    const name = await home.freshKey()
    const before = home.keys.get(name)
    const sealed = toBase64(before.hybrid.sealedSeed?.ciphertext ?? new Uint8Array()).slice(0, 40)
    // Its files and not what it answers: pages that were replaced stay in the write-ahead log for long.
    const isInFiles = (): boolean => ['sealstone.db', 'sealstone.db-wal'].some((file) => readFileSync(join(home.folder, file)).includes(sealed))
    await home.operations.changeKey(home.call, { action: 'retire', name })
    expect(isInFiles()).toBe(true)
    await destroyNow(name)
    expect(isInFiles()).toBe(false)
    const after = home.keys.get(name)
    expect(after).toMatchObject({ state: 'destroyed', hybrid: { spki: before.hybrid.spki } })
    expect(after.hybrid).not.toHaveProperty('sealedSeed')
    await expect(home.keys.sign(before, new Uint8Array(3))).rejects.toMatchObject({ code: 'TOKEN_KEY_MISMATCH' })
    await home.keys.check() // what is destroyed is no fault at the next start
    await expect(home.operations.changeKey(home.call, { action: 'enable', name })).rejects.toMatchObject({ code: 'KEY_STATE_REFUSED' })
  })
})

describe('time', () => {
  it('begins a version that was made for later, and retires the one before it then', async () => {
    const name = await home.freshKey()
    const notBefore = new Date(home.clock.now().getTime() + DAY)
    await home.operations.rotateKey(home.call, { name, notBefore, keepPrevious: false })
    expect(home.keys.versions(name).map(({ state }) => state)).toEqual(['active', 'pre-active'])
    expect((await judge(await home.sign(name))).signer).toMatchObject({ keyVersion: 1 })
    home.clock.advance(DAY)
    await home.operations.maintain()
    expect(home.keys.versions(name).map(({ state }) => state)).toEqual(['deactivated', 'active'])
    expect((await judge(await home.sign(name))).signer).toMatchObject({ keyVersion: 2 })
  })

  it('ends a version: no signature at that very moment, and its state follows', async () => {
    const name = parseKeyName('ends-by-itself')
    await home.operations.createKey(home.call, { name, notAfter: new Date(home.clock.now().getTime() + DAY) })
    const signed = await home.sign(name)
    home.clock.advance(DAY)
    await expect(home.sign(name)).rejects.toMatchObject({ code: 'KEY_UNUSABLE', message: expect.stringMatching(/signed until/) })
    await home.operations.maintain()
    expect(home.keys.get(name).state).toBe('deactivated')
    expect((await judge(signed)).ok).toBe(true)
  })

  it('rotates a key whose policy says how old a version may be, once', async () => {
    const name = await home.freshKey()
    await home.operations.setKeyPolicy(home.call, name, { rotationDays: 30 })
    home.clock.advance(29 * DAY)
    await home.operations.maintain()
    expect(home.keys.versions(name)).toHaveLength(1)
    home.clock.advance(DAY)
    await home.operations.maintain()
    await home.operations.maintain()
    expect(home.keys.versions(name).map(({ state }) => state)).toEqual(['deactivated', 'active'])
    await home.operations.setKeyPolicy(home.call, name, { rotationDays: 0 })
    expect(home.keys.policy(name)).not.toHaveProperty('rotationDays')
  })
})

describe('the audit log', () => {
  it('has an intent and an outcome of every change, of failed ones too', async () => {
    const name = await home.freshKey()
    const seen = home.events('outcome').length
    await home.operations.changeKey(home.call, { action: 'disable', name })
    await expect(home.operations.changeKey(home.call, { action: 'disable', name })).rejects.toMatchObject({ code: 'KEY_STATE_REFUSED' })
    await home.operations.changeKey(home.call, { action: 'enable', name })
    expect(
      home
        .events('outcome')
        .slice(seen)
        .filter((event) => !event.startsWith('trust')),
    ).toEqual(['keys.disable ok', 'keys.disable KEY_STATE_REFUSED', 'keys.enable ok'])
    expect(home.events('intent')).toHaveLength(home.events('outcome').length)
  })
})
