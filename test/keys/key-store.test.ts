/** The key store on a real database and a real token: what is recorded, what survives, what a crash leaves. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { canonicalJson, parseKeyName, SealstoneError, systemClock, Timeline } from '#core'
import { openDatabase } from '#db'
import { type GenerateRequest, type KeyHost, keyMaterialJson } from '#keyhost'
import { KEY_MIGRATIONS, type KeyStore, openKeyStore, recordProtection } from '#keys'
import { findSuite, parsePublicKey, SUITE_IDS, verify } from '#suites'
import { nativeEngine } from '#suites/native'
import { makeToken, openKeyHost, type TestToken } from '../support/softhsm.ts'

let token: TestToken
let keyHost: KeyHost & AsyncDisposable
let folder: string

beforeAll(async () => {
  token = await makeToken()
  keyHost = await openKeyHost(token.location)
  folder = mkdtempSync(join(tmpdir(), 'sealstone-keys-'))
})
afterAll(async () => {
  await keyHost[Symbol.asyncDispose]()
  token[Symbol.dispose]()
  rmSync(folder, { recursive: true, force: true })
})

describe('a new key', () => {
  it('has a companion that is another key, both recorded with their protection', async () => {
    using store = openStore('create')
    const record = await store.create({ name: parseKeyName('default'), suite: 'mldsa65-ecdsa-p256' })
    expect(record).toMatchObject({
      name: 'default',
      version: 1,
      state: 'active',
      hybrid: { suite: 'mldsa65-ecdsa-p256' },
      companion: { suite: 'ecdsa-p256' },
    })
    expect(record.companion?.ckaId).not.toBe(record.hybrid.ckaId)
    expect(recordProtection(record).halves.map(({ role, location }) => `${role} ${location}`)).toEqual([
      'ml-dsa sealed',
      'classical token',
      'companion token',
    ])
    const message = new TextEncoder().encode('one round trip, two signatures')
    const { hybrid, companion } = await store.sign(record, message)
    expect(verify(nativeEngine(), parsePublicKey(record.hybrid.spki), message, hybrid)).toBe(true)
    expect(verify(nativeEngine(), parsePublicKey((record.companion as typeof record.hybrid).spki), message, companion as Uint8Array)).toBe(true)
  })

  it('that could not be recorded, or whose companion could not be made, leaves nothing in the token', async () => {
    using store = openStore('nothing-left')
    const name = parseKeyName('default')
    const suite = 'mldsa65-ecdsa-p256'
    const before = objectsInToken()
    await expect(store.create({ name, suite: 'ecdsa-p256', mlDsaInToken: true })).rejects.toMatchObject({ code: 'INPUT_INVALID' })
    await expect(store.create({ name, suite, notAfter: new Date(0) })).rejects.toMatchObject({ code: 'INPUT_INVALID' })
    expect(objectsInToken()).toBe(before)
    const twice = await Promise.allSettled([store.create({ name, suite }), store.create({ name, suite })])
    expect(twice.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    expect(twice.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'KEY_EXISTS' } })
    const aKey = objectsInToken() - before
    const failing: KeyHost = Object.assign(Object.create(keyHost) as KeyHost, {
      generateKey: (request: GenerateRequest) =>
        request.role === 'companion' ? Promise.reject(new SealstoneError('TOKEN_UNAVAILABLE')) : keyHost.generateKey(request),
    })
    using other = openStore('no-companion', failing)
    await expect(other.create({ name, suite })).rejects.toMatchObject({ code: 'TOKEN_UNAVAILABLE' })
    expect(objectsInToken() - before).toBe(aKey)
    expect(aKey).toBe(4) // two pairs
  })

  it.each(SUITE_IDS.filter((id) => findSuite(id).canSign))('of suite %s signs with as many keys as the suite says', async (suite) => {
    using store = openStore(suite)
    const record = await store.create({ name: parseKeyName('k'), suite })
    expect(record.companion?.suite).toBe(findSuite(suite).companion)
    const signatures = await store.sign(record, new TextEncoder().encode('m'))
    expect(verify(nativeEngine(), parsePublicKey(record.hybrid.spki), new TextEncoder().encode('m'), signatures.hybrid)).toBe(true)
    expect(signatures.companion === undefined).toBe(record.companion === undefined)
  })

  it('is the same after the database is opened again, and passes the check at start', async () => {
    const record = await (async () => {
      using store = openStore('reopen')
      await store.createLogKeys()
      return await store.create({ name: parseKeyName('kept'), suite: 'mldsa87-ecdsa-p384' })
    })()
    using store = openStore('reopen')
    expect(store.get(parseKeyName('kept'))).toEqual(record)
    expect(store.list()).toEqual([record])
    await store.check()
  })

  it('must have a name of its own, also when two are made at once', async () => {
    using store = openStore('names')
    const make = () => store.create({ name: parseKeyName('same'), suite: 'ecdsa-p256' })
    const made = await Promise.allSettled([make(), make()])
    expect(made.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(made.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'KEY_EXISTS' } })
    await expect(make()).rejects.toMatchObject({ code: 'KEY_EXISTS' })
    expect(store.list()).toHaveLength(1)
  })

  it('is not there when the key host failed between its two keys', async () => {
    const failing: KeyHost = {
      tokenInfo: () => keyHost.tokenInfo(),
      generateKey: (request) =>
        request.role === 'companion' ? Promise.reject(new SealstoneError('TOKEN_UNAVAILABLE', 'unplugged')) : keyHost.generateKey(request),
      adoptKey: (request) => keyHost.adoptKey(request),
      importKey: (request) => keyHost.importKey(request),
      recoverKey: (request) => keyHost.recoverKey(request),
      destroyKeys: (keys) => keyHost.destroyKeys(keys),
      beginReseal: (named) => keyHost.beginReseal(named),
      reseal: (keys) => keyHost.reseal(keys),
      endReseal: (named) => keyHost.endReseal(named),
      measure: (request) => keyHost.measure(request),
      sign: (items, options) => keyHost.sign(items, options),
      check: (keys) => keyHost.check(keys),
      close: () => keyHost.close(),
      isAvailable: true,
      respawns: 0,
      pids: [],
      pid: undefined,
      load: 0,
    }
    {
      using store = openStore('half', failing)
      await expect(store.create({ name: parseKeyName('half'), suite: 'mldsa65-ecdsa-p256' })).rejects.toMatchObject({ code: 'TOKEN_UNAVAILABLE' })
      expect(store.list()).toEqual([])
    }
    using store = openStore('half')
    expect(store.list()).toEqual([])
    await store.create({ name: parseKeyName('half'), suite: 'mldsa65-ecdsa-p256' }) // what was left in the token is not in the way
    await store.check()
  })
})

describe('an unknown key', () => {
  it('is told with the nearest name', async () => {
    using store = openStore('unknown')
    expect(codeAndHint(() => store.get(parseKeyName('default')))).toEqual(['KEY_UNKNOWN', 'create one first'])
    await store.create({ name: parseKeyName('release-2026'), suite: 'ecdsa-p256' })
    expect(codeAndHint(() => store.get(parseKeyName('relaese-2026')))).toEqual(['KEY_UNKNOWN', expect.stringContaining('did you mean release-2026?')])
    expect(codeAndHint(() => store.get(parseKeyName('other')))).toEqual(['KEY_UNKNOWN', 'list them with: sealstone keys list'])
  })
})

describe('the log keys', () => {
  it('are made once, one Ed25519 in the token and one sealed ML-DSA-44', async () => {
    using store = openStore('log')
    expect(codeAndHint(() => store.logKeys())[0]).toBe('KEY_UNKNOWN')
    const keys = await store.createLogKeys()
    expect([keys.ed25519.suite, keys.mlDsa44.suite]).toEqual(['ed25519', 'mldsa44'])
    expect(store.logKeys()).toEqual(keys)
    await expect(store.createLogKeys()).rejects.toMatchObject({ code: 'KEY_EXISTS' })
    expect(store.list()).toEqual([]) // they are no signing keys
  })
})

describe('a record that was changed in the database', () => {
  it.each([
    [
      'with another key’s sealed seed',
      `json_set(hybrid, '$.sealedSeed', json((SELECT json_extract(hybrid, '$.sealedSeed') FROM key_version WHERE name = 'other')))`,
      'SEALED_SEED_INVALID',
    ],
    [
      'with another key’s pair in the token',
      `json_set(hybrid, '$.ckaId', (SELECT json_extract(hybrid, '$.ckaId') FROM key_version WHERE name = 'other'))`,
      'TOKEN_KEY_MISMATCH',
    ],
    ['with another version', `json_set(hybrid, '$.version', 7)`, 'SEALED_SEED_INVALID'],
    [
      'with another public key',
      `json_set(hybrid, '$.spki', (SELECT json_extract(hybrid, '$.spki') FROM key_version WHERE name = 'other'))`,
      'TOKEN_KEY_MISMATCH',
    ],
  ])('%s stops the start', async (what, expression, code) => {
    const file = `tampered ${what.length} ${code}`
    {
      using store = openStore(file)
      await store.create({ name: parseKeyName('victim'), suite: 'mldsa65-ecdsa-p256' })
      await store.create({ name: parseKeyName('other'), suite: 'mldsa65-ecdsa-p256' })
      await store.check()
      expect(store.db.prepare(`UPDATE key_version SET hybrid = ${expression} WHERE name = 'victim'`).run()).toBe(1)
    }
    using store = openStore(file)
    await expect(store.check()).rejects.toMatchObject({ code })
  })
})

describe('a database of an earlier version', () => {
  it('keeps its keys: active since they were made', async () => {
    const path = join(folder, 'version-1.db')
    const [first] = KEY_MIGRATIONS
    if (first === undefined) throw new Error('there is no first migration')
    const made = await keyHost.generateKey({ keyId: 'kept', version: 1, suite: 'ecdsa-p256', role: 'signing', label: 'sealstone kept v1' })
    {
      const db = openDatabase(path, [first])
      db.transaction(() => {
        db.prepare('INSERT INTO key_version (name, version, state, created_at, hybrid, companion) VALUES (?, 1, ?, ?, ?, NULL)').run(
          'kept',
          'active',
          '2026-01-02T03:04:05.006Z',
          canonicalJson(keyMaterialJson(made)),
        )
      })
      db.close()
    }
    using store = openStore('version-1')
    expect(store.list()).toMatchObject([
      { name: 'kept', version: 1, state: 'active', origin: 'generated', times: { active: '2026-01-02T03:04:05.006Z' }, hybrid: made },
    ])
    await store.check()
  })
})

function openStore(name: string, through: KeyHost = keyHost): KeyStore & Disposable & { readonly db: ReturnType<typeof openDatabase> } {
  const db = openDatabase(join(folder, `${name}.db`), KEY_MIGRATIONS)
  return {
    ...openKeyStore({ db, keyHost: through, clock: systemClock, timeline: new Timeline(systemClock) }),
    db,
    [Symbol.dispose]: () => db.close(),
  }
}

/** A file each. */
function objectsInToken(): number {
  const files = readdirSync(join(token.folder, 'token'), { recursive: true, encoding: 'utf8' })
  return files.filter((path) => path.endsWith('.object') && !path.endsWith('token.object')).length
}

function codeAndHint(work: () => unknown): [string, string] {
  try {
    work()
  } catch (error) {
    if (error instanceof SealstoneError) return [error.code, error.hint]
    throw error
  }
  throw new Error('nothing was thrown')
}
