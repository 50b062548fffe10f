/** The fault table's row of memory: the kernel refuses it to the process, which ends, or says so in one of OpenSSL's ways and is ended. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { limitMemory } from '../support/process-limits.ts'
import { RECOVERY_MS } from './fault-rows.ts'
import { type Outcome, PHASES, Stand } from './fault-stand.ts'

let stand: Stand

beforeAll(async () => {
  stand = await Stand.open()
})
afterEach(() => stand.token.clear())
afterAll(() => stand[Symbol.asyncDispose]())

describe('the kernel refuses the process memory', () => {
  it.each(PHASES)('(%s): every request is served, by the next process where this one cannot', async (phase) => {
    // A fresh process: one that has signed large messages keeps their memory in reserve.
    stand.signal('SIGKILL')
    await stand.recover()
    const before = stand.keyHost.respawns
    let large: Promise<Outcome[]> | undefined
    const outcomes = await stand.run(phase, (call) => {
      const refuse = (): void => {
        stand.children.forEach((pid) => limitMemory(pid))
        large = Promise.all(Array.from({ length: 24 }, () => stand.signLarge())) // for which memory is needed
      }
      stand.during(phase === 'key creation' ? 'C_GenerateKeyPair' : 'C_Sign', call, refuse)
    })
    // A process that ends while it makes a key may leave what it has made of it, as in the last test here.
    expect(outcomes.filter((outcome) => !/^signed(?:, and \d objects more in the token)?$/.test(outcome))).toEqual([])
    await expect.poll(() => large).toBeDefined() // on a busy machine the request may have been served before it was struck
    expect(new Set(await large)).toEqual(new Set(['signed']))
    // One that had enough in reserve for all of these has not for ever.
    for (let more = 0; more < 20 && stand.keyHost.respawns === before; more++) {
      stand.children.forEach((pid) => limitMemory(pid))
      expect(new Set(await Promise.all(Array.from({ length: 24 }, () => stand.signLarge())))).toEqual(new Set(['signed']))
    }
    expect(stand.keyHost.respawns).toBeGreaterThan(before)
    expect(stand.logger.entries.findLast(({ message }) => message === 'key host is gone')?.fields).toMatchObject({
      how: expect.stringMatching(/^signal SIG|^exit code/),
    })
    expect(await stand.recover()).toBeLessThan(RECOVERY_MS)
  })
})
