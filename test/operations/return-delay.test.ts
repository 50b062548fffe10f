/** How long those who are refused are told to stay away. */
import { describe, expect, it } from 'vitest'
import { ReturnDelay } from '../../src/operations/return-delay.ts'

function delayAt(): { readonly delay: ReturnDelay; pass(ms: number): void } {
  let now = 1000
  const delay = new ReturnDelay({ now: () => new Date(0), monotonicMs: () => now }, 500)
  return {
    delay,
    pass: (ms) => {
      now += ms
    },
  }
}

describe('the delay until a refused call may come again', () => {
  it('is half a second at first, and for as long as that takes', () => {
    const { delay, pass } = delayAt()
    for (let call = 0; call < 1000; call++) delay.refused()
    pass(499)
    expect(delay.refused()).toBe(500)
  })

  it('is as long as those who wait take to be let in', () => {
    const { delay, pass } = delayAt()
    for (let call = 0; call < 600; call++) delay.refused()
    for (let call = 0; call < 200; call++) delay.done()
    pass(500)
    expect(delay.refused()).toBe(1500) // 600 wait, and 400 a second are let in
  })

  it('settles where each of those who wait comes once in it', () => {
    const { delay, pass } = delayAt()
    let ms = 500
    for (let window = 0; window < 10; window++) {
      for (let call = 0; call < 768; call++) ms = delay.refused()
      for (let call = 0; call < (400 * ms) / 1000; call++) delay.done()
      pass(ms)
    }
    expect(ms).toBe(1920) // 768 at 400 a second
  })

  it('doubles while nothing at all is done, up to five seconds', () => {
    const { delay, pass } = delayAt()
    const told = Array.from({ length: 6 }, () => {
      const ms = delay.refused()
      pass(5000)
      return ms
    })
    expect(told).toEqual([500, 1000, 2000, 4000, 5000, 5000])
  })

  it('is half a second again after a time in which there was room', () => {
    const { delay, pass } = delayAt()
    for (let window = 0; window < 6; window++) {
      delay.refused()
      pass(5000)
    }
    for (let call = 0; call < 1000; call++) delay.done()
    expect(delay.refused()).toBe(500)
  })

  it('is half a second again when those who were refused did not come again', () => {
    const { delay, pass } = delayAt()
    for (let call = 0; call < 800; call++) delay.refused()
    pass(3_600_000)
    for (let call = 0; call < 100_000; call++) delay.done()
    expect(delay.refused()).toBe(500)
  })
})
