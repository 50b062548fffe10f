/** The fault table's other half: what happens to the process and to the token, in each phase of the work; what callers get, and that it works on. */
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import pkcs11js from 'pkcs11js'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { KeyMaterial } from '#keyhost'
import { noMoreFiles } from '../support/process-limits.ts'
import { RECOVERY_MS } from './fault-rows.ts'
import { type Outcome, type Phase, PHASES, Stand } from './fault-stand.ts'

/** Where something hangs, so that the watchdog has to end it; ten times as long where a key is made. Everywhere else it has its usual patience. */
const WATCHDOG_MS = 1500
let stand: Stand
let hasty: Stand

beforeAll(async () => {
  stand = await Stand.open()
  hasty = await Stand.open(WATCHDOG_MS)
})
afterEach(() => {
  stand.token.clear()
  hasty.token.clear()
})
afterAll(async () => {
  await stand[Symbol.asyncDispose]()
  await hasty[Symbol.asyncDispose]()
})

/** `call` says which call of `fn` is meant, the one in whose middle it happens. */
type Strike = (on: Stand, fn: string, call: number) => void

const STRIKES: readonly (readonly [what: string, strike: Strike, told: RegExp, standOf: () => Stand])[] = [
  ['the module hangs', (on, fn, call) => on.token.inject({ fn, action: 'hang', call }), /did not answer for/, () => hasty],
  ['the module ends the process by SIGSEGV', (on, fn, call) => on.token.inject({ fn, action: { crash: 'SIGSEGV' }, call }), /SIGSEGV/, () => stand],
  ['the module ends the process by SIGABRT', (on, fn, call) => on.token.inject({ fn, action: { crash: 'SIGABRT' }, call }), /SIGABRT/, () => stand],
  ['the process is killed', (on, fn, call) => on.during(fn, call, () => on.signal('SIGKILL')), /SIGKILL/, () => stand],
  ['the process is stopped', (on, fn, call) => on.during(fn, call, () => on.signal('SIGSTOP')), /did not answer for/, () => hasty],
  [
    'the process runs out of file descriptors',
    (on, fn, call) => on.during(fn, call, () => on.children.forEach(noMoreFiles)),
    /the login was lost|CKR_/,
    () => stand,
  ],
]

// Where a key is made the watchdog waits longest, so both that it has to end are waited for together, below.
const WATCHED = ['the module hangs', 'the process is stopped']
const phasesOf = (what: string): readonly Phase[] => PHASES.filter((phase) => phase !== 'key creation' || !WATCHED.includes(what))

describe.each(STRIKES)('%s', (what, strike, told, standOf) => {
  it.each(phasesOf(what))('(%s): every request is served by the next process', async (phase) => {
    const on = standOf()
    const before = on.logger.entries.length
    const outcomes = await on.run(phase, (call) => strike(on, phase === 'key creation' ? 'C_GenerateKeyPair' : 'C_Sign', call))
    expect(outcomes).toEqual(outcomes.map(() => 'signed'))
    expect(await on.recover()).toBeLessThan(RECOVERY_MS)
    const ends = on.logger.entries.slice(before).filter(({ message }) => message === 'key host is gone')
    expect(ends.map(({ fields }) => JSON.stringify(fields))).toContainEqual(expect.stringMatching(told))
  })
})

describe('the module hangs, and the process is stopped', () => {
  it('(key creation): every request is served by the next process', async () => {
    await using other = await Stand.open(WATCHDOG_MS)
    const hanging = hasty.run('key creation', (call) => hasty.token.inject({ fn: 'C_GenerateKeyPair', action: 'hang', call }))
    const stopped = other.run('key creation', (call) => other.during('C_GenerateKeyPair', call, () => other.signal('SIGSTOP')))
    expect(await Promise.all([hanging, stopped])).toEqual([['signed'], ['signed']])
    for (const on of [hasty, other]) expect(await on.recover()).toBeLessThan(RECOVERY_MS)
  })
})

describe('the module hangs whenever it signs', () => {
  it('and a caller is told so after two processes, or when its own time is over', async () => {
    hasty.token.inject({ fn: 'C_Sign', action: 'hang', times: 'always' })
    expect(await hasty.sign([hasty.key], { timeoutMs: 50 })).toBe('DEADLINE_EXCEEDED retry')
    expect(await hasty.sign()).toBe('TOKEN_UNAVAILABLE retry')
    expect(await hasty.recover()).toBeLessThan(RECOVERY_MS)
  })
})

describe('the store of the token is taken away', () => {
  it.each(PHASES)('(%s): no one waits for it, and signing goes on when it is back', async (phase) => {
    const store = join(stand.token.folder, 'token')
    const outcomes = await stand.run(phase, () => renameSync(store, `${store}.away`)).finally(() => renameSync(`${store}.away`, store))
    expect(outcomes.filter((outcome) => !['signed', 'TOKEN_UNAVAILABLE retry'].includes(outcome))).toEqual([])
    expect(outcomes).toContain('TOKEN_UNAVAILABLE retry')
    expect(await stand.recover()).toBeLessThan(RECOVERY_MS)
  })
})

describe('the token answers wrongly', () => {
  // The key host signs and does not judge: the daemon checks every signature apart from the process that made it (SIGNATURE_MISMATCH).
  it.each(['C_Sign', 'C_Decrypt'])('to %s when it signs: that one signature is wrong, the next one is not', async (fn) => {
    for (const phase of ['idle', 'queued', 'mid-signature'] as const) {
      await expect(stand.run(phase, (call) => stand.token.inject({ fn, action: 'flip', call }))).rejects.toThrow('a wrong signature came back')
      expect(await stand.recover()).toBeLessThan(RECOVERY_MS)
    }
  })

  it.each(['C_Sign', 'C_Decrypt', 'C_Encrypt'])('to %s when a key is made: no such key is made', async (fn) => {
    stand.token.inject({ fn, action: 'flip' })
    expect(await stand.create()).toBe(fn === 'C_Encrypt' ? 'SEALED_SEED_INVALID' : 'TOKEN_KEY_MISMATCH')
    expect(await stand.create()).toBe('signed')
  })

  it.each([
    ['the public key', pkcs11js.CKA_EC_POINT],
    ['being extractable', pkcs11js.CKA_EXTRACTABLE],
    ['not being sensitive', pkcs11js.CKA_SENSITIVE],
  ])('about %s: no key is made, and none that is there passes the check', async (_what, type) => {
    stand.token.inject({ fn: 'C_GetAttributeValue', action: { lie: type }, times: 'always' })
    expect(await stand.create()).toBe('TOKEN_KEY_MISMATCH')
    await expect(stand.keyHost.check([stand.key])).rejects.toMatchObject({ code: 'TOKEN_KEY_MISMATCH' })
    expect(await stand.recover()).toBeLessThan(RECOVERY_MS)
    await stand.keyHost.check([stand.key])
  })
})

describe('a sealed seed that was changed', () => {
  it.each(['idle', 'queued', 'mid-signature'] as const)('(%s): is told to whoever uses it, and costs nobody else anything', async (phase) => {
    const changed = withChangedSeed(stand.key)
    const before = stand.keyHost.respawns
    let other: Promise<Outcome> | undefined
    const outcomes = await stand.run(phase, () => {
      other = stand.sign([stand.key, changed])
    })
    expect(await other).toBe('SEALED_SEED_INVALID')
    expect(outcomes).toEqual(outcomes.map(() => 'signed'))
    expect(stand.keyHost.respawns).toBe(before)
  })
})

it('a process that ends after it made the pair leaves that pair, unused: the one thing that is not cleaned up', async () => {
  stand.token.inject({ fn: 'C_Encrypt', action: { crash: 'SIGSEGV' } })
  expect(await stand.create()).toBe('signed, and 4 objects more in the token')
})

function withChangedSeed(key: KeyMaterial): KeyMaterial {
  if (key.sealedSeed === undefined) throw new Error('no sealed seed')
  const ciphertext = Uint8Array.from(key.sealedSeed.ciphertext)
  ciphertext[7] = (ciphertext[7] as number) ^ 1
  return { ...key, sealedSeed: { ...key.sealedSeed, ciphertext } }
}
