/** Callers who try to hold what is not theirs: many calls, answers that they do not take, floods of what HTTP/2 has to answer. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { parseIdentity } from '#core'
import { eventually } from '../support/eventually.ts'
import { framed, frame, hashed, headerBlock, PREFACE, Stand } from './support.ts'

const HELLO = Buffer.from('hello')
const [DATA, HEADERS, SETTINGS, PING, WINDOW_UPDATE, CONTINUATION] = [0, 1, 4, 6, 8, 9]
const [END_STREAM, END_HEADERS, ACK] = [1, 4, 1]
const INITIAL_WINDOW_SIZE = 4
const NO_SETTINGS = frame(SETTINGS, 0, 0, Buffer.alloc(0))

/** RFC 9113 §6.5.2: what the server may send before it is told to go on. */
function windowOf(bytes: number): Buffer {
  const setting = Buffer.alloc(6)
  setting.writeUInt16BE(INITIAL_WINDOW_SIZE)
  setting.writeUInt32BE(bytes, 2)
  return frame(SETTINGS, 0, 0, setting)
}

async function expectAlive(stand: Stand): Promise<void> {
  expect((await stand.ask('/t.T/Echo', [framed(HELLO)])).body).toEqual(framed(HELLO))
}

function codes(stand: Stand): string[] {
  return stand.calls.map(({ code }) => code)
}

describe('an answer that nobody takes', () => {
  it.each([
    ['many messages', '/t.T/Count', Buffer.from([0, 0, 1, 0])],
    ['one', '/t.T/Echo', Buffer.alloc(200_000)],
  ])('of %s is let go of, and its call counts until then', async (_, path, message) => {
    const stand = await Stand.start({ limits: { idleMs: 1500, calls: 1 } })
    const socket = stand.raw()
    socket.write(Buffer.concat([PREFACE, windowOf(0), frame(HEADERS, END_HEADERS, 1, headerBlock(path))]))
    const request = framed(message)
    for (let at = 0; at < request.length; at += 16_000) {
      const isLast = at + 16_000 >= request.length
      socket.write(frame(DATA, isLast ? END_STREAM : 0, 1, request.subarray(at, at + 16_000)))
    }
    await eventually(async () => expect((await stand.ask('/t.T/Echo', [framed(HELLO)])).status).toBe('8'))
    await eventually(() => expect(codes(stand)).toContain('DEADLINE_EXCEEDED'))
    await expectAlive(stand)
  })

  it('is not let go of while he takes some of it', async () => {
    const stand = await Stand.start({ limits: { idleMs: 2000 } })
    const stream = stand.open('/t.T/Count')
    stream.end(framed(Buffer.from([0, 0, 0, 18])))
    let bytes = 0
    stream.on('data', (piece: Buffer) => {
      bytes += piece.length
      stream.pause()
      setTimeout(() => stream.resume(), 40)
    })
    await once(stream, 'close')
    expect(bytes).toBe(18 * (64 * 1024 + 5))
    await eventually(() => expect(codes(stand)).toEqual(['OK']))
  })
})

describe('one caller', () => {
  it('has a part of all calls and not all of them', async () => {
    let caller = parseIdentity('one')
    const stand = await Stand.start({ limits: { callsPerCaller: 3 }, identify: () => caller })
    const session = stand.session()
    const running = Array.from({ length: 3 }, () => stand.open('/t.T/Hash', {}, session))
    for (const stream of running) stream.write(framed(HELLO))
    await eventually(async () => expect((await stand.ask('/t.T/Echo', [framed(HELLO)])).status).toBe('8'))
    caller = parseIdentity('another')
    await expectAlive(stand)
    caller = parseIdentity('one')
    for (const stream of running) stream.close(8)
    await eventually(() => expectAlive(stand))
  })

  it('has a part of all connections', async () => {
    let caller = parseIdentity('one')
    const stand = await Stand.start({ limits: { connectionsPerCaller: 2 }, identify: () => caller })
    const sockets = [stand.raw(), stand.raw()]
    for (const socket of sockets) socket.write(Buffer.concat([PREFACE, NO_SETTINGS]))
    await Promise.all(sockets.map((socket) => once(socket, 'data')))
    await once(stand.raw().resume(), 'close')
    caller = parseIdentity('another')
    await expectAlive(stand)
    caller = parseIdentity('one')
    sockets[0]?.destroy()
    await eventually(() => expectAlive(stand))
  })

  it('holds requests that are not whole within a bound for all calls', async () => {
    const stand = await Stand.start({ limits: { heldBytes: 200_000 } })
    const first = stand.open('/t.T/Echo')
    first.write(framed(Buffer.alloc(150_000)).subarray(0, 140_000))
    await eventually(async () => expect((await stand.ask('/t.T/Echo', [framed(Buffer.alloc(100_000))])).status).toBe('8'))
    await expectAlive(stand)
    first.destroy()
    await eventually(async () => expect((await stand.ask('/t.T/Echo', [framed(Buffer.alloc(100_000))])).status).toBe('0'))
  })
})

describe('HTTP/2', () => {
  it('takes headers in fragments, and a body in frames of one byte with padding between', async () => {
    const stand = await Stand.start()
    const socket = stand.raw()
    const block = headerBlock('/t.T/Hash')
    const cuts = [0, 1, 2, 7, 30, 31, 60, block.length] // in the middle of names and lengths
    const fragments = cuts
      .slice(1)
      .map((end, at) => frame(at === 0 ? HEADERS : CONTINUATION, end === block.length ? END_HEADERS : 0, 1, block.subarray(cuts[at], end)))
    const body = Array.from(framed(HELLO), (byte) => frame(DATA, 8, 1, Buffer.from([3, byte, 0, 0, 0]))) // flag 8: padded, by three bytes
    socket.write(Buffer.concat([PREFACE, NO_SETTINGS, ...fragments, ...body, frame(DATA, END_STREAM, 1, Buffer.alloc(0))]))
    await eventually(() => expect(codes(stand)).toEqual(['OK']))
    const pieces: Buffer[] = []
    socket.on('data', (piece: Buffer) => pieces.push(piece))
    await eventually(() => expect(Buffer.concat(pieces).toString('hex')).toContain(hashed([HELLO])))
  })

  it.each<[string, (at: number) => Buffer]>([
    ['headers without end (CVE-2024-27316)', (at) => frame(at === 0 ? HEADERS : CONTINUATION, 0, 1, Buffer.alloc(16_000, 'a'))],
    ['PINGs whose answers are not read (CVE-2019-9512)', () => Buffer.concat(Array.from({ length: 1000 }, () => frame(PING, 0, 0, Buffer.alloc(8))))],
    ['SETTINGS whose answers are not read (CVE-2019-9515)', () => Buffer.concat(Array.from({ length: 1000 }, () => windowOf(65_535)))],
    ['empty frames (CVE-2019-9518)', (at) => (at === 0 ? frame(HEADERS, END_HEADERS, 1, headerBlock('/t.T/Hash')) : emptyFrames())],
    ['window updates over 2^31 - 1', () => frame(WINDOW_UPDATE, 0, 0, Buffer.from([0x7f, 0xff, 0xff, 0xff]))],
    ['acknowledgements of nothing', () => Buffer.concat(Array.from({ length: 1000 }, () => frame(SETTINGS, ACK, 0, Buffer.alloc(0))))],
  ])('%s cost a connection, and no memory', async (_, piece) => {
    const stand = await Stand.start()
    const before = process.memoryUsage().rss
    const socket = stand.raw()
    socket.pause()
    socket.write(Buffer.concat([PREFACE, NO_SETTINGS]))
    // Nothing is read, so it is by writing that the end is noticed.
    for (let at = 0; !socket.destroyed; at++) {
      if (socket.write(piece(at))) await new Promise(setImmediate)
      else await Promise.race([once(socket, 'drain').catch(() => {}), sleep(200)])
      if (at % 50 === 0) await expectAlive(stand)
    }
    await expectAlive(stand)
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024)
  })

  it('takes a call without te: trailers', async () => {
    const stand = await Stand.start()
    const stream = stand.session().request({ ':method': 'POST', ':path': '/t.T/Hash', 'content-type': 'application/grpc' })
    const pieces: Buffer[] = []
    stream.on('data', (piece: Buffer) => pieces.push(piece)).end(framed(HELLO))
    await once(stream, 'close')
    expect(Buffer.concat(pieces).subarray(5).toString('hex')).toBe(hashed([HELLO]))
  })

  it('hears GOAWAY when the server drains, and its call is still answered', async () => {
    const stand = await Stand.start()
    const session = stand.session()
    const stream = stand.open('/t.T/Hash', {}, session)
    stream.write(framed(HELLO))
    await eventually(() => expect(stand.begun).toBe(1))
    const goaway = once(session, 'goaway')
    const drained = stand.drain(100_000)
    await goaway
    const hash = createHash('sha256')
    stream.on('data', (piece: Buffer) => hash.update(piece))
    stream.end()
    await once(stream, 'close')
    expect(codes(stand)).toEqual(['OK'])
    await drained
  })
})

function emptyFrames(): Buffer {
  return Buffer.concat(Array.from({ length: 1000 }, () => frame(DATA, 0, 1, Buffer.alloc(0))))
}
