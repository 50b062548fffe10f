/** The log over HTTP: what a cache, a page elsewhere and a hostile client get. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { databaseTiles } from '#audit'
import { type HttpListener, openHttpListener } from '#listeners'
import { logHandler } from '#publish'
import type { TileSource } from '#tlog'
import { type OpenLog, openLog, outcome } from '../audit/support.ts'
import { eventually } from '../support/eventually.ts'
import { softwareLog } from '../support/software-log.ts'
import { temporaryFolder } from '../support/sealstone.ts'
import { grow, judge } from './support.ts'

const LOG = softwareLog('log.example/http')
const answered: number[] = []
const failures: unknown[] = []
const folder = temporaryFolder()
let log: OpenLog
let server: HttpListener

const open = (source: TileSource, idleMs = 2500): Promise<HttpListener> =>
  openHttpListener(
    { host: '127.0.0.1', port: 0, setting: 'audit.listen', connections: 8, timeoutMs: 1500, idleMs },
    logHandler(source, { onAnswer: (status) => void answered.push(status), onFailure: (error) => void failures.push(error) }),
  )
const get = (path: string, init?: RequestInit): Promise<Response> => fetch(`${server.origin}${path}`, init)

beforeAll(async () => {
  log = await openLog(folder.path, LOG)
  await grow(log, 599)
  server = await open(databaseTiles(log.db))
})
afterAll(async () => {
  await server.close()
  await log[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

it('is read whole by a reader that knows its keys, also while it grows', async () => {
  expect(await judge(server.origin, LOG)).toBe(600n)
  const growing = grow(log, 300)
  await judge(server.origin, LOG)
  await growing
  expect(await judge(server.origin, LOG)).toBe(900n)
})

describe('the checkpoint', () => {
  it('is text that caches ask for again', async () => {
    const { status, headers } = await get('/checkpoint')
    expect(status).toBe(200)
    expect(headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(headers.get('cache-control')).toBe('no-cache')
    expect(headers.get('access-control-allow-origin')).toBe('*')
  })

  it('is not sent again to who has it, and is when it changed', async () => {
    const etag = (await get('/checkpoint')).headers.get('etag') as string
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await get('/checkpoint', { headers: { 'if-none-match': known } })
      expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', etag])
    }
    await grow(log, 1)
    const changed = await get('/checkpoint', { headers: { 'if-none-match': etag } })
    expect(changed.status).toBe(200)
    expect(changed.headers.get('etag')).not.toBe(etag)
  })
})

describe('tiles and entry bundles', () => {
  it.each(['/tile/0/000', '/tile/0/001.p/7', '/tile/1/000.p/2', '/tile/entries/000', '/tile/entries/001.p/3'])(
    '%s may be kept for ever',
    async (path) => {
      const { status, headers } = await get(path)
      expect(status).toBe(200)
      expect(headers.get('content-type')).toBe('application/octet-stream')
      expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
      expect(headers.get('access-control-allow-origin')).toBe('*')
    },
  )

  it('of entries are compressed for those who can read that, and for no others', async () => {
    const raw = async (accepted: string) => await rawGet(server.port, `/tile/entries/000`, `accept-encoding: ${accepted}\r\n`)
    const plain = await raw('identity')
    expect(plain.head).toMatch(/^vary: accept-encoding$/im)
    expect(plain.head).not.toMatch(/content-encoding/i)
    const packed = await raw('br;q=1, gzip;q=0.5')
    expect(packed.head).toMatch(/^content-encoding: gzip$/im)
    expect(gunzipSync(packed.body)).toEqual(plain.body)
    expect(packed.body.length).toBeLessThan(plain.body.length / 2)
    expect((await raw('gzip;q=0')).head).not.toMatch(/content-encoding/i)
  })

  it('that no checkpoint covers are not there', async () => {
    await log.audit.append(outcome())
    const width = Number(log.audit.size() % 256n)
    for (const path of [`/tile/0/003.p/${width}`, `/tile/entries/003.p/${width}`, '/tile/0/003', '/tile/2/000.p/1', '/tile/5/x999/x999/999']) {
      const { status, headers } = await get(path)
      expect([path, status, headers.get('cache-control')]).toEqual([path, 404, 'no-store'])
    }
    expect((await get(`/tile/0/003.p/${width - 1}`)).status).toBe(200)
  })
})

describe('whatever else is asked for', () => {
  it.each(['/', '/checkpoint/', '/checkpoint?x', '/tile/0/0', '/tile/0/000.p/256', '/tile/6/000', '/log.v3', '/tile/data/000', '//checkpoint'])(
    '%s is not there',
    async (path) => {
      expect((await rawGet(server.port, path)).head).toMatch(/^HTTP\/1\.1 404 /)
    },
  )

  it.each([
    '/../checkpoint',
    '/tile/../checkpoint',
    '/%2e%2e/sealstone.db',
    '/tile/0/..%2f..%2fsealstone.db',
    'checkpoint',
    'http://x/checkpoint',
    '*',
  ])('%s leads nowhere', async (path) => {
    expect((await rawGet(server.port, path)).head).toMatch(/^HTTP\/1\.1 40[04] /)
  })

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])('%s is not a method', async (method) => {
    const { status, headers } = await get('/checkpoint', { method })
    expect([status, headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })

  it('HEAD has the headers of GET and no body', async () => {
    for (const path of ['/checkpoint', '/tile/0/000', '/tile/entries/000', '/nothing']) {
      const [head, whole] = [await get(path, { method: 'HEAD' }), await get(path)]
      expect(await head.text()).toBe('')
      for (const name of ['content-type', 'content-length', 'cache-control', 'etag'])
        expect([path, name, head.headers.get(name)]).toEqual([path, name, whole.headers.get(name)])
      expect(head.status).toBe(whole.status)
    }
  })
})

describe('a hostile client', () => {
  it('with headers without end is refused', async () => {
    expect((await rawGet(server.port, '/checkpoint', `x: ${'a'.repeat(10_000)}\r\n`)).head).toMatch(/^HTTP\/1\.1 431 /)
  })

  it('that opens more connections than there may be keeps nobody out once they are gone', async () => {
    const sockets = Array.from({ length: 20 }, () => connect(server.port, '127.0.0.1').on('error', () => {}))
    await Promise.all(sockets.map((socket) => Promise.race(['connect', 'close'].map((event) => once(socket, event)))))
    await expect.poll(() => sockets.filter((socket) => socket.readyState === 'open').length).toBeLessThanOrEqual(8)
    for (const socket of sockets) socket.destroy()
    await eventually(async () => expect((await get('/checkpoint')).status).toBe(200))
  })

  it('that asks again and again and takes no answer is cut before the answers fill the memory', async () => {
    let asked = 0
    const slow = await open({ checkpoint: () => Promise.reject(new Error('none')), tile: () => (asked++, pause(50, new Uint8Array(1024))) })
    const { head } = await rawSend(slow.port, 'GET /tile/0/000 HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(500)).catch(() => ({ head: '' })) // reset
    expect(head).toBe('')
    expect(asked).toBeLessThanOrEqual(4)
    await slow.close()
  })

  it('that does not take a large answer is cut, and others come in again', async () => {
    {
      await using full = await openFull(600_000)
      expect(await full.ask()).toBe('') // all that there may be are taken
    }
    await using full = await openFull(1500)
    await eventually(async () => expect(await full.ask()).toMatch(/^HTTP\/1\.1 200 /))
  })

  /** Where as many as there may be have asked for a large answer and take nothing of it. */
  async function openFull(idleMs: number): Promise<{ ask(): Promise<string> } & AsyncDisposable> {
    const tile = () => Promise.resolve(new Uint8Array(16 * 1024 * 1024))
    const large = await open({ checkpoint: () => Promise.resolve('here'), tile }, idleMs)
    const before = answered.length
    const sockets = Array.from({ length: 8 }, () =>
      connect(large.port, '127.0.0.1')
        .on('error', () => {})
        .pause(),
    )
    for (const socket of sockets) socket.write('GET /tile/entries/000 HTTP/1.1\r\nhost: x\r\n\r\n')
    await expect.poll(() => answered.length - before).toBe(8)
    const close = (): Promise<void> => {
      for (const socket of sockets) socket.destroy()
      return large.close()
    }
    const ask = async (): Promise<string> => (await rawGet(large.port, '/checkpoint').catch(() => ({ head: '' }))).head
    return { ask, [Symbol.asyncDispose]: close }
  }

  it('that takes no answers, on many connections, fills no more than a bounded memory; others are told to come again', async () => {
    let asked = 0
    const statuses: number[] = []
    const large = new Uint8Array(16 * 1024 * 1024)
    const source = { checkpoint: () => Promise.resolve('here'), tile: () => (asked++, Promise.resolve(large)) }
    const full = await openHttpListener(
      { host: '127.0.0.1', port: 0, setting: 'audit.listen', connections: 8, idleMs: 100_000 },
      logHandler(source, { onAnswer: (status) => void statuses.push(status), onFailure: () => {} }, { mostUnsentBytes: 2 * large.length }),
    )
    const ask = (): Socket => {
      const socket = connect(full.port, '127.0.0.1').pause()
      socket.write('GET /tile/0/000 HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(2)) // one waits behind the other
      return socket.on('error', () => {})
    }
    const sockets = [ask()]
    await expect.poll(() => statuses).toEqual([200, 200]) // these two fill it
    sockets.push(...Array.from({ length: 5 }, ask))
    await expect.poll(() => statuses.filter((status) => status === 503).length).toBe(10)
    expect(asked).toBe(2)
    const refused = await fetch(`${full.origin}/checkpoint`)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5'])
    for (const socket of sockets) socket.destroy()
    await eventually(async () => expect((await fetch(`${full.origin}/checkpoint`)).status).toBe(200))
    await full.close()
  })

  it('that sends its request slower than it may is cut', async () => {
    const socket = connect(server.port, '127.0.0.1').on('error', () => {})
    const started = performance.now()
    socket.write('GET /checkpoint HTTP/1.1\r\n')
    const drip = setInterval(() => socket.write('x: y\r\n'), 200)
    await new Promise((resolve) => socket.resume().once('close', resolve))
    clearInterval(drip)
    expect(performance.now() - started).toBeLessThan(60_000)
  })
})

it('says that it is not there yet, or cannot be read, without saying why', async () => {
  const broken = await open({
    checkpoint: () => Promise.reject(new Error('disk /dev/sda1 is broken')),
    tile: () => Promise.reject(new Error('secret')),
  })
  const response = await fetch(`${broken.origin}/checkpoint`)
  expect([response.status, await response.text()]).toEqual([500, 'the log cannot be read now\n'])
  expect(failures.at(-1)).toMatchObject({ message: 'disk /dev/sda1 is broken' })
  expect(answered.at(-1)).toBe(500)
  await broken.close()
})

/** A request exactly as it is written here. */
function rawGet(port: number, path: string, headers = ''): Promise<{ head: string; body: Buffer }> {
  return rawSend(port, `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${headers}\r\n`)
}

function rawSend(port: number, text: string): Promise<{ head: string; body: Buffer }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ head: string; body: Buffer }>()
  const chunks: Buffer[] = []
  const socket = connect(port, '127.0.0.1')
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.on('error', reject)
  socket.on('close', () => {
    const all = Buffer.concat(chunks)
    const end = all.indexOf('\r\n\r\n')
    resolve({ head: all.subarray(0, end).toString('latin1').replaceAll('\r\n', '\n'), body: all.subarray(end + 4) })
  })
  socket.write(text)
  return promise
}
