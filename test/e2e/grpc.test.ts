/** What a registry's back end does to a real daemon, also when it does it wrong: raw gRPC calls against `sealstone serve`. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect as connectHttp2 } from 'node:http2'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect as connectClient, type EntryFilter } from '#client'
import { LIMITS, toHex } from '#core'
import { ask, connectToSocket, failure, signRequest } from '../rpc/support.ts'
import { initHome, peakMemoryMiB, type RunningDaemon, runOk, startDaemon } from '../support/sealstone.ts'

interface Signed {
  readonly operationId: string
  readonly modelHybridSig: Buffer
  readonly leafIndex: string
  readonly replayed: boolean
}
interface Entry {
  readonly kind: string
  readonly operationId: string
  readonly modelName?: string
  readonly result?: string
  readonly errorCode?: string
  readonly caller?: string
}

let home: Awaited<ReturnType<typeof initHome>>
let daemon: RunningDaemon
beforeAll(async () => {
  home = await initHome()
  daemon = await startDaemon(home.home)
})
afterAll(async () => {
  await daemon[Symbol.asyncDispose]()
  home[Symbol.dispose]()
})

const SERIALIZATION = { method: 'METHOD_FILES', hashType: 'HASH_TYPE_SHA256' } as const
const resource = (name: string | Buffer, digestBytes = 32) => ({ name: name as string, digest: Buffer.alloc(digestBytes, 7), size: '1' })

function sign(changes: Parameters<typeof signRequest>[0] = {}, clients = connectToSocket(daemon.socket)): Promise<Signed> {
  return ask<Signed>((done) => clients.signing.sign(signRequest(changes), { deadline: Date.now() + 100_000 }, done))
}

function manifest(modelName: string, resources = [resource('a.bin')]) {
  return { modelName, serialization: SERIALIZATION, resources }
}

async function entries(filter: EntryFilter = {}): Promise<Entry[]> {
  await using client = connectClient({ address: `unix:${daemon.socket}` })
  const all = await Array.fromAsync(client.listEntries(filter))
  return all.map(({ index, leaf }) => ({ index, ...leaf }))
}

describe('a manifest is refused, and no key is used, when it holds', () => {
  it.each<[string, ReturnType<typeof resource>[], string]>([
    ['a path out of the model', [resource('../etc/passwd')], 'PATH_INVALID'],
    ['a path out of the model further down', [resource('a/../../b')], 'PATH_INVALID'],
    ['an absolute path', [resource('/etc/passwd')], 'PATH_INVALID'],
    ['an empty part', [resource('a//b')], 'PATH_INVALID'],
    ['a NUL', [resource('a\0b')], 'PATH_INVALID'],
    ['a name twice', [resource('a.bin'), resource('a.bin')], 'PATH_INVALID|INPUT_INVALID'],
    ['a name over the limit', [resource('a'.repeat(LIMITS.resourceNameBytes + 1))], 'PATH_INVALID|INPUT_TOO_LARGE'],
    ['a digest that is too short', [resource('a.bin', 31)], 'INPUT_INVALID'],
    ['a digest that is too long', [resource('a.bin', 33)], 'INPUT_INVALID'],
    ['no files', [], 'MODEL_EMPTY'],
    [
      'more files than the limit',
      Array.from({ length: LIMITS.resources + 1 }, (_, at) => resource(`f${String(at).padStart(6, '0')}`)),
      'INPUT_TOO_LARGE',
    ],
  ])('%s', async (_, resources, code) => {
    const before = await entries()
    const refused = await failure(sign({ idempotencyKey: 'bad', manifest: manifest('bad', resources) }))
    expect(refused.error.code).toMatch(new RegExp(`^(${code})$`))
    expect(status[refused.status]).toMatch(/INVALID_ARGUMENT|RESOURCE_EXHAUSTED|FAILED_PRECONDITION/)
    expect(refused.withDetails).toBe(true)
    expect(await entries()).toEqual(before)
  })
})

describe('a real daemon', () => {
  it('signs 100,000 resources', async () => {
    const resources = Array.from({ length: LIMITS.resources }, (_, at) => resource(`shard-${String(at).padStart(6, '0')}.bin`))
    const answer = await sign({ idempotencyKey: 'large', manifest: manifest('large', resources) })
    expect(answer.modelHybridSig.length).toBeGreaterThan(10_000_000)
    expect((await sign({ idempotencyKey: 'large', manifest: manifest('large', resources) })).modelHybridSig.equals(answer.modelHybridSig)).toBe(true)
  })

  it('gives the same answer for the same idempotency key, refuses other content under it, and remembers both over a restart', async () => {
    const request = { idempotencyKey: 'once', manifest: manifest('once') }
    const first = await sign(request)
    expect(first.replayed).toBe(false)
    const again = await sign(request)
    expect({ ...again, replayed: false }).toEqual(first)
    expect(again.replayed).toBe(true)
    const other = { idempotencyKey: 'once', manifest: manifest('other') }
    expect(status[(await failure(sign(other))).status]).toBe('ALREADY_EXISTS')
    expect(await daemon.stop()).toBe(0)
    daemon = await startDaemon(home.home)
    expect({ ...(await sign(request)), replayed: false }).toEqual(first)
    expect((await failure(sign(other))).error.code).toBe('IDEMPOTENCY_CONFLICT')
  })

  it('answers the same request sent 32 times at once with one signature', async () => {
    const answers = await Promise.all(Array.from({ length: 32 }, () => sign({ idempotencyKey: 'flock', manifest: manifest('flock') })))
    expect(new Set(answers.map(({ operationId }) => operationId)).size).toBe(1)
    expect((await entries()).filter(({ modelName }) => modelName === 'flock').map(({ kind }) => kind)).toEqual(['intent', 'outcome'])
  })

  it('serves 64 clients at once, each with its own answer, and each is in the log', async () => {
    const names = Array.from({ length: 64 }, (_, at) => `client-${at}`)
    const answers = await Promise.all(names.map((name) => sign({ idempotencyKey: name, manifest: manifest(name) }, connectToSocket(daemon.socket))))
    const logged = new Map((await entries({ kind: 'outcome' })).map((entry) => [entry.operationId, entry]))
    expect(answers.map(({ operationId }) => logged.get(operationId)?.modelName)).toEqual(names)
  })

  it('writes the outcome of a signing whose client has vanished, once, and gives that client its answer when it comes back', async () => {
    const idempotencyKey = 'vanishing'
    const clients = connectToSocket(daemon.socket)
    await ask((done) => clients.key.listKeys({}, done)) // connected, so that the request is sent at once
    for (let at = 0; at < 8; at++) {
      const call = clients.signing.sign(signRequest({ idempotencyKey: `${idempotencyKey}-${at}`, manifest: manifest(idempotencyKey) }), () => {})
      await sleep(at)
      call.cancel()
    }
    clients.close()
    const open = async (): Promise<string[]> => {
      const intents = new Set<string>()
      for (const { kind, operationId, modelName } of await entries()) {
        if (modelName !== idempotencyKey) continue
        if (kind === 'intent') intents.add(operationId)
        else intents.delete(operationId)
      }
      return [...intents]
    }
    await expect.poll(open).toEqual([])
    for (let at = 0; at < 8; at++) await sign({ idempotencyKey: `${idempotencyKey}-${at}`, manifest: manifest(idempotencyKey) })
    const answered = (await entries({ kind: 'outcome' })).filter(({ modelName, result }) => modelName === idempotencyKey && result === 'ok')
    expect(answered).toHaveLength(8)
    expect(await open()).toEqual([])
  })

  it('refuses a message over the limit and lives on, no larger for it', async () => {
    await sign({ idempotencyKey: 'before-large', manifest: manifest('m') })
    const before = peakMemoryMiB(daemon.pid)
    const predicate = Buffer.alloc(LIMITS.grpcMessageBytes + 1, 0x20)
    const refused = await failure(
      sign({ idempotencyKey: 'over', content: 'statement', statement: { predicateType: 'https://example.org/p', predicate, subjects: [] } } as never),
    )
    expect(status[refused.status]).toBe('RESOURCE_EXHAUSTED')
    expect(peakMemoryMiB(daemon.pid) - before).toBeLessThan(200)
    await sign({ idempotencyKey: 'after-large', manifest: manifest('m') })
  })

  it('takes no harm from bytes that are no gRPC at all', async () => {
    for (const bytes of [
      Buffer.alloc(1 << 20, 0xff),
      Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
      Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    ]) {
      const socket = createConnection(daemon.socket)
      socket.on('error', () => {})
      socket.resume()
      socket.end(bytes)
      await new Promise((resolve) => socket.on('close', resolve))
    }
    const session = connectHttp2('http://localhost', { createConnection: () => createConnection(daemon.socket) })
    session.on('error', () => {})
    const stream = session.request({
      ':method': 'POST',
      ':path': '/sealstone.v1.SigningService/Sign',
      'content-type': 'application/grpc',
      te: 'trailers',
    })
    stream.on('error', () => {})
    const answered = once(stream.resume(), 'close')
    stream.end(Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 1]))
    await answered
    session.destroy()
    await sign({ idempotencyKey: 'after-noise', manifest: manifest('m') })
  })

  it('shows secrets to nobody: not in its log, not in the answers', async () => {
    const pin = readFileSync(join(home.home, 'secrets/user.pin'), 'utf8').trim()
    expect(pin.length).toBeGreaterThan(8)
    expect(daemon.log()).not.toContain(pin)
    expect((await runOk(['keys', 'show', 'default', '--json'], home)).stdout).not.toContain(pin)
  })

  it('gives receipts and a checkpoint that cover what was answered', async () => {
    await using client = connectClient({ address: `unix:${daemon.socket}` })
    const digest = new Uint8Array(32).fill(9)
    const answer = await client.sign({
      content: {
        kind: 'statement',
        predicateType: 'https://example.org/evaluation/v1',
        predicate: { score: 0.5 },
        subjects: [{ name: 'm', sha256: toHex(digest) }],
      },
    })
    expect((await client.getCheckpoint()).size).toBeGreaterThan(answer.leafIndex)
    expect(Buffer.from((await client.getReceipt(answer.leafIndex)).leaf).equals(Buffer.from(answer.receipt.leaf))).toBe(true)
    expect((await client.verifyRemote({ hybridSig: answer.hybridSig })).ok).toBe(true)
  })
})
