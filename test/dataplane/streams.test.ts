/** Files whose bytes come in order: their digests judged by node:crypto over the whole, taken up again in this process and in the next. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Clock, parseIdentity } from '#core'
import { openDatabase } from '#db'
import { loadHasher } from '#hashing'
import { type FileSettings, HashedFile } from '../../src/dataplane/hashed-file.ts'
import { STREAM_MIGRATIONS, StreamStore } from '../../src/dataplane/stream-store.ts'
import { Streams, type StreamUser } from '../../src/dataplane/streams.ts'
import { refusal } from '../support/hostile.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { temporaryFolder } from '../support/temporary.ts'

const HASHERS = { sha256: await loadHasher('sha256'), blake2b: await loadHasher('blake2b'), blake3: await loadHasher('blake3') }
const CALLER = parseIdentity('local')
const OTHER = parseIdentity('registry.example.org')
const LIMITS = { perCaller: 2, kept: 4, keptShards: 100, resumeMs: 60_000 }
const MOST_STORED = 250
const BYTES = Buffer.from(Uint8Array.from({ length: 10_007 }, (_, at) => (at * 31) % 251))

function settings(change: Partial<FileSettings> = {}): FileSettings {
  return { name: 'w.bin', hashType: 'sha256', shardsOnly: false, ...change }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function shardsOf(bytes: Buffer, size: number): string[] {
  const count = Math.max(1, Math.ceil(bytes.length / size))
  return Array.from({ length: count }, (_, at) => sha256(bytes.subarray(at * size, (at + 1) * size)))
}

class Stand {
  time = 0
  readonly clock: Clock = { now: () => new Date(1e12 + this.time), monotonicMs: () => this.time }
  readonly path = join(temporaryFolder(), 'streams.db')
  readonly unsaved: unknown[] = []
  database = openDatabase(this.path, STREAM_MIGRATIONS)
  streams = this.start()

  /** As after a restart: what is in memory only is gone. */
  start(): Streams {
    this.database.close()
    this.database = openDatabase(this.path, STREAM_MIGRATIONS)
    this.streams = new Streams(LIMITS, new StreamStore(this.database, MOST_STORED), HASHERS, this.clock, (error) => this.unsaved.push(error))
    return this.streams
  }
}

const user = (): StreamUser => ({ onTakenOver: () => {} })

describe('a file', () => {
  it.each([1, 7, 1000, 10_006, 10_007, 10_008, 1_000_000])(
    'has the digests of its parts of %i bytes and of the whole, however it comes',
    (shardSize) => {
      const random = seededRandom(shardSize)
      const file = new HashedFile(settings({ shardSize, size: BYTES.length }), HASHERS.sha256)
      for (let at = 0; at < BYTES.length; ) {
        const end = Math.min(BYTES.length, at + Math.floor(random() * 3000))
        file.update(BYTES.subarray(at, end))
        at = end
      }
      const { whole, shards } = file.finish(BYTES.length)
      expect(whole?.toHex()).toBe(sha256(BYTES))
      expect(shards?.map((digest) => digest.toHex())).toEqual(shardsOf(BYTES, shardSize))
    },
  )

  it('is one empty part when it is empty', () => {
    expect(new HashedFile(settings({ shardSize: 10 }), HASHERS.sha256).finish(0).shards?.map((digest) => digest.toHex())).toEqual([
      sha256(Buffer.alloc(0)),
    ])
    expect(new HashedFile(settings(), HASHERS.sha256).finish(0).whole?.toHex()).toBe(sha256(Buffer.alloc(0)))
  })

  it('has no digest of the whole where only the parts are wanted', () => {
    const file = new HashedFile(settings({ shardSize: 100, shardsOnly: true }), HASHERS.sha256)
    file.update(BYTES)
    expect(file.finish(BYTES.length).whole).toBeUndefined()
  })

  it('takes neither more bytes than were said nor an end before they came, and goes on after that', () => {
    const file = new HashedFile(settings({ size: 10 }), HASHERS.sha256)
    file.update(BYTES.subarray(0, 6))
    expect(refusal(() => file.update(BYTES.subarray(6, 11)))).toBe('INPUT_INVALID')
    expect(refusal(() => file.finish(6))).toBe('INPUT_INVALID')
    file.update(BYTES.subarray(6, 10))
    expect(file.finish(10).whole?.toHex()).toBe(sha256(BYTES.subarray(0, 10)))
    expect(file.finish(10).whole?.toHex()).toBe(sha256(BYTES.subarray(0, 10)))
  })

  it('has at most 100,000 parts', () => {
    const file = new HashedFile(settings({ shardSize: 1 }), HASHERS.blake3)
    file.update(Buffer.alloc(100_000))
    expect(refusal(() => file.update(Buffer.alloc(1)))).toBe('INPUT_TOO_LARGE')
    expect(file.finish(100_000).shards?.length).toBe(100_000)
  })
})

describe('streams', () => {
  it('go on in this process where they broke, to the byte', () => {
    const { streams } = new Stand()
    const first = user()
    const stream = streams.open(CALLER, 'a', settings(), first)
    stream.file.update(BYTES.subarray(0, 5003))
    streams.release(stream, first)
    expect(streams.find(CALLER, 'a').file.offset).toBe(5003)
    const again = streams.open(CALLER, 'a', settings(), user())
    again.file.update(BYTES.subarray(5003))
    expect(again.file.finish(BYTES.length).whole?.toHex()).toBe(sha256(BYTES))
  })

  it('go on after a restart with the parts that were finished, and then have no digest of the whole', () => {
    const stand = new Stand()
    const first = user()
    const stream = stand.streams.open(CALLER, 'a', settings({ shardSize: 1000 }), first)
    stream.file.update(BYTES.subarray(0, 5003))
    stand.streams.saveAll()
    stand.start()
    expect(stand.streams.find(CALLER, 'a').file.offset).toBe(5000)
    const again = stand.streams.open(CALLER, 'a', settings({ shardSize: 1000 }), user())
    again.file.update(BYTES.subarray(5000))
    const { whole, shards } = again.file.finish(BYTES.length)
    expect(whole).toBeUndefined()
    expect(shards?.map((digest) => digest.toHex())).toEqual(shardsOf(BYTES, 1000))
  })

  it('answer again after a restart what was finished before', () => {
    const stand = new Stand()
    const first = user()
    const stream = stand.streams.open(CALLER, 'a', settings({ shardSize: 4000 }), first)
    stream.file.update(BYTES)
    stream.file.finish(BYTES.length)
    stand.streams.release(stream, first)
    stand.start()
    const again = stand.streams.open(CALLER, 'a', settings({ shardSize: 4000 }), user())
    expect(again.file.offset).toBe(BYTES.length)
    expect(again.file.finish(BYTES.length).shards?.map((digest) => digest.toHex())).toEqual(shardsOf(BYTES, 4000))
  })

  it('begin anew after a restart where the file is not cut', () => {
    const stand = new Stand()
    stand.streams.open(CALLER, 'a', settings(), user()).file.update(BYTES)
    stand.streams.saveAll()
    stand.start()
    expect(refusal(() => stand.streams.find(CALLER, 'a'))).toBe('STREAM_UNKNOWN')
  })

  it('belong to their caller', () => {
    const { streams } = new Stand()
    streams.open(CALLER, 'a', settings(), user()).file.update(BYTES)
    expect(refusal(() => streams.find(OTHER, 'a'))).toBe('STREAM_UNKNOWN')
    expect(streams.open(OTHER, 'a', settings({ name: 'other.bin' }), user()).file.offset).toBe(0)
  })

  it('keep their settings', () => {
    const { streams } = new Stand()
    streams.open(CALLER, 'a', settings({ shardSize: 5 }), user())
    for (const other of [
      settings(),
      settings({ shardSize: 6 }),
      settings({ shardSize: 5, name: 'x' }),
      settings({ shardSize: 5, hashType: 'blake3' }),
    ])
      expect(refusal(() => streams.open(CALLER, 'a', other, user()))).toBe('STREAM_CONFLICT')
  })

  it('are taken over by the newer call', () => {
    const { streams } = new Stand()
    let told = 0
    const old: StreamUser = { onTakenOver: () => (told += 1) }
    const stream = streams.open(CALLER, 'a', settings(), old)
    streams.open(CALLER, 'a', settings(), user())
    expect(told).toBe(1)
    streams.release(stream, old)
    expect(streams.running).toBe(1)
  })

  it('are bounded for each caller and in all: the one that waits longest makes room, a running one never', () => {
    const stand = new Stand()
    const { streams } = stand
    const users = [user(), user()]
    const running = users.map((each, at) => streams.open(CALLER, `run-${at}`, settings(), each))
    for (const { file } of running) file.update(BYTES)
    expect(refusal(() => streams.open(CALLER, 'third', settings(), user()))).toBe('OVERLOADED')
    for (const id of ['b', 'c', 'd']) {
      stand.time += 1
      const idle = user()
      const stream = streams.open(OTHER, id, settings(), idle)
      stream.file.update(BYTES)
      streams.release(stream, idle)
    }
    expect(refusal(() => streams.find(OTHER, 'b'))).toBe('STREAM_UNKNOWN')
    expect(streams.find(OTHER, 'd').file.offset).toBe(BYTES.length)
    expect(running.map((_, at) => streams.find(CALLER, `run-${at}`).file.offset)).toEqual([BYTES.length, BYTES.length])
  })

  it('hold so many digests of parts in all: idle ones make room, and where none is idle the one that grows is refused and can go on', () => {
    const { streams } = new Stand()
    const [idle, first, second] = [user(), user(), user()]
    const old = streams.open(OTHER, 'old', settings({ shardSize: 1 }), idle)
    old.file.update(BYTES.subarray(0, 60))
    streams.release(old, idle)
    const one = streams.open(CALLER, 'one', settings({ shardSize: 1 }), first)
    const two = streams.open(CALLER, 'two', settings({ shardSize: 101 }), second)
    one.file.update(BYTES.subarray(0, 99)) // the idle one goes
    two.file.update(BYTES.subarray(0, 150))
    expect(refusal(() => one.file.update(BYTES.subarray(99, 100)))).toBe('OVERLOADED')
    expect(refusal(() => two.file.update(BYTES.subarray(150, 303)))).toBe('OVERLOADED')
    expect([one.file.offset, two.file.offset]).toEqual([99, 150])
    streams.release(one, first) // what is left of it is in the database, and it makes room
    two.file.update(BYTES.subarray(150))
    expect(two.file.finish(BYTES.length).shards?.map((digest) => digest.toHex())).toEqual(shardsOf(BYTES, 101))
    expect(refusal(() => streams.find(CALLER, 'one'))).toBe('OVERLOADED') // all that is held runs
  })

  it('keep so many digests in the database: the stream that was used least lately goes', () => {
    const stand = new Stand()
    const ids = ['a', 'b', 'c', 'd']
    for (const id of ids) {
      stand.time += 1
      const each = user()
      const stream = stand.streams.open(CALLER, id, settings({ shardSize: 1 }), each)
      stream.file.update(BYTES.subarray(0, 80))
      stand.streams.release(stream, each)
    }
    stand.start()
    const offsets = ids.map((id) => refusal(() => expect(stand.streams.find(CALLER, id).file.offset).toBe(80)))
    expect(offsets).toEqual(['STREAM_UNKNOWN', 'nothing thrown', 'nothing thrown', 'nothing thrown'])
  })

  it('go on when nothing can be saved, and say so', () => {
    const stand = new Stand()
    const first = user()
    const stream = stand.streams.open(CALLER, 'a', settings({ shardSize: 1000 }), first)
    stream.file.update(BYTES.subarray(0, 5003))
    stand.database.close()
    stand.streams.saveAll()
    stand.streams.forgetOld()
    expect(stand.unsaved.length).toBe(2)
    stream.file.update(BYTES.subarray(5003))
    expect(stream.file.finish(BYTES.length).shards?.length).toBe(11)
    stand.streams.release(stream, first)
  })

  it('are forgotten after their time, in memory and on the disk', () => {
    const stand = new Stand()
    const first = user()
    const stream = stand.streams.open(CALLER, 'a', settings({ shardSize: 1000 }), first)
    stream.file.update(BYTES)
    stand.streams.release(stream, first)
    stand.time += LIMITS.resumeMs - 1
    stand.streams.forgetOld()
    expect(stand.streams.find(CALLER, 'a').file.offset).toBe(BYTES.length)
    stand.time += LIMITS.resumeMs + 1
    stand.streams.forgetOld()
    stand.start()
    expect(refusal(() => stand.streams.find(CALLER, 'a'))).toBe('STREAM_UNKNOWN')
  })
})
