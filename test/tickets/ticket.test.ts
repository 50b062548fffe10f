/** Hash tickets, made a second time by hand, and refused when anything that they vouch for is another. */
import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { parseIdentity } from '#core'
import { checkTicket, type HashedFile, issueTicket, newTicketKey } from '#tickets'
import { refusal } from '../support/hostile.ts'

const KEY = Uint8Array.from({ length: 32 }, (_, at) => at)
const NOW = new Date('2026-11-24T12:00:00.123Z')
const DIGEST = new Uint8Array(32).fill(7)
const FILE: HashedFile = { caller: parseIdentity('local'), name: 'größe/w.bin', size: 12, hashType: 'sha256', digests: [DIGEST] }
const MINUTE_MS = 60_000

function later(milliseconds: number): Date {
  return new Date(NOW.getTime() + milliseconds)
}

it('is what RFC 2104 makes of the canonical text', () => {
  const text = `{"caller":"local","digests":["${'07'.repeat(32)}"],"hashType":"sha256","name":"größe/w.bin","purpose":"sealstone hash ticket v1","size":12}`
  const head = Buffer.from('010000019ab5b5da7b', 'hex')
  head.writeBigUInt64BE(BigInt(NOW.getTime()), 1)
  const want = Buffer.concat([head, createHmac('sha256', KEY).update(head).update(text, 'utf8').digest()])
  expect(Buffer.from(issueTicket(KEY, FILE, NOW)).toString('hex')).toBe(want.toString('hex'))
})

it('holds for its file for an hour, with any of the keys', () => {
  const ticket = issueTicket(KEY, FILE, NOW)
  for (const ms of [-59 * MINUTE_MS, 0, 59 * MINUTE_MS]) checkTicket([newTicketKey(), KEY], FILE, ticket, later(ms))
  expect(refusal(() => checkTicket([KEY], FILE, ticket, later(60 * MINUTE_MS)))).toBe('TICKET_EXPIRED')
  expect(refusal(() => checkTicket([KEY], FILE, ticket, later(-61 * MINUTE_MS)))).toBe('TICKET_EXPIRED')
})

describe('is refused', () => {
  it.each<[string, Partial<HashedFile>]>([
    ['for another caller', { caller: parseIdentity('registry.example') }],
    ['for another name', { name: 'w.bin' }],
    ['for another size', { size: 13 }],
    ['for another hash', { hashType: 'blake3' }],
    ['for another digest', { digests: [DIGEST.with(0, 8)] }],
    ['for more digests', { digests: [DIGEST, DIGEST] }],
    ['for no digests', { digests: [] }],
    ['for shards', { shardSize: 12 }],
  ])('%s', (_, change) => {
    expect(refusal(() => checkTicket([KEY], { ...FILE, ...change }, issueTicket(KEY, FILE, NOW), NOW))).toBe('TICKET_INVALID')
  })

  it('with any bit of it changed, cut, longer, of another key, or of none', () => {
    const ticket = issueTicket(KEY, FILE, NOW)
    for (let bit = 0; bit < ticket.length * 8; bit++) {
      const changed = ticket.with(bit >> 3, (ticket[bit >> 3] ?? 0) ^ (1 << (bit & 7)))
      expect(refusal(() => checkTicket([KEY], FILE, changed, NOW))).toBe('TICKET_INVALID')
    }
    for (const other of [ticket.subarray(1), ticket.subarray(0, 40), new Uint8Array([...ticket, 0]), new Uint8Array()])
      expect(refusal(() => checkTicket([KEY], FILE, other, NOW))).toBe('TICKET_INVALID')
    expect(refusal(() => checkTicket([newTicketKey()], FILE, ticket, NOW))).toBe('TICKET_INVALID')
    expect(refusal(() => checkTicket([], FILE, ticket, NOW))).toBe('TICKET_INVALID')
  })
})
