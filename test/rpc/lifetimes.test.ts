/** Deadlines, callers that leave, and the end of the server: nothing hangs, nothing that was begun is cut off. */
import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2 } from 'node:http2'
import { setTimeout as sleep } from 'node:timers/promises'
import { status } from '@grpc/grpc-js'
import { describe, expect, it, onTestFinished } from 'vitest'
import { connect } from '#client'
import { type Clock, systemClock } from '#core'
import type { CallContext, Operations } from '#operations'
import { ANSWER, ask, connectToSocket, entry, failure, fakeOperations, overdue, PROTOS, serveOnSocket, signRequest } from './support.ts'

/** A Sign that waits until the test lets it go, whether or not its signal is aborted. */
function slowSign() {
  const gate = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<CallContext>()
  const state = { done: false }
  const sign: Operations['sign'] = async (call) => {
    begun.resolve(call)
    await gate.promise
    state.done = true
    return ANSWER
  }
  return { operations: fakeOperations({ sign }).operations, begun: begun.promise, letGo: gate.resolve, state }
}

describe('a deadline', () => {
  it('that passes ends the call and aborts its signal', async () => {
    const { operations, begun, letGo } = slowSign()
    const { socket } = await serveOnSocket(operations)
    const clients = connectToSocket(socket)
    await ask((done) => clients.key.listKeys({}, done)) // connected
    const { status: got, error } = await overdue(begun, (deadline) => failure(ask((done) => clients.signing.sign(signRequest(), { deadline }, done))))
    const { signal } = await begun
    expect([status[got], error.code]).toEqual(['DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED'])
    await expect.poll(() => signal.aborted).toBe(true)
    letGo()
  })

  it('of other calls is none of those that go through all keys, one after the other', async () => {
    const gate = Promise.withResolvers<void>()
    const usual = fakeOperations().operations
    const restoreKeys: Operations['restoreKeys'] = () => gate.promise.then(() => [])
    const rewrapKeys: Operations['rewrapKeys'] = (...asked) => gate.promise.then(() => usual.rewrapKeys(...asked))
    const backupKeys: Operations['backupKeys'] = (...asked) => gate.promise.then(() => usual.backupKeys(...asked))
    const listKeys: Operations['listKeys'] = () => new Promise<never>(() => {})
    const { socket } = await serveOnSocket(fakeOperations({ restoreKeys, rewrapKeys, backupKeys, listKeys }).operations)
    await using client = connect({ address: `unix:${socket}`, timeoutMs: 500 })
    const restored = client.restoreKeys({ all: true, identityFile: '/identity' })
    const rewrapped = client.rewrapKeys({})
    const saved = client.backupKeys()
    await expect(client.listKeys()).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' })
    gate.resolve()
    expect(await Promise.all([restored, rewrapped, saved])).toMatchObject([[], { seeds: 1 }, { folder: '/backup' }])
  })

  it.each([
    ['back', -3600_000],
    ['forward', 3600_000],
  ])('is told from a call that was cancelled, also when the clock was set %s meanwhile', async (_, offset) => {
    let now = systemClock.now
    const clock: Clock = { now: () => now(), monotonicMs: systemClock.monotonicMs }
    const reasonOf = async (end: 'deadline' | 'cancel'): Promise<unknown> => {
      now = systemClock.now
      const { operations, begun, letGo } = slowSign()
      const { socket } = await serveOnSocket(operations, {}, clock)
      void begun.then(() => (now = () => new Date(Date.now() + offset)))
      // By a client that does not look at its deadline: one that does cancels the call, and that may be there before the server's time is over.
      if (end === 'deadline') await overdue(begun, (deadline) => answerOfRawSign(socket, deadline))
      else {
        const call = connectToSocket(socket).signing.sign(signRequest(), { deadline: Date.now() + 60_000 }, () => {})
        await begun
        call.cancel()
      }
      const { signal } = await begun
      await expect.poll(() => signal.aborted).toBe(true)
      letGo()
      return (signal.reason as DOMException).name
    }
    expect([await reasonOf('deadline'), await reasonOf('cancel')]).toEqual(['TimeoutError', 'AbortError'])
  })

  it('in the past is answered at once', async () => {
    const { operations } = fakeOperations()
    const { socket } = await serveOnSocket(operations)
    const call = ask((done) => connectToSocket(socket).signing.sign(signRequest(), { deadline: Date.now() - 1000 }, done))
    expect(status[(await failure(call)).status]).toBe('DEADLINE_EXCEEDED')
  })

  it('of no time, sent by a client that does not look at it, is obeyed by the server', async () => {
    const { operations, letGo } = slowSign()
    const { socket } = await serveOnSocket(operations)
    const answer = await answerOfRawSign(socket, Date.now() + 1)
    expect(answer['grpc-status']).toBe(String(status.DEADLINE_EXCEEDED))
    letGo()
  })

  it('that is far off does not matter', async () => {
    const { socket } = await serveOnSocket(fakeOperations().operations)
    await ask((done) => connectToSocket(socket).signing.sign(signRequest(), { deadline: Date.now() + 60_000 }, done))
  })
})

describe('a caller that', () => {
  it('cancels aborts the signal', async () => {
    const { operations, begun, letGo } = slowSign()
    const { socket } = await serveOnSocket(operations)
    const clients = connectToSocket(socket)
    const outcome = Promise.withResolvers<number | undefined>()
    const call = clients.signing.sign(signRequest(), (error) => outcome.resolve(error?.code))
    const { signal } = await begun
    expect(signal.aborted).toBe(false)
    call.cancel()
    await expect.poll(() => signal.aborted).toBe(true)
    expect(await outcome.promise).toBe(status.CANCELLED)
    letGo()
  })

  it('vanishes aborts the signal', async () => {
    const { operations, begun, letGo } = slowSign()
    const { socket } = await serveOnSocket(operations)
    const { session } = rawCall(socket, PROTOS.SigningService.service.Sign, signRequest())
    const { signal } = await begun
    session.destroy()
    await expect.poll(() => signal.aborted).toBe(true)
    letGo()
  })

  it('does not read its stream is not sent more than fits between', async () => {
    let given = 0
    const { operations } = fakeOperations({
      listEntries: async function* () {
        for (let index = 0n; index < 20_000n; index++) {
          given++
          yield entry(index, Buffer.alloc(1000))
        }
      },
    })
    const { socket } = await serveOnSocket(operations)
    const { session } = rawCall(socket, PROTOS.AuditService.service.ListEntries, {})
    await expect.poll(() => given).toBeGreaterThan(0)
    await sleep(300)
    expect(given).toBeLessThan(1000)
    session.destroy()
  })
})

describe('draining', () => {
  it('finishes what was begun, takes nothing new, and then closes', async () => {
    const { operations, begun, letGo } = slowSign()
    const { socket, server } = await serveOnSocket(operations)
    const answer = ask((done) => connectToSocket(socket).signing.sign(signRequest(), done))
    const { signal } = await begun
    let over = false
    const drain = server.drain(100_000).then(() => {
      over = true
    })
    const late = await failure(ask((done) => connectToSocket(socket).key.listKeys({}, { deadline: Date.now() + 60_000 }, done)))
    expect([status[late.status], late.error.entry.retryable]).toEqual(['UNAVAILABLE', true])
    expect([over, signal.aborted]).toEqual([false, false])
    letGo()
    expect(await answer).toMatchObject({ operationId: ANSWER.operationId })
    await drain
  })

  it('does not wait for clients that are idle', async () => {
    const { socket, server } = await serveOnSocket(fakeOperations().operations)
    await ask((done) => connectToSocket(socket).signing.sign(signRequest(), done))
    const started = performance.now()
    await server.drain(100_000)
    expect(performance.now() - started).toBeLessThan(50_000)
  })

  it('waits for work whose caller has gone', async () => {
    const { operations, begun, letGo, state } = slowSign()
    const { socket, server } = await serveOnSocket(operations)
    const call = connectToSocket(socket).signing.sign(signRequest(), () => {})
    const { signal } = await begun
    call.cancel()
    await expect.poll(() => signal.aborted).toBe(true)
    const drain = server.drain(100_000)
    setTimeout(letGo, 300)
    await drain
    expect(state.done).toBe(true)
  })

  it('gives up after its time: the caller is told, the signal is aborted', async () => {
    const { operations, begun, letGo } = slowSign()
    const { socket, server, lines } = await serveOnSocket(operations)
    const call = failure(ask((done) => connectToSocket(socket).signing.sign(signRequest(), done)))
    const { signal } = await begun
    const started = performance.now()
    await server.drain(200)
    expect(performance.now() - started).toBeLessThan(50_000)
    const { status: got, error } = await call
    expect([status[got], error.code]).toEqual(['UNAVAILABLE', 'DAEMON_DRAINING'])
    expect(signal.aborted).toBe(true)
    expect(lines.some(({ level }) => level === 'warn')).toBe(true)
    letGo()
  })

  it('can be asked for twice', async () => {
    const { server } = await serveOnSocket(fakeOperations().operations)
    await Promise.all([server.drain(1000), server.drain(1000)])
    await server.drain(1000)
  })
})

/** A call without grpc-js's client, which reads whether or not it is asked to. */
/** The headers of the answer to a Sign whose client leaves its deadline to the server. */
function answerOfRawSign(socket: string, deadline: number): Promise<Record<string, unknown>> {
  const timeout = `${Math.max(1, deadline - Date.now())}m`
  const { stream } = rawCall(socket, PROTOS.SigningService.service.Sign, signRequest(), { 'grpc-timeout': timeout })
  return new Promise((resolve) => stream.on('response', resolve))
}

function rawCall<Request>(
  socket: string,
  method: { readonly path: string; readonly requestSerialize: (request: Request) => Buffer },
  request: Request,
  headers: Record<string, string> = {},
): { session: ClientHttp2Session; stream: ClientHttp2Stream } {
  const session = connectHttp2('http://localhost', { path: socket })
  const stream = session.request({ ':method': 'POST', ':path': method.path, 'content-type': 'application/grpc', te: 'trailers', ...headers })
  session.on('error', () => {})
  stream.on('error', () => {})
  const message = method.requestSerialize(request)
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(message.length, 1)
  stream.end(Buffer.concat([prefix, message]))
  onTestFinished(() => session.destroy())
  return { session, stream }
}
