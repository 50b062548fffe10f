/** Everything is bounded, and what is over a bound is told so. */
import { connect as connectHttp2 } from 'node:http2'
import { connect as connectNet } from 'node:net'
import { gzipSync } from 'node:zlib'
import { status } from '@grpc/grpc-js'
import { describe, expect, it, onTestFinished } from 'vitest'
import { SealstoneError } from '#core'
import type { SignRequestInit } from '#wire'
import { eventually } from '../support/eventually.ts'
import { ANSWER, ask, type Clients, connectToSocket, failure, fakeOperations, overdue, PROTOS, serveOnSocket, signRequest } from './support.ts'

function large(bytes: number): SignRequestInit {
  const { manifest: _, ...request } = signRequest()
  const predicate = Buffer.from(JSON.stringify({ padding: 'x'.repeat(bytes) }))
  return { ...request, statement: { predicateType: 'p', predicate, subjects: [{ name: 'm', sha256: Buffer.alloc(32) }] } }
}

function sign(clients: Clients, request = signRequest()): Promise<unknown> {
  return ask((done) => clients.signing.sign(request, done))
}

/** Signings that are answered when the test lets them go. */
function heldSignings() {
  const gate = Promise.withResolvers<void>()
  let running = 0
  const { operations } = fakeOperations({
    sign: async () => {
      running++
      await gate.promise
      return ANSWER
    },
  })
  return { operations, running: () => running, letGo: gate.resolve }
}

describe('a message', () => {
  it('over the limit is refused, and the connection goes on', async () => {
    const { operations, recorded } = fakeOperations()
    const { socket } = await serveOnSocket(operations, { messageBytes: 100_000 })
    const clients = connectToSocket(socket)
    const { status: got, error } = await failure(sign(clients, large(200_000)))
    expect([status[got], error.code]).toEqual(['RESOURCE_EXHAUSTED', 'MESSAGE_TOO_LARGE'])
    expect(recorded.signs).toEqual([])
    await sign(clients, large(50_000))
  })

  it('over the real limit of 64 MiB is refused', async () => {
    const { socket } = await serveOnSocket(fakeOperations().operations)
    const { error } = await failure(sign(connectToSocket(socket), large(64 * 1024 * 1024)))
    expect(error.code).toBe('MESSAGE_TOO_LARGE')
  })

  it('that is small until it is unpacked is refused', async () => {
    const { operations, recorded } = fakeOperations()
    const { socket } = await serveOnSocket(operations, { messageBytes: 100_000 })
    const packed = gzipSync(PROTOS.SigningService.service.Sign.requestSerialize(large(50_000_000)))
    expect(packed.length).toBeLessThan(60_000)
    const prefix = Buffer.alloc(5)
    prefix.writeUInt8(1) // compressed
    prefix.writeUInt32BE(packed.length, 1)
    const session = connectHttp2('http://localhost', { path: socket })
    const headers = { ':method': 'POST', ':path': '/sealstone.v1.SigningService/Sign', 'content-type': 'application/grpc', 'grpc-encoding': 'gzip' }
    const stream = session.request(headers).on('error', () => {})
    stream.end(Buffer.concat([prefix, packed]))
    const answer = await new Promise<Record<string, unknown>>((resolve) => stream.on('response', resolve))
    session.destroy()
    expect(answer['grpc-status']).toBe(String(status.RESOURCE_EXHAUSTED))
    expect(recorded.signs).toEqual([])
  })

  it('of 100,000 resources is taken', async () => {
    const { operations, recorded } = fakeOperations()
    const { socket } = await serveOnSocket(operations)
    const resources = Array.from({ length: 100_000 }, (_, index) => ({ name: `part-${index}.bin`, digest: Buffer.alloc(32), size: '1' }))
    const manifest = { modelName: 'm', serialization: { method: 'METHOD_FILES', hashType: 'HASH_TYPE_SHA256' }, resources } as const
    await sign(connectToSocket(socket), signRequest({ manifest }))
    expect(recorded.signs[0]?.content).toMatchObject({ manifest: { totalBytes: 100_000 } })
  })

  it('that would be an answer over the limit is an error with a code', async () => {
    const { operations } = fakeOperations({ sign: async () => ({ ...ANSWER, hybridSig: Buffer.alloc(200_000) }) })
    const { socket } = await serveOnSocket(operations, { messageBytes: 100_000 })
    const result = await failure(sign(connectToSocket(socket)))
    expect([status[result.status], result.error.code, result.withDetails]).toEqual(['RESOURCE_EXHAUSTED', 'MESSAGE_TOO_LARGE', true])
  })
})

describe('calls at the same time', () => {
  it('from 64 clients are all answered, each with its own answer', async () => {
    const { operations } = fakeOperations({
      sign: async (_, request) => {
        await new Promise((resolve) => setTimeout(resolve, 20))
        return { ...ANSWER, hybridSig: Buffer.from(request.idempotencyKey) }
      },
    })
    const { socket } = await serveOnSocket(operations)
    const names = Array.from({ length: 64 }, (_, index) => `client-${index}`)
    const answers = await Promise.all(
      names.map((idempotencyKey) =>
        ask<{ modelHybridSig: Buffer }>((done) => connectToSocket(socket).signing.sign(signRequest({ idempotencyKey }), done)),
      ),
    )
    expect(answers.map(({ modelHybridSig }) => modelHybridSig.toString())).toEqual(names)
  })

  it('over the bound are refused with OVERLOADED, and let in again when there is room', async () => {
    const held = heldSignings()
    const { socket } = await serveOnSocket(held.operations, { concurrentCalls: 2 })
    const clients = connectToSocket(socket)
    const first = [sign(clients), sign(clients)]
    await expect.poll(held.running).toBe(2)
    const { status: got, error, withDetails } = await failure(sign(clients))
    expect([status[got], error.code, withDetails]).toEqual(['RESOURCE_EXHAUSTED', 'OVERLOADED', true])
    expect(held.running()).toBe(2)
    held.letGo()
    await Promise.all(first)
    await sign(clients)
  })

  it('are counted also where many begin in the same moment, on one connection', async () => {
    const held = heldSignings()
    const { socket } = await serveOnSocket(held.operations, { concurrentCalls: 2 })
    const clients = connectToSocket(socket)
    const ended = Array.from({ length: 40 }, () =>
      sign(clients).then(
        () => 'signed',
        () => {
          refused++
          return 'refused'
        },
      ),
    )
    let refused = 0
    await expect.poll(() => refused).toBe(38)
    expect(held.running()).toBe(2)
    held.letGo()
    expect((await Promise.all(ended)).filter((result) => result === 'signed')).toHaveLength(2)
  })

  it('with a request that does not arrive are ended, and make room', async () => {
    const { operations } = fakeOperations()
    const { socket } = await serveOnSocket(operations, { concurrentCalls: 1, requestMs: 3000 })
    const session = connectHttp2('http://localhost', { createConnection: () => connectNet(socket) })
    onTestFinished(() => session.destroy())
    const headers = { ':method': 'POST', ':path': '/sealstone.v1.SigningService/Sign', 'content-type': 'application/grpc', te: 'trailers' }
    const stream = session.request(headers)
    const answer = new Promise<Record<string, unknown>>((resolve) => {
      stream.on('response', resolve)
      stream.on('trailers', resolve)
    })
    const clients = connectToSocket(socket)
    await eventually(async () => expect((await failure(sign(clients))).error.code).toBe('OVERLOADED'))
    expect((await answer)['grpc-status']).toBe(String(status.DEADLINE_EXCEEDED))
    stream.close()
    await expect
      .poll(() =>
        sign(connectToSocket(socket)).then(
          () => 'answered',
          () => 'refused',
        ),
      )
      .toBe('answered')
  })

  it('of somebody without the right are refused before a large request is read', async () => {
    const asked: string[] = []
    const { operations, recorded } = fakeOperations({
      admit: async (_, operation) => {
        asked.push(operation)
        throw new SealstoneError('PERMISSION_DENIED', 'no rule names this identity')
      },
    })
    const { socket } = await serveOnSocket(operations)
    const resources = Array.from({ length: 5000 }, (_, at) => ({ name: `f${String(at).padStart(5, '0')}`, digest: Buffer.alloc(32), size: '1' }))
    const manifest = { modelName: 'm', serialization: { method: 'METHOD_FILES', hashType: 'HASH_TYPE_SHA256' }, resources } as const
    expect((await failure(sign(connectToSocket(socket), signRequest({ manifest })))).error.code).toBe('PERMISSION_DENIED')
    expect(asked).toEqual(['sign'])
    expect(recorded.signs).toEqual([])
  })

  it('with millions of empty messages are refused in little time', async () => {
    const { operations } = fakeOperations()
    const { socket } = await serveOnSocket(operations)
    const started = performance.now()
    const empty = { name: '', digest: Buffer.alloc(0), size: '0' }
    const manifest = { modelName: 'm', serialization: null, resources: Array.from({ length: 1_000_000 }, () => empty) }
    const { error } = await failure(sign(connectToSocket(socket), signRequest({ manifest })))
    expect(error.code).toBe('INPUT_TOO_LARGE')
    expect(performance.now() - started).toBeLessThan(100_000)
  })

  it('with large requests are worked on one at a time, past which small ones go, and only so many may wait', async () => {
    const gate = Promise.withResolvers<void>()
    const begun: string[] = []
    const came = Promise.withResolvers<void>()
    let admitted = 0
    const { operations } = fakeOperations({
      admit: async () => {
        if (++admitted === 2) came.resolve()
      },
      sign: async (_, { idempotencyKey }) => {
        begun.push(idempotencyKey)
        if (idempotencyKey !== 'small') await gate.promise
        return ANSWER
      },
    })
    const { socket } = await serveOnSocket(operations, { askFirstBytes: 1000, largeRequestBytes: 1000, largeRequests: 3 })
    const clients = connectToSocket(socket)
    const predicate = Buffer.from(JSON.stringify({ padding: 'x'.repeat(1000) }))
    const large = (idempotencyKey: string, deadline = Date.now() + 100_000) => {
      const subjects = [{ name: 'm', sha256: Buffer.alloc(32) }]
      const request = { key: 'default', idempotencyKey, statement: { predicateType: 'https://example.org/p', predicate, subjects } }
      return ask((done) => clients.signing.sign(request, { deadline }, done))
    }
    const first = large('first')
    await expect.poll(() => begun).toEqual(['first'])
    const second = await overdue(came.promise, (deadline) => failure(large('second', deadline)), 1000)
    expect(second.error.code).toBe('DEADLINE_EXCEEDED')
    const third = large('third')
    await expect.poll(() => admitted).toBe(3)
    expect((await failure(large('fourth'))).error.code).toBe('OVERLOADED')
    await sign(clients, signRequest({ idempotencyKey: 'small' }))
    expect(begun).toEqual(['first', 'small'])
    gate.resolve()
    await Promise.all([first, third])
    expect(begun).toEqual(['first', 'small', 'third'])
  })

  it('count until their work is done, also when their callers have gone', async () => {
    const gate = Promise.withResolvers<void>()
    let begun = 0
    const first = Promise.withResolvers<void>()
    const { operations } = fakeOperations({
      sign: async () => {
        begun++
        first.resolve()
        await gate.promise
        return ANSWER
      },
    })
    const { socket } = await serveOnSocket(operations, { concurrentCalls: 1 })
    const gone = connectToSocket(socket)
    await ask((done) => gone.key.listKeys({}, done)) // connected
    const lost = await overdue(first.promise, (deadline) => failure(ask((done) => gone.signing.sign(signRequest(), { deadline }, done))))
    expect(lost.error.code).toBe('DEADLINE_EXCEEDED')
    const clients = connectToSocket(socket)
    expect((await failure(sign(clients))).error.code).toBe('OVERLOADED')
    expect(begun).toBe(1)
    gate.resolve()
    await expect
      .poll(() =>
        sign(clients).then(
          () => 'answered',
          () => 'refused',
        ),
      )
      .toBe('answered')
  })
})

describe('connections', () => {
  it('over the bound are closed, and there is room again when one has gone', async () => {
    const { socket } = await serveOnSocket(fakeOperations().operations, { connections: 2 })
    const first = connectToSocket(socket)
    const second = connectToSocket(socket)
    await Promise.all([sign(first), sign(second)])
    const third = failure(ask((done) => connectToSocket(socket).signing.sign(signRequest(), { deadline: Date.now() + 60_000 }, done)))
    expect(status[(await third).status]).toBe('UNAVAILABLE')
    first.close()
    await expect
      .poll(
        () =>
          sign(connectToSocket(socket)).then(
            () => 'answered',
            () => 'refused',
          ),
        { interval: 200 },
      )
      .toBe('answered')
  })

  it('that say nothing are closed', async () => {
    const { socket } = await serveOnSocket(fakeOperations().operations, { keepaliveMs: 100, keepaliveTimeoutMs: 100 })
    const silent = connectNet(socket)
    const closed = new Promise<string>((resolve) => silent.once('close', () => resolve('closed')))
    silent.resume()
    expect(await closed).toBe('closed')
  })
})
