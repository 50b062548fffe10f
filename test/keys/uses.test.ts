/** Uses of a key version: a change waits for those that run, and lets no new one begin. */
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { KeyUses } from '../../src/keys/uses.ts'

describe('closing', () => {
  it('waits for every use that runs, of this version alone', async () => {
    const uses = new KeyUses()
    const [first, second, other] = [uses.begin('a/1'), uses.begin('a/1'), uses.begin('a/2')]
    let closed = false
    const closing = uses.close('a/1').then((held) => {
      closed = true
      return held
    })
    expect(uses.isClosed('a/1')).toBe(true)
    expect(uses.isClosed('a/2')).toBe(false)
    first[Symbol.dispose]()
    first[Symbol.dispose]()
    await turn()
    expect(closed, 'a use that ended twice counts once').toBe(false)
    second[Symbol.dispose]()
    const held = await closing
    expect(uses.isClosed('a/1')).toBe(true)
    held[Symbol.dispose]()
    expect(uses.isClosed('a/1')).toBe(false)
    other[Symbol.dispose]()
  })

  it('is one after another: the second change begins when the first is over, and no use in between', async () => {
    const uses = new KeyUses()
    const first = await uses.close('a/1')
    let isSecond = false
    const closing = uses.close('a/1').then((held) => {
      isSecond = true
      return held
    })
    await turn()
    expect(isSecond).toBe(false)
    first[Symbol.dispose]()
    expect(uses.isClosed('a/1')).toBe(true)
    const second = await closing
    second[Symbol.dispose]()
    expect(uses.isClosed('a/1')).toBe(false)
  })

  it('is at once where nothing runs', async () => {
    const uses = new KeyUses()
    using _held = await uses.close('a/1')
    expect(uses.isClosed('a/1')).toBe(true)
  })
})
