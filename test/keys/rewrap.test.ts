/** A new wrapping key on a real token: no signature is lost meanwhile, and whatever stops it leaves everything signing. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pkcs11js from 'pkcs11js'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type KeyName, parseKeyName, SealstoneError, systemClock, Timeline, toSealstoneError, utf8 } from '#core'
import { type Database, openDatabase } from '#db'
import type { KeyHost, KeyMaterial } from '#keyhost'
import { KEY_MIGRATIONS, type KeyRecord, type KeyStore, openKeyStore } from '#keys'
import { parsePublicKey, verify } from '#suites'
import { nativeEngine } from '#suites/native'
import { Intruder } from '../support/intruder.ts'
import { makeToken, openKeyHost, type TestToken } from '../support/softhsm.ts'

const MESSAGE = utf8('signed before, while and after')
const NAMES = ['hybrid', 'pure'].map((name) => parseKeyName(name))
let token: TestToken
let intruder: Intruder
let keyHost: KeyHost & AsyncDisposable
let folder: string
let database: Database
let keys: KeyStore

beforeAll(async () => {
  token = await makeToken()
  intruder = new Intruder(token)
  intruder.login()
  folder = mkdtempSync(join(tmpdir(), 'sealstone-rewrap-'))
  keyHost = await openKeyHost(token.location, { children: 2 })
  database = openDatabase(join(folder, 'sealstone.db'), KEY_MIGRATIONS)
  keys = openStore(keyHost)
  await keys.createLogKeys()
  await keys.create({ name: NAMES[0] as KeyName, suite: 'mldsa65-ecdsa-p256' })
  await keys.create({ name: NAMES[1] as KeyName, suite: 'mldsa44' })
})
afterAll(async () => {
  database.close()
  await keyHost[Symbol.asyncDispose]()
  token[Symbol.dispose]()
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(() => {
  keys = openStore(keyHost) // what the database says, and nothing that was kept in memory
})

function openStore(host: KeyHost): KeyStore {
  return openKeyStore({ db: database, keyHost: host, clock: systemClock, timeline: new Timeline(systemClock) })
}

/** In the token now, as somebody else sees them. */
function wrappingKeys(): string[] {
  return intruder.secretKeyIds()
}

function named(store: KeyStore): string[] {
  const materials: KeyMaterial[] = [...store.list().map(({ hybrid }) => hybrid), ...Object.values<KeyMaterial>({ ...store.logKeys() })]
  return [...new Set(materials.flatMap(({ sealedSeed }) => (sealedSeed === undefined ? [] : [sealedSeed.wrappingKey])))].sort()
}

async function signsRightly(store: KeyStore, record: KeyRecord): Promise<void> {
  const { hybrid } = await store.sign(record, MESSAGE)
  expect(verify(nativeEngine(), parsePublicKey(record.hybrid.spki), MESSAGE, hybrid)).toBe(true)
}

describe('a rewrap', () => {
  it('moves every seed, those of the log too, to a new key; the old one stays until it is told to go', async () => {
    const [old] = named(keys)
    const before = keys.list()
    const result = await keys.rewrap({ destroyOld: false })
    expect(result).toMatchObject({ wrappingKey: { number: 2 }, seeds: 3, destroyed: [] })
    expect(named(keys)).toEqual([result.wrappingKey.ckaId])
    expect(new Set(wrappingKeys())).toEqual(new Set([old, result.wrappingKey.ckaId]))
    for (const record of before) await signsRightly(keys, record) // also for callers who have the record from before

    const next = await keys.rewrap({ destroyOld: true })
    expect(next).toMatchObject({ wrappingKey: { number: 3 }, seeds: 3 })
    expect(new Set(next.destroyed)).toEqual(new Set([old, result.wrappingKey.ckaId]))
    expect(wrappingKeys()).toEqual([next.wrappingKey.ckaId])
    await keys.check()
    await openStore(keyHost).check()
  })

  it('loses and refuses no signature of eight clients, and keys that are made meanwhile are sealed by the new key', async () => {
    let stop = false
    let signed = 0
    const clients = Array.from({ length: 8 }, async (_, index) => {
      while (!stop) {
        using use = keys.use(NAMES[index % 2] as KeyName)
        await signsRightly(keys, use.record)
        await keys.signWithLogKeys(MESSAGE)
        signed += 1
      }
    })
    const made = Array.from({ length: 4 }, (_, index) => keys.create({ name: parseKeyName(`made-${index}`), suite: 'mldsa65-ecdsa-p256' }))
    for (let round = 0; round < 4; round++) {
      const { wrappingKey } = await keys.rewrap({ destroyOld: true })
      expect(named(keys)).toEqual([wrappingKey.ckaId])
      expect(wrappingKeys()).toEqual([wrappingKey.ckaId])
    }
    await expect.poll(() => signed).toBeGreaterThan(8)
    stop = true
    await Promise.all([...clients, ...made])
    await keys.check()
  })

  it('is one after another when two are asked for at once', async () => {
    const [first, second] = await Promise.all([keys.rewrap({ destroyOld: true }), keys.rewrap({ destroyOld: true })])
    expect(second?.wrappingKey.number).toBe((first?.wrappingKey.number ?? 0) + 1)
    expect(wrappingKeys()).toEqual([second?.wrappingKey.ckaId])
  })

  it('leaves a destroyed version alone', async () => {
    const name = parseKeyName('gone')
    const record = await keys.create({ name, suite: 'mldsa44', policy: { minSignVersion: 1, minVerifyVersion: 1, deletionAllowed: true } })
    await keys.change(record, { action: 'retire' })
    keys.scheduleDestruction(record, new Date(0))
    await keys.destroy(record)
    await keys.rewrap({ destroyOld: true })
    expect(keys.get(name)).toMatchObject({ state: 'destroyed', hybrid: { spki: record.hybrid.spki } })
    expect(keys.get(name).hybrid).not.toHaveProperty('sealedSeed')
  })
})

describe('a rewrap that is interrupted', () => {
  /** The key host, until the named step was done so often; then as if this process had died. */
  function dyingAfter(step: 'beginReseal' | 'reseal' | 'endReseal', times = 1): KeyHost {
    let left = times
    return new Proxy(keyHost, {
      get: (target, property) => {
        const value: unknown = Reflect.get(target, property)
        if (property !== step || typeof value !== 'function') return value
        return async (...given: unknown[]) => {
          const result: unknown = await (value as (...all: unknown[]) => unknown).apply(target, given)
          left -= 1
          if (left === 0) throw new SealstoneError('TOKEN_UNAVAILABLE', 'died')
          return result
        }
      },
    })
  }

  it.each([
    ['after the new key was made', 'beginReseal', 1],
    ['after the first seeds were sealed anew, before that was recorded', 'reseal', 1],
    ['after some of them were recorded', 'reseal', 2],
    ['after the old key was destroyed', 'endReseal', 1],
  ] as const)('%s leaves everything signing, and the next one ends it with one wrapping key', async (_, step, times) => {
    for (let more = 0; keys.list().filter(({ state }) => state !== 'destroyed').length < 10; more++)
      await keys.create({ name: parseKeyName(`more-${step.toLowerCase()}-${times}-${more}`), suite: 'mldsa44' })
    const [old] = named(keys)
    await expect(openStore(dyingAfter(step, times)).rewrap({ destroyOld: true })).rejects.toMatchObject({ code: 'TOKEN_UNAVAILABLE' })
    const restarted = openStore(keyHost)
    await restarted.check()
    const newest = wrappingKeys().find((ckaId) => ckaId !== old)
    const { wrappingKey } = await restarted.rewrap({ destroyOld: true })
    // Until it is over, it is carried on with and no third key is made.
    expect(wrappingKey.ckaId === newest).toBe(step !== 'endReseal')
    expect(wrappingKeys()).toEqual([wrappingKey.ckaId])
    await restarted.check()
  })

  it('by the death of the key host, each time that it works on it, ends well by itself or leaves everything signing', async () => {
    for (let death = 0; death < 6; death++) {
      const rewrap = keys.rewrap({ destroyOld: true })
      rewrap.catch(() => {})
      await new Promise((resolve) => setTimeout(resolve, 3 * death))
      const { pid } = keyHost
      if (pid !== undefined) process.kill(pid, 'SIGKILL')
      const [ended] = await Promise.allSettled([rewrap])
      expect(ended.status === 'fulfilled' ? 'done' : toSealstoneError(ended.reason).code).toMatch(/^(?:done|TOKEN_UNAVAILABLE)$/)
      await keys.check()
    }
    const { wrappingKey } = await keys.rewrap({ destroyOld: true })
    expect(wrappingKeys()).toEqual([wrappingKey.ckaId])
    await openStore(keyHost).check()
  })
})

describe('a wrapping key', () => {
  it('that somebody put into the token to get the seeds is never sealed with', async () => {
    intruder.putSecretKey('sealstone wrapping key 900', '0bad')
    const { wrappingKey } = await keys.rewrap({ destroyOld: false })
    await keys.create({ name: parseKeyName('planted'), suite: 'mldsa44' })
    expect(named(keys)).toEqual([wrappingKey.ckaId])
    expect(wrappingKey.ckaId).not.toBe('0bad')
    intruder.destroy(pkcs11js.CKO_SECRET_KEY, '0bad')
    await keys.check()
  })

  it('that somebody put into a token that has none is never sealed with either', async () => {
    // The last test here: what the destroyed key sealed is lost.
    for (const ckaId of wrappingKeys()) intruder.destroy(pkcs11js.CKO_SECRET_KEY, ckaId)
    intruder.putSecretKey('sealstone wrapping key', '0bad')
    const { hybrid } = await keys.create({ name: parseKeyName('second'), suite: 'mldsa44' })
    expect(hybrid.sealedSeed?.wrappingKey).not.toBe('0bad')
  })
})
