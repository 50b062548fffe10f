/** The reader of a HashStream's steps, judged by the protobuf library: whatever the cuts, it hands on what a whole message would say. */
import { describe, expect, it } from 'vitest'
import { loadProtos } from '#wire'
import { ByteBudget } from '#frames'
import { type StepHandler, StepReader } from '../../src/dataplane/step-reader.ts'
import { refusal } from '../support/hostile.ts'
import { seededRandom } from '../support/seeded-random.ts'

const { HashService } = loadProtos()
const { HashStream } = HashService.service

type Seen = { readonly kind: 'open' | 'close'; readonly bytes: string } | { readonly kind: 'data'; readonly offset: number; readonly text: string }

/** What the reader hands on, pieces of one chunk put together. */
function read(message: Buffer, cut: (left: number) => number): Seen[] {
  const seen: Seen[] = []
  const handler: StepHandler = {
    open: (bytes) => seen.push({ kind: 'open', bytes: bytes.toString('hex') }),
    close: (bytes) => seen.push({ kind: 'close', bytes: bytes.toString('hex') }),
    data: (offset, piece) => {
      const last = seen.at(-1)
      if (last?.kind === 'data' && last.offset + last.text.length === offset)
        seen[seen.length - 1] = { ...last, text: last.text + piece.toString('latin1') }
      else seen.push({ kind: 'data', offset, text: piece.toString('latin1') })
    },
  }
  const reader = new StepReader(handler, new ByteBudget(1024))
  reader.begin(message.length)
  for (let at = 0; at < message.length; ) {
    const length = Math.max(1, Math.min(message.length - at, cut(message.length - at)))
    reader.bytes(message.subarray(at, at + length))
    at += length
  }
  reader.end()
  return seen
}

function chunk(...fields: Buffer[]): Buffer {
  const inner = Buffer.concat(fields)
  return Buffer.concat([Buffer.from([0x12]), varint(inner.length), inner])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest])
    bytes.push((rest % 128) | 0x80)
  }
}

const OFFSET_7 = Buffer.from([0x08, 7])
const DATA = Buffer.from([0x12, 3, 0x61, 0x62, 0x63])
const UNKNOWN = Buffer.concat([
  Buffer.from([0x98, 0x06, 0x96, 0x01]), // field 99, a number
  Buffer.from([0xa2, 0x06, 2, 0xff, 0xff]), // field 100, bytes
  Buffer.from([0xa9, 0x06, 1, 2, 3, 4, 5, 6, 7, 8]), // field 101, 64 bits
  Buffer.from([0xb5, 0x06, 1, 2, 3, 4]), // field 102, 32 bits
])
const ABC_AT_7 = [{ kind: 'data', offset: 7, text: 'abc' }]

describe('reading steps', () => {
  it('hands on what the protobuf library wrote, whatever the cuts', () => {
    const random = seededRandom(20_261_124)
    for (let round = 0; round < 300; round++) {
      const offset = Math.floor(random() * 2 ** (random() * 53))
      const data = Buffer.from(Uint8Array.from({ length: Math.floor(random() * 400) }, () => Math.floor(random() * 256)))
      const message = HashStream.requestSerialize({ chunk: { offset: String(offset), data } })
      const want = data.length === 0 ? [] : [{ kind: 'data', offset, text: data.toString('latin1') }]
      const most = 1 + Math.floor(random() * 50)
      expect(read(message, () => 1 + Math.floor(random() * most))).toEqual(want)
      expect(read(message, () => 1)).toEqual(want)
    }
  })

  it('gives open and close whole', () => {
    const open = HashStream.requestSerialize({ open: { streamId: 's', name: 'weights.bin', shardSize: '1000000' } })
    const close = HashStream.requestSerialize({ close: { size: '12345678901' } })
    for (const cut of [() => 1, (left: number) => left]) {
      expect(read(open, cut)).toEqual([{ kind: 'open', bytes: open.subarray(2).toString('hex') }])
      expect(read(close, cut)).toEqual([{ kind: 'close', bytes: close.subarray(2).toString('hex') }])
    }
    expect(read(HashStream.requestSerialize({ close: {} }), () => 1)).toEqual([{ kind: 'close', bytes: '' }])
  })

  it.each([
    ['offset first', chunk(OFFSET_7, DATA)],
    ['data first', chunk(DATA, OFFSET_7)],
    ['unknown fields around and within', Buffer.concat([UNKNOWN, chunk(UNKNOWN, OFFSET_7, UNKNOWN, DATA, UNKNOWN), UNKNOWN])],
    ['numbers longer than need be', chunk(Buffer.from([0x88, 0x00, 0x87, 0x80, 0x00]), Buffer.from([0x12, 0x83, 0x80, 0x00, 0x61, 0x62, 0x63]))],
  ])('takes a chunk with %s', (_, message) => {
    expect(read(message, () => 1)).toEqual(ABC_AT_7)
    expect(read(message, (left) => left)).toEqual(ABC_AT_7)
    expect(HashStream.requestDeserialize(message).chunk).toEqual({ offset: '7', data: Buffer.from('abc') })
  })

  it.each([
    ['no step', Buffer.alloc(0), 'INPUT_INVALID'],
    ['only unknown fields', UNKNOWN, 'INPUT_INVALID'],
    ['two chunks', Buffer.concat([chunk(DATA), chunk(DATA)]), 'INPUT_INVALID'],
    ['a chunk and a close', Buffer.concat([chunk(OFFSET_7, DATA), Buffer.from([0x1a, 0])]), 'INPUT_INVALID'],
    ['data twice', chunk(OFFSET_7, DATA, DATA), 'INPUT_INVALID'],
    ['the offset twice', chunk(OFFSET_7, OFFSET_7, DATA), 'FORMAT_INVALID'],
    ['an offset over 2^53', chunk(Buffer.from([0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]), DATA), 'INPUT_INVALID'],
    ['a number without end', chunk(Buffer.from([0x08, ...Array.from({ length: 11 }, () => 0xff)]), DATA), 'FORMAT_INVALID'],
    ['the offset as bytes', chunk(Buffer.from([0x0a, 1, 7]), DATA), 'FORMAT_INVALID'],
    ['the data as a number', chunk(OFFSET_7, Buffer.from([0x10, 7])), 'FORMAT_INVALID'],
    ['the chunk as a number', Buffer.from([0x10, 7]), 'FORMAT_INVALID'],
    ['data longer than its chunk', Buffer.concat([chunk(OFFSET_7, Buffer.from([0x12, 4, 0x61])), DATA]), 'FORMAT_INVALID'],
    ['a chunk longer than the message', Buffer.from([0x12, 9, 0x08, 7]), 'FORMAT_INVALID'],
    ['a chunk that ends in a number', chunk(Buffer.from([0x08, 0x80])), 'FORMAT_INVALID'],
    ['a message that ends in a tag', Buffer.from([0x92]), 'FORMAT_INVALID'],
    ['a group', Buffer.from([0x0b, 0x0c]), 'FORMAT_INVALID'],
    ['field number 0', Buffer.from([0x02, 0]), 'FORMAT_INVALID'],
    ['an open of 100 kB', Buffer.concat([Buffer.from([0x0a]), varint(100_000), Buffer.alloc(100_000)]), 'INPUT_TOO_LARGE'],
  ])('refuses %s', (_, message, code) => {
    expect(refusal(() => read(message, () => 1))).toBe(code)
    expect(refusal(() => read(message, (left) => left))).toBe(code)
  })

  it('hands on at once what can have no offset after it, as every encoder writes offset 0', () => {
    const pieces: string[] = []
    const ignore = () => {}
    const reader = new StepReader(
      { open: ignore, close: ignore, data: (offset, piece) => void pieces.push(`${offset} ${piece.toString()}`) },
      new ByteBudget(0),
    )
    const message = HashStream.requestSerialize({ chunk: { offset: '0', data: Buffer.from('abcdef') } })
    reader.begin(message.length)
    for (const byte of message) reader.bytes(Buffer.of(byte))
    expect(pieces).toEqual(['0 a', '1 b', '2 c', '3 d', '4 e', '5 f'])
    reader.end()
  })

  it('keeps data that comes before its offset within a bound for all streams, and lets go of it', () => {
    const early = new ByteBudget(1000)
    const ignore = () => {}
    const readers = Array.from({ length: 3 }, () => new StepReader({ open: ignore, close: ignore, data: ignore }, early))
    const [first, second, third] = readers as [StepReader, StepReader, StepReader]
    const message = chunk(Buffer.concat([Buffer.from([0x12]), varint(600), Buffer.alloc(600)]), OFFSET_7)
    const most = message.subarray(0, message.length - 1)
    for (const reader of readers) reader.begin(message.length)
    first.bytes(most)
    expect(refusal(() => second.bytes(most))).toBe('OVERLOADED')
    second.discard()
    first.bytes(message.subarray(message.length - 1))
    first.end()
    third.bytes(most) // there is room again
    third.discard()
    first.begin(message.length)
    first.bytes(most)
  })

  it('refuses or reads random bytes, and reads the next message then', () => {
    const random = seededRandom(7)
    const outcomes = new Set<string>()
    for (let round = 0; round < 5000; round++) {
      const message = Buffer.from(
        Uint8Array.from({ length: 1 + Math.floor(random() * 24) }, () => Math.floor(random() * (random() < 0.5 ? 24 : 256))),
      )
      outcomes.add(refusal(() => read(message, () => 1 + Math.floor(random() * 4))))
    }
    expect([...outcomes].sort()).toEqual(['FORMAT_INVALID', 'INPUT_INVALID', 'nothing thrown'])
  })
})
