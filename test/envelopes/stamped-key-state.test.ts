/** A key that is compromised, where the trust file names timestamp authorities: the log's word alone does not save what it signed. */
import { describe, expect, it } from 'vitest'
import { parseKeyName } from '#core'
import { judgeKeyState } from '../../src/envelopes/key-state.ts'

const compromised = { name: parseKeyName('a'), version: 1, state: 'compromised', times: { compromised: '2026-05-01T00:00:00.000Z' } } as const
const before = '2026-04-01T00:00:00.000Z'
const after = '2026-06-01T00:00:00.000Z'

describe('a signature that the log dates before the compromise', () => {
  it('stays good with a timestamp from before, and where no authority is named', () => {
    expect(judgeKeyState(compromised, undefined, before, { time: before }).usable).toBe(true)
    expect(judgeKeyState(compromised, undefined, before).usable).toBe(true)
  })

  it('is refused with a timestamp from after, or of that very moment, or with none', () => {
    for (const time of [after, compromised.times.compromised]) {
      expect(judgeKeyState(compromised, undefined, before, { time })).toMatchObject({
        usable: false,
        reason: expect.stringMatching(/was timestamped only at/),
      })
    }
    expect(judgeKeyState(compromised, undefined, before, { time: undefined }).reason).toMatch(/no timestamp does/)
  })

  it('needs no timestamp while the key is active', () => {
    expect(judgeKeyState({ ...compromised, state: 'active', times: {} }, undefined, before, { time: undefined }).usable).toBe(true)
  })
})

it('a timestamp does not save what the log dates after the compromise', () => {
  expect(judgeKeyState(compromised, undefined, after, { time: before }).usable).toBe(false)
})
