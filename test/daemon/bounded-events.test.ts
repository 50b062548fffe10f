/** Events that others can bring about as often as they like cannot flood the log, and none is lost. */
import { expect, it } from 'vitest'
import { SealstoneError, silentLogger } from '#core'
import type { NewLeaf } from '#tlog'
import { type BoundedEvent, BoundedEvents, UNKNOWN_CALLER } from '../../src/daemon/bounded-events.ts'

function make() {
  const leaves: NewLeaf[] = []
  const state = { now: 0, isFull: false }
  const append = async (leaf: NewLeaf): Promise<{ index: bigint }> => {
    if (state.isFull) throw new SealstoneError('AUDIT_UNAVAILABLE')
    leaves.push(leaf)
    return { index: BigInt(leaves.length) }
  }
  const clock = { now: () => new Date(0), monotonicMs: () => state.now }
  return { leaves, state, events: new BoundedEvents({ audit: { append }, clock, logger: silentLogger }) }
}

const event = (what: string, detail = '10.0.0.1'): BoundedEvent => ({
  kind: 'login-refused',
  operation: 'connect',
  caller: UNKNOWN_CALLER,
  result: 'error',
  what,
  only: { detail },
})
const told = (leaves: readonly NewLeaf[]): number => leaves.reduce((sum, { count }) => sum + (count ?? 1), 0)

it('the first 20 of a minute are told one by one, the others by their number', async () => {
  const { leaves, state, events } = make()
  for (let at = 0; at < 1000; at += 1) await events.record(event('CERT_HAS_EXPIRED'))
  expect(leaves).toHaveLength(20)
  await events.flush()
  expect(leaves).toHaveLength(21)
  expect(leaves.at(-1)).toMatchObject({ count: 980, reason: 'CERT_HAS_EXPIRED; counted, not told one by one' })
  await events.flush()
  expect(leaves).toHaveLength(21)
  state.now = 60_000
  await events.record(event('CERT_HAS_EXPIRED', '10.0.0.2'))
  expect(leaves.at(-1)).toMatchObject({ reason: 'CERT_HAS_EXPIRED: 10.0.0.2' })
})

it('a minute of a thousand sorts of events is at most 60 and 17 leaves', async () => {
  const { leaves, events } = make()
  for (let at = 0; at < 1000; at += 1) await events.record(event(`reason ${at}`))
  await events.flush()
  expect(leaves).toHaveLength(60 + 17)
  expect(told(leaves)).toBe(1000)
})

it('what the log cannot take now is told when it can', async () => {
  const { leaves, state, events } = make()
  state.isFull = true
  for (let at = 0; at < 5; at += 1) await events.record(event('CERT_HAS_EXPIRED'))
  await events.flush()
  expect(leaves).toEqual([])
  state.isFull = false
  await events.flush()
  expect(told(leaves)).toBe(5)
})
