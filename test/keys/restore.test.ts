/** Versions that a token lost, on a real one: whatever stops their way back leaves them as they were, and nothing of a key in the token that nobody names. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type KeyName, parseKeyName, SealstoneError, silentLogger, systemClock, Timeline, utf8 } from '#core'
import { type Database, openDatabase } from '#db'
import { type KeyHost, startKeyHost } from '#keyhost'
import { KEY_MIGRATIONS, type KeyRecord, type KeyStore, openKeyStore, type RecoveryHost } from '#keys'
import { parsePublicKey, verify } from '#suites'
import { nativeEngine } from '#suites/native'
import { Intruder } from '../support/intruder.ts'
import { makeToken, openKeyHost, type TestToken } from '../support/softhsm.ts'

const MESSAGE = utf8('signed before and after')
let token: TestToken
let intruder: Intruder
let keyHost: KeyHost & AsyncDisposable
let folder: string
let identity: string
let recipient: string
let database: Database
let keys: KeyStore
let opened = 0
let closed = 0

beforeAll(async () => {
  token = await makeToken()
  intruder = new Intruder(token)
  intruder.login()
  folder = mkdtempSync(join(tmpdir(), 'sealstone-restore-'))
  identity = join(folder, 'offline.txt')
  execFileSync('age-keygen', ['-o', identity], { stdio: 'pipe' })
  recipient = execFileSync('age-keygen', ['-y', identity], { encoding: 'utf8' }).trim()
  keyHost = await openKeyHost(token.location, { children: 2 })
  database = openDatabase(join(folder, 'sealstone.db'), KEY_MIGRATIONS)
  keys = openStore()
  await keys.createLogKeys()
})
afterAll(async () => {
  database.close()
  await keyHost[Symbol.asyncDispose]()
  token[Symbol.dispose]()
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(() => {
  keys = openStore() // what the database says, and nothing that was kept in memory
})

/** @param spoil makes what goes wrong on the way */
function openStore(spoil: (host: RecoveryHost) => Partial<RecoveryHost> = () => ({})): KeyStore {
  const openRecoveryHost = async (identityFile: string): Promise<RecoveryHost> => {
    const host = await startKeyHost({ token: token.location, logger: silentLogger, children: 1, identityFile })
    opened += 1
    const close = async (): Promise<void> => {
      await host.close()
      closed += 1
    }
    return { ...host, ...spoil(host), close }
  }
  return openKeyStore({ db: database, keyHost, clock: systemClock, timeline: new Timeline(systemClock), recipients: [recipient], openRecoveryHost })
}

let names = 0
async function makeLost(suite: 'mldsa65-ecdsa-p256' | 'mldsa44' = 'mldsa65-ecdsa-p256'): Promise<KeyName> {
  const name = parseKeyName(`key-${++names}`)
  const record = await keys.create({ name, suite })
  expect(intruder.destroyAll(`sealstone ${name} v1`), 'a sealed seed is no object').toBe(suite === 'mldsa44' ? 0 : 2)
  expect(intruder.destroyAll(`sealstone ${name}.companion v1`)).toBe(2)
  keys.quarantine(record, 'a test')
  return name
}

async function signsRightly(name: KeyName): Promise<void> {
  const record = keys.get(name)
  const { hybrid } = await keys.sign(record, MESSAGE)
  expect(verify(nativeEngine(), parsePublicKey(record.hybrid.spki), MESSAGE, hybrid)).toBe(true)
}

const restore = (store: KeyStore, name: KeyName): Promise<KeyRecord> => store.restoring(identity, (on) => on.restore(store.get(name)))

describe('a version that is put back', () => {
  it('has the same public keys, no quarantine and its other facts, in the database too', async () => {
    for (const suite of ['mldsa65-ecdsa-p256', 'mldsa44'] as const) {
      const name = await makeLost(suite)
      const before = keys.get(name)
      await restore(keys, name)
      keys = openStore()
      const { quarantine, ...after } = keys.get(name)
      expect(quarantine).toBeUndefined()
      expect(after).toMatchObject({ state: 'active', times: before.times, createdAt: before.createdAt, origin: before.origin })
      expect(after.hybrid.spki).toEqual(before.hybrid.spki)
      expect(after.companion?.spki).toEqual(before.companion?.spki)
      await signsRightly(name)
    }
  })

  it('is found to be missing by a fresh look, and is found to be there afterwards', async () => {
    const name = await makeLost()
    await keys.restoring(identity, async (on) => {
      expect(await on.isInToken(keys.get(name))).toBe(false)
      await on.restore(keys.get(name))
      expect(await on.isInToken(keys.get(name))).toBe(true)
      expect(await on.areLogKeysInToken()).toBe(true)
    })
  })

  it('is sealed by the wrapping key that a rewrap of the same moment leaves', async () => {
    const name = await makeLost('mldsa44')
    const [, { wrappingKey }] = await Promise.all([restore(keys, name), keys.rewrap({ destroyOld: true })])
    expect(keys.get(name).hybrid.sealedSeed?.wrappingKey).toBe(wrappingKey.ckaId)
    await signsRightly(name)
  })

  it('waits for another that asks for it, which then finds it there', async () => {
    const name = await makeLost()
    const objects = intruder.count()
    const ask = (): Promise<boolean> =>
      keys.restoring(identity, async (on) => {
        if (await on.isInToken(keys.get(name))) return false
        await on.restore(keys.get(name))
        return true
      })
    expect((await Promise.all([ask(), ask()])).filter(Boolean)).toHaveLength(1)
    expect(intruder.count()).toBe(objects + 4)
  })
})

describe('a version whose way back is stopped', () => {
  const lost = (message: string) => Promise.reject(new SealstoneError('TOKEN_UNAVAILABLE', message))

  it.each<[what: string, spoil: (host: RecoveryHost) => Partial<RecoveryHost>, code: string]>([
    [
      'by a companion that does not come',
      (host) => ({ recoverKey: (request) => (request.role === 'companion' ? lost('gone') : host.recoverKey(request)) }),
      'TOKEN_UNAVAILABLE',
    ],
    [
      'by another public key',
      (host) => ({ recoverKey: async (request) => ({ ...(await host.recoverKey(request)), spki: keys.logKeys().ed25519.spki }) }),
      'TOKEN_KEY_MISMATCH',
    ],
    [
      'by a canary that fails',
      (host) => ({
        recoverKey: async (request) => {
          const made = await host.recoverKey(request)
          intruder.destroyAll(request.label) // at once again
          return made
        },
      }),
      'TOKEN_KEY_MISMATCH',
    ],
  ])('%s is as it was, in quarantine, and nothing of it is in the token', async (_, spoil, code) => {
    const name = await makeLost()
    const before = keys.get(name)
    const objects = intruder.count()
    await expect(restore(openStore(spoil), name)).rejects.toMatchObject({ code })
    keys = openStore()
    expect(keys.get(name)).toEqual(before)
    expect(intruder.count()).toBe(objects)
    await restore(keys, name)
    await signsRightly(name)
  })

  it('because it was compromised meanwhile does not come back', async () => {
    const name = await makeLost()
    const stale = keys.get(name)
    await keys.change(stale, { action: 'compromise', reason: 'meanwhile' })
    await expect(keys.restoring(identity, (on) => on.restore(stale))).rejects.toMatchObject({ code: 'KEY_STATE_REFUSED' })
    expect(keys.get(name)).toMatchObject({ state: 'compromised', quarantine: 'a test' })
  })
})

it("the log's own keys come back the same, in the database too, and leave nothing of their old selves in the token", async () => {
  const before = keys.logKeys()
  const objects = intruder.count()
  expect(intruder.destroyAll('sealstone log.ed25519 v1')).toBe(2)
  await expect(keys.checkLogKeys()).rejects.toMatchObject({ code: 'TOKEN_KEY_MISMATCH' })
  await keys.restoring(identity, async (on) => {
    expect(await on.areLogKeysInToken()).toBe(false)
    await on.restoreLogKeys()
  })
  keys = openStore()
  await keys.checkLogKeys()
  const after = keys.logKeys()
  expect([after.ed25519.spki, after.mlDsa44.spki]).toEqual([before.ed25519.spki, before.mlDsa44.spki])
  expect(intruder.count()).toBe(objects)
})

it('every process that was to read an identity is closed, whatever came of it', () => {
  expect(opened).toBeGreaterThan(8)
  expect(closed).toBe(opened)
})
