/** The standard services beside ours: health, and reflection as other people's tools use it. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { type Client, credentials, loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { protoPath } from 'grpc-health-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ask, fakeOperations, serve, serveOnSocket } from './support.ts'

const SERVICES = ['', 'sealstone.v1.SigningService', 'sealstone.v1.KeyService', 'sealstone.v1.AuditService']
const ROOT = join(import.meta.dirname, '../..')

interface HealthClient extends Client {
  check(request: { service: string }, done: (error: unknown, answer: unknown) => void): void
  watch(request: { service: string }): Readable
}

function healthClient(socket: string): HealthClient {
  const loaded = loadPackageDefinition(loadSync(protoPath, { enums: String })) as unknown as {
    readonly grpc: { readonly health: { readonly v1: { readonly Health: ServiceClientConstructor } } }
  }
  const client = new loaded.grpc.health.v1.Health(`unix:${socket}`, credentials.createInsecure()) as unknown as HealthClient
  onTestFinished(() => client.close())
  return client
}

describe('health', () => {
  it.each(SERVICES)('of "%s" is NOT_SERVING, SERVING and NOT_SERVING again, as it is told', async (service) => {
    const { socket, server } = await serveOnSocket(fakeOperations().operations)
    const client = healthClient(socket)
    for (const serving of [false, true, false]) {
      server.setServing(serving)
      expect(await ask((done) => client.check({ service }, done as never))).toEqual({ status: serving ? 'SERVING' : 'NOT_SERVING' })
    }
  })

  it('of a server that was just started is NOT_SERVING', async () => {
    const { startServer } = await import('#rpc')
    const { silentLogger, systemClock } = await import('#core')
    const { temporaryFolder } = await import('./support.ts')
    const path = join(temporaryFolder(), 's.sock')
    const server = await startServer({
      operations: fakeOperations().operations,
      listeners: [{ kind: 'unix', path }],
      logger: silentLogger,
      clock: systemClock,
    })
    onTestFinished(() => server.drain(100))
    expect(await ask((done) => healthClient(path).check({ service: '' }, done as never))).toEqual({ status: 'NOT_SERVING' })
  })

  it('of an unknown service is unknown', async () => {
    const { socket } = await serveOnSocket(fakeOperations().operations)
    await expect(ask((done) => healthClient(socket).check({ service: 'other' }, done as never))).rejects.toMatchObject({ code: 5 })
  })

  it('turns to NOT_SERVING when the server drains, and a watcher does not hold it up', async () => {
    const { socket, server } = await serveOnSocket(fakeOperations().operations)
    const seen: string[] = []
    const stream = healthClient(socket).watch({ service: '' })
    const watching = new Promise((resolve) => stream.on('error', resolve))
    stream.on('data', ({ status }: { status: string }) => seen.push(status))
    await expect.poll(() => seen).toEqual(['SERVING'])
    const started = performance.now()
    await server.drain(100_000)
    await watching
    expect(performance.now() - started).toBeLessThan(50_000)
    expect(seen).toEqual(['SERVING', 'NOT_SERVING'])
  })
})

describe('reflection', () => {
  it('lets buf, which knows nothing of us, list the services and make calls with the names of the proto files', async () => {
    const { operations, recorded } = fakeOperations()
    const { server } = await serve({ operations, listeners: [{ kind: 'insecure-loopback', host: '127.0.0.1', port: 0 }] })
    const url = `http://${server.addresses[0]}`
    expect((await buf(['--list-services', url])).split('\n').filter(Boolean).sort()).toEqual([
      'grpc.health.v1.Health',
      'sealstone.v1.AuditService',
      'sealstone.v1.HashService',
      'sealstone.v1.KeyService',
      'sealstone.v1.SigningService',
    ])
    const request = {
      key: 'default',
      idempotency_key: 'build-4711',
      manifest: {
        model_name: 'my-model',
        serialization: { method: 'METHOD_FILES', hash_type: 'HASH_TYPE_SHA256' },
        resources: [{ name: 'weights.bin', digest: Buffer.alloc(32).toString('base64') }],
      },
    }
    const answer = JSON.parse(await buf(['--data', JSON.stringify(request), `${url}/sealstone.v1.SigningService/Sign`])) as { leafIndex: string }
    expect(answer.leafIndex).toBe('9007199254740993')
    expect(recorded.signs).toMatchObject([{ idempotencyKey: 'build-4711', content: { manifest: { modelName: 'my-model' } } }])
  })
})

async function buf(args: readonly string[]): Promise<string> {
  const program = join(ROOT, 'node_modules/.bin/buf')
  const { stdout } = await promisify(execFile)(program, ['curl', '--protocol', 'grpc', '--http2-prior-knowledge', ...args], { cwd: ROOT })
  return stdout
}
