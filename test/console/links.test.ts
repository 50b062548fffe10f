/** Links and sessions over time: what the clock does to them, and what is kept of them. */
import { inspect } from 'node:util'
import { expect, it } from 'vitest'
import { Sessions } from '../../src/console/sessions.ts'

const MINUTE = 60_000

function sessions(): { all: Sessions; pass(ms: number): void } {
  let now = 0
  const clock = { now: () => new Date(now), monotonicMs: () => now }
  return {
    all: new Sessions(clock, { linkMs: 10 * MINUTE, sessionMs: 12 * 60 * MINUTE }),
    pass: (ms) => {
      now += ms
    },
  }
}

it('ends a link after ten minutes and a session after twelve hours', () => {
  const { all, pass } = sessions()
  const [early, late] = [all.newLink(), all.newLink()]
  pass(10 * MINUTE - 1)
  const session = all.open(early) ?? ''
  expect(all.isOpen(session)).toBe(true)
  pass(1)
  expect(all.open(late)).toBeUndefined()
  pass(12 * 60 * MINUTE - 2)
  expect(all.isOpen(session)).toBe(true)
  pass(1)
  expect(all.isOpen(session)).toBe(false)
})

it('opens with a link once, whoever comes first', () => {
  const { all } = sessions()
  const link = all.newLink()
  expect([all.open(link), all.open(link)].map((session) => session?.length)).toEqual([43, undefined])
})

it('keeps at most 16 links, the newest, and refuses a session more than 64', () => {
  const { all } = sessions()
  const links = Array.from({ length: 17 }, () => all.newLink())
  expect(all.open(links[0] ?? '')).toBeUndefined()
  expect(links.slice(1).map((link) => all.open(link) !== undefined)).toEqual(Array.from({ length: 16 }, () => true))
  let last = ''
  for (let open = 16; open < 64; open++) last = all.open(all.newLink()) ?? ''
  const more = all.newLink()
  expect(() => all.open(more)).toThrow('64 sessions of the console are open already')
  all.close(last)
  expect(all.open(more)).toBeDefined() // it was not used up
})

it('does not take a link for a session, nor a session for a link', () => {
  const { all } = sessions()
  const link = all.newLink()
  expect(all.isOpen(link)).toBe(false)
  const session = all.open(link) ?? ''
  expect(all.open(session)).toBeUndefined()
  all.close(session)
  expect(all.isOpen(session)).toBe(false)
})

it('keeps hashes and no tokens', () => {
  const { all } = sessions()
  const link = all.newLink()
  const session = all.open(all.newLink()) ?? ''
  const kept = inspect(all, { depth: 9, showHidden: true })
  expect(kept).not.toContain(link)
  expect(kept).not.toContain(session)
})
