/** The states of a key version: what may follow what, and when a version may sign. The table is written out here once more, by hand. */
import { describe, expect, it } from 'vitest'
import { KEY_STATES, type KeyState, parseKeyName } from '#core'
import { applyTransition, DEFAULT_KEY_POLICY, type KeyAction, type KeyRecord, legalActions } from '#keys'
import { signingFault } from '../../src/keys/life-cycle.ts'

const MATERIAL: KeyRecord['hybrid'] = {
  keyId: 'k',
  version: 1,
  suite: 'ecdsa-p256',
  spki: new Uint8Array(),
  protection: { module: 'm', tokenModel: 't', tokenSerial: 's', halves: [{ role: 'classical', location: 'token' }] },
}
const NOW = new Date('2026-06-01T12:00:00.000Z')
const EARLIER = '2026-05-01T00:00:00.000Z'

function record(state: KeyState, changes: Partial<KeyRecord> = {}): KeyRecord {
  const times = state === 'pre-active' ? {} : { active: EARLIER, ...(state === 'active' ? {} : { [state]: EARLIER }) }
  return { name: parseKeyName('k'), version: 1, state, times, createdAt: NOW, origin: 'generated', hybrid: MATERIAL, ...changes }
}

const LEGAL: Record<KeyState, Partial<Record<KeyAction, KeyState>>> = {
  'pre-active': { enable: 'active', disable: 'suspended', retire: 'deactivated', compromise: 'compromised', destroy: 'destroyed' },
  active: { disable: 'suspended', retire: 'deactivated', compromise: 'compromised' },
  suspended: { enable: 'active', retire: 'deactivated', compromise: 'compromised', destroy: 'destroyed' },
  deactivated: { compromise: 'compromised', destroy: 'destroyed' },
  compromised: { compromise: 'compromised', destroy: 'destroyed' },
  destroyed: { compromise: 'destroyed' },
}
const ACTIONS = ['enable', 'disable', 'retire', 'compromise', 'destroy'] as const

const since = new Date('2026-04-01T00:00:00.000Z')
const change = (state: KeyState, action: KeyAction): KeyRecord => applyTransition(record(state), { action, at: NOW, since, reason: 'because' })
const STAMPS = { enable: 'active', disable: 'suspended', retire: 'deactivated', compromise: 'compromised', destroy: 'destroyed' } as const

describe.each(KEY_STATES)('from %s', (state) => {
  const legal = LEGAL[state]

  it.each(ACTIONS.filter((action) => legal[action] !== undefined))('%s', (action) => {
    const after = change(state, action)
    expect(after).toMatchObject({ state: legal[action], reason: 'because' })
    const time = action === 'compromise' ? since : action === 'enable' && state !== 'pre-active' ? new Date(EARLIER) : NOW
    expect(after.times[STAMPS[action]]).toBe(time.toISOString())
  })

  it.each(ACTIONS.filter((action) => legal[action] === undefined))('not %s', (action) => {
    const possible = Object.keys(legal).join(', ')
    expect(() => change(state, action)).toThrow(expect.objectContaining({ code: 'KEY_STATE_REFUSED', hint: expect.stringContaining(possible) }))
  })

  it('tells what is possible', () => {
    expect(legalActions(record(state)).sort()).toEqual(Object.keys(LEGAL[state]).sort())
  })
})

describe('a compromise', () => {
  it('may turn out to be older, never younger', () => {
    const first = applyTransition(record('active'), { action: 'compromise', at: NOW, since: new Date('2026-04-10') })
    const older = applyTransition(first, { action: 'compromise', at: NOW, since: new Date('2026-03-10') })
    expect(older.times.compromised).toBe('2026-03-10T00:00:00.000Z')
    expect(() => applyTransition(older, { action: 'compromise', at: NOW, since: new Date('2026-03-11') })).toThrow(/compromised since 2026-03-10/)
  })

  it('is not in the future', () => {
    expect(() => applyTransition(record('active'), { action: 'compromise', at: NOW, since: new Date('2026-06-02') })).toThrow(/in the future/)
  })

  it('of a destroyed version leaves it destroyed, with the time', () => {
    const after = applyTransition(record('destroyed'), { action: 'compromise', at: NOW, since: new Date('2026-03-10') })
    expect(after).toMatchObject({ state: 'destroyed', times: { compromised: '2026-03-10T00:00:00.000Z', destroyed: EARLIER } })
  })

  it('leaves a scheduled destruction standing', () => {
    const destroyAt = new Date('2026-07-01')
    expect(applyTransition(record('deactivated', { destroyAt }), { action: 'compromise', at: NOW }).destroyAt).toEqual(destroyAt)
  })
})

describe('enabling', () => {
  it('ends a suspension and keeps the first time of use', () => {
    const after = applyTransition(record('suspended'), { action: 'enable', at: NOW })
    expect(after.times).toEqual({ active: EARLIER })
  })

  it('lifts a quarantine of an active version, and nothing else of an active one', () => {
    const held = record('active', { quarantine: 'it did not verify' })
    expect(legalActions(held)).toContain('enable')
    expect(applyTransition(held, { action: 'enable', at: NOW })).not.toHaveProperty('quarantine')
    expect(() => applyTransition(record('active'), { action: 'enable', at: NOW })).toThrow(expect.objectContaining({ code: 'KEY_STATE_REFUSED' }))
  })

  it('calls a scheduled destruction off', () => {
    const after = applyTransition(record('suspended', { destroyAt: NOW }), { action: 'enable', at: NOW })
    expect(after).not.toHaveProperty('destroyAt')
  })
})

describe('a version may sign', () => {
  const fault = (changes: Partial<KeyRecord>, minSignVersion = 1, state: KeyState = 'active') =>
    signingFault(record(state, changes), { ...DEFAULT_KEY_POLICY, minSignVersion }, NOW)?.reason

  it('while it is active', () => {
    expect(fault({})).toBeUndefined()
    for (const state of KEY_STATES.filter((other) => other !== 'active')) expect(fault({}, 1, state)).toBe(`key k version 1 is ${state}`)
  })

  it('from its beginning, inclusive, to its end, exclusive', () => {
    expect(fault({ notBefore: NOW })).toBeUndefined()
    expect(fault({ notBefore: new Date(NOW.getTime() + 1) })).toMatch(/signs from 2026-06-01T12:00:00.001Z on/)
    expect(fault({ notAfter: new Date(NOW.getTime() + 1) })).toBeUndefined()
    expect(fault({ notAfter: NOW })).toMatch(/signed until 2026-06-01T12:00:00.000Z/)
  })

  it('and one that may not is told with what helps: enable it where that is possible, else a new version', () => {
    const hint = (state: KeyState) => signingFault(record(state), DEFAULT_KEY_POLICY, NOW)?.hint
    for (const state of ['pre-active', 'suspended'] as const)
      expect(hint(state)).toBe('bring it into use with: sealstone keys enable k --key-version 1')
    for (const state of ['deactivated', 'compromised', 'destroyed'] as const)
      expect(hint(state)).toBe('make a new version with: sealstone keys rotate k')
  })

  it('unless it is older than the key allows, or in quarantine', () => {
    expect(fault({}, 2)).toMatch(/older than the key's min-sign-version 2/)
    expect(fault({ quarantine: 'a bit was wrong' })).toMatch(/in quarantine: a bit was wrong/)
  })
})
