/** The fault table where a key is made: nothing of a key that was not made stays in the token. And faults that last, wherever they are. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { alwaysAnswer, CELLS, inject, MODULE_VALUES, modulesOf, OTHER_VALUES, PLACES, RECOVERY_MS, tryOnce } from './fault-rows.ts'
import { Stand } from './fault-stand.ts'

let stand: Stand

beforeAll(async () => {
  stand = await Stand.open()
})
afterEach(() => stand.token.clear())
afterAll(() => stand[Symbol.asyncDispose]())

const CREATION = CELLS.filter(({ phase }) => phase === 'key creation')

describe.each(CREATION)('$phase: $fn', (cell) => {
  it('answers a value once', async () => {
    // Making a key takes ten times as long as signing, so each place gets a quarter of the values, and every value has its turn.
    const turn = CREATION.indexOf(cell) % 4
    const values = OTHER_VALUES.filter((_, index) => index % 4 === turn)
    const { actual, expected } = await tryOnce(stand, cell, [...values, ...modulesOf(cell)])
    expect(actual).toEqual(expected)
  })
})

describe('after the work was done', () => {
  it.each(['CKR_SESSION_CLOSED', 'CKR_USER_NOT_LOGGED_IN', 'CKR_FUNCTION_REJECTED', 'CKR_DEVICE_ERROR'])(
    'C_GenerateKeyPair answers %s: there is one pair, or none',
    async (name) => {
      const value = [...OTHER_VALUES, ...MODULE_VALUES].find((one) => one.name === name)
      stand.token.inject({ fn: 'C_GenerateKeyPair', action: { after: value?.value ?? 0 } })
      expect(await stand.create()).toBe(value?.fault === 'caller' ? alwaysAnswer(value) : 'signed')
    },
  )

  it('C_GenerateKey answers CKR_SESSION_CLOSED: there is one wrapping key, and sealing goes on', async () => {
    await using fresh = await Stand.open(20_000, (token) => token.inject({ fn: 'C_GenerateKey', action: { after: 0xb0 } }))
    expect(fresh.token.calls('C_GenerateKey')).toBe(2)
    expect(fresh.objects).toBe(3)
    expect(await fresh.create()).toBe('signed')
  })
})

it('a cleaning that fails is in the log with the id of what stays, and the caller gets the first error', async () => {
  stand.token.inject({ fn: 'C_Encrypt', action: { return: 0x68 } })
  stand.token.inject({ fn: 'C_DestroyObject', action: { return: 0x1b }, times: 'always' })
  expect(await stand.create()).toBe('TOKEN_UNSUPPORTED, and 2 objects more in the token')
  const entry = stand.logger.entries.find(({ message }) => message === 'an unfinished key may have left objects in the token')
  expect(entry?.fields).toMatchObject({ ckaId: expect.stringMatching(/^[0-9a-f]{32}$/), error: expect.stringContaining('CKR_ACTION_PROHIBITED') })
})

// A value of each class; a module that is lost for good takes some processes with it, so not every one is tried.
const LASTING = ['CKR_SESSION_HANDLE_INVALID', 'CKR_USER_NOT_LOGGED_IN', 'CKR_KEY_FUNCTION_NOT_PERMITTED', 'CKR_PIN_EXPIRED', 'CKR_DEVICE_ERROR']

describe.each(PLACES)('$fn', (place) => {
  it('answers the same value for ever: everybody gets the error, until it ends', async () => {
    const phase = place.called === 'creation' ? 'key creation' : 'idle'
    for (const value of [...OTHER_VALUES, ...MODULE_VALUES].filter(({ name }) => LASTING.includes(name))) {
      const outcomes = await stand.run(phase, (call) => inject(stand.token, { phase, ...place }, value.value, call, 'always'))
      expect([value.name, outcomes]).toEqual([value.name, [alwaysAnswer(value)]])
      expect(await stand.recover()).toBeLessThan(RECOVERY_MS)
    }
  })
})
