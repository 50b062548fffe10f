/** gRPC's framing on HTTP/2, right and wrong: whatever a caller sends, he gets a status, and the next caller his answer. */
import { once } from 'node:events'
import { constants } from 'node:http2'
import { createConnection } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { SealstoneError } from '#core'
import { eventually } from '../support/eventually.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { answerOf, frame, framed, hashed, headerBlock, PREFACE, Stand } from './support.ts'

const HELLO = Buffer.from('hello')
async function expectAlive(stand: Stand): Promise<void> {
  expect((await stand.ask('/t.T/Echo', [framed(HELLO)])).body).toEqual(framed(HELLO))
}

describe('a call', () => {
  it('of one message is answered', async () => {
    const stand = await Stand.start()
    expect(await stand.ask('/t.T/Echo', [framed(HELLO)])).toEqual({ http: 200, status: '0', message: '', body: framed(HELLO) })
  })

  it('with an answer of many messages gets them all, no faster than they are read', async () => {
    const stand = await Stand.start()
    const { status, body } = await stand.ask('/t.T/Count', [framed(Buffer.from([0, 0, 1, 0]))])
    expect([status, body.length]).toEqual(['0', 256 * (64 * 1024 + 5)])
  })

  it.each([
    ['whole', (bytes: Buffer) => [bytes]],
    ['byte by byte', (bytes: Buffer) => Array.from(bytes, (byte) => Buffer.of(byte))],
    ['cut in the middle of each prefix', (bytes: Buffer) => [bytes.subarray(0, 3), bytes.subarray(3, 7), bytes.subarray(7)]],
  ])('of many messages takes them %s, empty ones too', async (_, cut) => {
    const stand = await Stand.start()
    const messages = [HELLO, Buffer.alloc(0), Buffer.from('world'), Buffer.alloc(0)]
    const { status, body } = await stand.ask('/t.T/Hash', cut(Buffer.concat(messages.map((message) => framed(message)))))
    expect([status, body.subarray(5).toString('hex')]).toEqual(['0', hashed(messages)])
  })

  it('of random messages, cut at random, is hashed as it is', async () => {
    const stand = await Stand.start()
    const random = seededRandom(20_261_124)
    for (let round = 0; round < 60; round++) {
      const messages = Array.from({ length: Math.floor(random() * 6) }, () => Buffer.alloc(Math.floor(random() ** 3 * 70_000), round))
      const bytes = Buffer.concat(messages.map((message) => framed(message)))
      const pieces: Buffer[] = []
      for (let at = 0; at < bytes.length; ) {
        const length = 1 + Math.floor(random() ** 4 * 40_000)
        pieces.push(bytes.subarray(at, at + length))
        at += length
      }
      const { body } = await stand.ask('/t.T/Hash', pieces)
      expect(body.subarray(5).toString('hex')).toBe(hashed(messages))
    }
  })

  it('that fails says why, in the words of the catalogue', async () => {
    const stand = await Stand.start()
    expect(await stand.ask('/t.T/Fail', [framed(HELLO)])).toMatchObject({ http: 200, status: '5', message: 'no key – “größer” 100 %' })
    expect(stand.calls).toEqual([{ method: '/t.T/Fail', code: 'KEY_UNKNOWN', seconds: expect.any(Number), bytes: 5 }])
  })
})

describe('a call is refused', () => {
  it.each<[string, string, Buffer[], Record<string, string>, string]>([
    ['for an unknown method', '/t.T/Nothing', [framed(HELLO)], {}, '12'],
    ['with a compressed message', '/t.T/Hash', [framed(HELLO, 1)], {}, '12'],
    ['with a flag that there is not', '/t.T/Hash', [framed(HELLO, 7)], {}, '12'],
    ['with a message over the limit', '/t.T/Hash', [Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3])], {}, '8'],
    ['that ends in a message', '/t.T/Hash', [framed(HELLO).subarray(0, 8)], {}, '3'],
    ['that ends in a prefix', '/t.T/Hash', [framed(HELLO).subarray(0, 3)], {}, '3'],
    ['without its message', '/t.T/Echo', [], {}, '3'],
    ['with two messages for one', '/t.T/Echo', [framed(HELLO), framed(HELLO)], {}, '3'],
    ['with a timeout that is none', '/t.T/Echo', [framed(HELLO)], { 'grpc-timeout': 'soon' }, '3'],
    ['after its deadline', '/t.T/Wait', [framed(HELLO)], { 'grpc-timeout': '50m' }, '4'],
  ])('%s', async (_, path, pieces, headers, status) => {
    const stand = await Stand.start()
    expect((await stand.ask(path, pieces, headers)).status).toBe(status)
    await expectAlive(stand)
  })

  it('as HTTP says where it is no gRPC', async () => {
    const stand = await Stand.start()
    expect(await stand.ask('/t.T/Echo', [framed(HELLO)], { 'content-type': 'application/json' })).toMatchObject({ http: 415, status: undefined })
    expect(await stand.ask('/t.T/Echo', [framed(HELLO)], { ':method': 'PUT' })).toMatchObject({ http: 405, status: undefined })
    expect((await stand.ask('/t.T/Echo', [framed(HELLO)], { 'content-type': 'application/grpc+proto' })).status).toBe('0')
  })

  it('when its caller is nobody, and before a byte of it is read', async () => {
    const nobody = (): never => {
      throw new SealstoneError('UNAUTHENTICATED')
    }
    const stand = await Stand.start({ identify: nobody })
    expect((await stand.ask('/t.T/Hash', [framed(HELLO)])).status).toBe('16')
    expect(stand.abandoned).toEqual([])
  })

  it('in the middle of a stream: the caller hears why though he still sends', async () => {
    const stand = await Stand.start({ limits: { messageBytes: 1024 * 1024 } })
    const stream = stand.open('/t.T/Hash')
    const answer = answerOf(stream)
    for (let at = 0; at < 60 && !stream.closed; at++) {
      if (!stream.write(framed(Buffer.alloc(1024 * 1024 + (at === 20 ? 1 : 0))))) await Promise.race([once(stream, 'drain'), answer])
    }
    expect((await answer).status).toBe('8')
    expect(stand.abandoned).toEqual(['MESSAGE_TOO_LARGE'])
  })

  it('when too many run', async () => {
    const stand = await Stand.start({ limits: { calls: 3 } })
    const running = Array.from({ length: 3 }, () => stand.open('/t.T/Hash'))
    for (const stream of running) stream.write(framed(HELLO))
    await eventually(async () => expect((await stand.ask('/t.T/Echo', [framed(HELLO)])).status).toBe('8'))
    for (const stream of running) stream.close(constants.NGHTTP2_CANCEL)
    await eventually(() => expectAlive(stand))
  })
})

describe('a caller who vanishes', () => {
  it('by a reset in the middle of a message leaves nothing behind', async () => {
    const stand = await Stand.start()
    // Node's client ends a stream before it resets it; others do not.
    const socket = createConnection(stand.path)
    socket.write(
      Buffer.concat([
        PREFACE,
        frame(4, 0, 0, Buffer.alloc(0)),
        frame(1, 4, 1, headerBlock('/t.T/Hash')),
        frame(0, 0, 1, framed(HELLO).subarray(0, 7)),
      ]),
    )
    await eventually(() => expect(stand.begun).toBe(1))
    socket.write(frame(3, 0, 1, Buffer.from([0, 0, 0, 8])))
    await eventually(() => expect(stand.abandoned).toEqual(['CANCELLED']))
    socket.destroy()
    await expectAlive(stand)
  })

  it.each<[string, (stream: ReturnType<Stand['open']>) => void]>([
    ['cuts his connection', (stream) => stream.session?.destroy()],
    ['says GOAWAY and goes', (stream) => (stream.session?.goaway(), stream.session?.destroy())],
  ])('and %s leaves nothing behind', async (_, vanish) => {
    const stand = await Stand.start()
    const stream = stand.open('/t.T/Hash')
    stream.write(framed(Buffer.alloc(100_000)).subarray(0, 50_000))
    await eventually(() => expect(stand.begun).toBe(1))
    vanish(stream)
    await eventually(() => expect(stand.abandoned).toEqual(['CANCELLED']))
    expect(stand.calls.at(-1)?.code).toBe('CANCELLED')
    await expectAlive(stand)
  })

  it('without a word is ended after a while', async () => {
    const stand = await Stand.start({ limits: { idleMs: 100 } })
    const stream = stand.open('/t.T/Hash')
    stream.write(framed(HELLO))
    expect((await answerOf(stream)).status).toBe('4')
    expect(stand.abandoned).toEqual(['DEADLINE_EXCEEDED'])
  })

  it('again and again, by resets, loses his connection and nobody else does', async () => {
    const stand = await Stand.start({ limits: { resetBurst: 50, resetsPerSecond: 1 } })
    const session = stand.session()
    const closed = new Promise<void>((resolve) => session.once('close', resolve))
    const goaway = new Promise<number>((resolve) => session.once('goaway', resolve))
    for (let sent = 0; sent < 400 && !session.destroyed; ) {
      for (const end = sent + 10; sent < end; sent++) {
        const stream = stand.open('/t.T/Hash', {}, session)
        stream.write(framed(HELLO))
        stream.close(constants.NGHTTP2_CANCEL)
      }
      // Who went on writing might meet the end of the connection before he has read why.
      while (stand.calls.length < sent && !session.destroyed) await sleep(1)
    }
    expect(await goaway).toBeGreaterThan(0)
    await closed
    await expectAlive(stand)
  })
})

describe('bytes that are no HTTP/2', () => {
  it('cost a connection, nothing else', async () => {
    const stand = await Stand.start()
    const random = seededRandom(7)
    for (let round = 0; round < 60; round++) {
      const noise = Buffer.from(Uint8Array.from({ length: Math.floor(random() * 3000) }, () => Math.floor(random() * 256)))
      // A frame header that says what could be, then noise: type, flags and stream are drawn, the length is right.
      const header = Buffer.from([
        noise.length >> 16,
        noise.length >> 8,
        noise.length,
        Math.floor(random() * 11),
        Math.floor(random() * 256),
        0,
        0,
        0,
        Math.floor(random() * 4),
      ])
      const socket = createConnection(stand.path)
      socket.on('error', () => {})
      socket.end(Buffer.concat([round % 5 === 0 ? noise : PREFACE, header, noise, noise]))
      await new Promise((resolve) => socket.resume().once('close', resolve))
    }
    await expectAlive(stand)
  })
})

describe('draining', () => {
  it('lets calls finish, gives up those that do not, and takes no new ones', async () => {
    const stand = await Stand.start()
    const quick = stand.open('/t.T/Hash')
    const slow = stand.open('/t.T/Hash')
    const [quickAnswer, slowAnswer] = [answerOf(quick), answerOf(slow)]
    quick.write(framed(HELLO))
    slow.write(framed(HELLO))
    await eventually(() => expect(stand.begun).toBe(2))
    const drained = stand.drain(2000)
    await sleep(50)
    quick.end()
    expect((await quickAnswer).status).toBe('0')
    expect((await slowAnswer).status).toBe('14')
    await drained
    expect(stand.abandoned).toEqual(['DAEMON_DRAINING'])
    await expect(new Promise((resolve, reject) => createConnection(stand.path).once('error', reject).once('connect', resolve))).rejects.toMatchObject(
      { code: 'ENOENT' },
    )
  })
})
