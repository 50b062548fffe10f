/** A real server on real sockets, over operations that a test says; and raw gRPC clients. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ChannelCredentials, type Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js'
import { onTestFinished } from 'vitest'
import { type Clock, defined, type LogFields, type Logger, parseKeyName, parseOperationId, SealstoneError, systemClock } from '#core'
import type { CallContext, LogEntry, KeyView, Operations, SignAnswer, SignRequest, VerifyRequest } from '#operations'
import { type RpcLimits, type RpcServer, startServer, type StartServerOptions } from '#rpc'
import { errorTranslator, loadProtos, type SignRequestInit } from '#wire'

export const PROTOS = loadProtos()
const TRANSLATOR = errorTranslator()

export function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'sealstone-rpc-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** What the operations were asked, in order. */
export interface Recorded {
  readonly contexts: CallContext[]
  readonly signs: SignRequest[]
  readonly verifies: VerifyRequest[]
  readonly filters: unknown[]
}

export const RECEIPT = { leaf: Buffer.from('{"kind":"outcome"}'), proof: 'c2sp.org/tlog-proof@v1\n' }
export const ANSWER: SignAnswer = {
  operationId: parseOperationId('0123456789abcdef0123456789abcdef'),
  modelSig: Buffer.from('model.sig'),
  hybridSig: Buffer.from('model.hybrid.sig'),
  receipt: RECEIPT,
  leafIndex: 2n ** 53n + 1n,
  replayed: true,
}
const PROTECTION: KeyView['protection'] = {
  module: 'libsofthsm2.so',
  tokenModel: 'SoftHSM v2',
  tokenSerial: '00ff',
  validations: [
    { type: 'hardware', authority: 'nist-cmvp', level: 3, version: '3.0', certificate: '4998' },
    { type: 'unspecified', authority: 'common-criteria', level: 0 },
  ],
  halves: [
    { role: 'ml-dsa', location: 'sealed', sealing: 'aes-256-gcm' },
    { role: 'classical', location: 'token', sensitive: true, extractable: false },
  ],
}
const NAME = parseKeyName('default')
const KEY: KeyView = {
  record: {
    name: NAME,
    version: 3,
    state: 'active',
    times: { active: '2026-11-23T20:00:00.123Z' },
    createdAt: new Date('2026-11-23T20:00:00.123Z'),
    origin: 'generated',
    hybrid: { keyId: 'default', version: 3, suite: 'mldsa65-ecdsa-p256', spki: Buffer.from('spki'), protection: PROTECTION },
    companion: { keyId: 'default.companion', version: 3, suite: 'ecdsa-p256', spki: Buffer.from('companion'), protection: PROTECTION },
  },
  policy: { minSignVersion: 1, minVerifyVersion: 1, deletionAllowed: false },
  fingerprint: 'ab'.repeat(32),
  companionFingerprint: 'cd'.repeat(32),
  protection: PROTECTION,
  actions: ['disable', 'retire', 'compromise'],
}

/** Operations that answer at once and remember what they were asked; a test replaces those that it is about. */
export function fakeOperations(overrides: Partial<Operations> = {}): { operations: Operations; recorded: Recorded } {
  const recorded: Recorded = { contexts: [], signs: [], verifies: [], filters: [] }
  const operations: Operations = {
    admit: async () => {},
    sign: async (call, request) => {
      recorded.contexts.push(call)
      recorded.signs.push(request)
      return ANSWER
    },
    signBatch: async (call, requests) => {
      recorded.contexts.push(call)
      recorded.signs.push(...requests)
      return requests.map(() => ({ ok: true, answer: ANSWER }))
    },
    verify: async (call, request) => {
      recorded.contexts.push(call)
      recorded.verifies.push(request)
      return { ok: true, checks: [], differences: [], warnings: [] }
    },
    signRegistryChallenge: async () => ({ ...ANSWER, timestamp: '2026-01-31T12:00:00Z', signature: Buffer.alloc(64), algorithm: 'ed25519' }),
    listKeys: async (call) => {
      recorded.contexts.push(call)
      return [KEY]
    },
    getKey: async (_, name) => {
      if (name !== NAME) throw new SealstoneError('KEY_UNKNOWN', `no key is named ${name}`, { hint: `did you mean ${NAME}?` })
      return KEY
    },
    createKey: async () => KEY,
    rotateKey: async () => KEY,
    adoptKey: async () => KEY,
    importKey: async () => KEY,
    changeKey: async () => KEY,
    destroyKey: async () => KEY,
    cancelDestroyKey: async () => KEY,
    setKeyPolicy: async () => KEY,
    backupKeys: async () => ({ folder: '/backup', treeSize: 1, recoverable: [], notRecoverable: [] }),
    restoreKeys: async () => [],
    rewrapKeys: async () => ({ wrappingKey: { ckaId: '0a', number: 2 }, seeds: 1, destroyed: [] }),
    certifyKey: async () => ({ der: Buffer.from('der'), pem: 'pem' }),
    prepare: async () => {},
    signingsUnderWay: () => 0,
    canaryAgeSeconds: () => undefined,
    testNextKey: async () => {},
    tellCounted: async () => {},
    maintain: async () => {},
    getTrust: async () => Buffer.from('{"version":1}'),
    getCheckpoint: async () => ({ note: 'log.example\n7\n', size: 7n }),
    listEntries: async function* (_, filter) {
      recorded.filters.push(filter)
      for (let index = 0n; index < 3n; index++) yield entry(index)
    },
    getReceipt: async (_, index) => {
      recorded.filters.push(index)
      return RECEIPT
    },
    recordDecision: async () => 5n,
    archiveEntries: async function* () {
      yield { kind: 'progress', work: 'moving', done: 256, total: 512, moved: 256 }
      yield { kind: 'report', directory: '/srv/cold', start: 0n, end: 512n, size: 1300n, moved: 512, bytesBefore: 2000, bytesAfter: 1000 }
    },
    openConsole: async () => ({ url: 'http://127.0.0.1:1/open?token=abc', minutes: 10 }),
    ...overrides,
  }
  return { operations, recorded }
}

export function entry(index: bigint, bytes = Buffer.from(`{"index":${index}}`)): LogEntry {
  return { index, bytes, leaf: {} as LogEntry['leaf'] } // the bytes are what crosses the wire
}

export interface LogLine {
  readonly level: keyof Logger
  readonly fields: LogFields
  readonly message: string
}

function recordingLogger(): { logger: Logger; lines: LogLine[] } {
  const lines: LogLine[] = []
  const at = (level: keyof Logger) => (fields: LogFields, message: string) => void lines.push({ level, fields, message })
  return { logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }, lines }
}

export interface TestServer {
  readonly server: RpcServer
  readonly socket: string
  readonly lines: LogLine[]
}

/** On a Unix socket of its own, gone with the test. */
export async function serveOnSocket(operations: Operations, limits: Partial<RpcLimits> = {}, clock?: Clock): Promise<TestServer> {
  const socket = join(temporaryFolder(), 's.sock')
  const { server, lines } = await serve({ operations, listeners: [{ kind: 'unix', path: socket }], limits, ...defined({ clock }) })
  return { server, lines, socket }
}

export async function serve(
  options: Pick<StartServerOptions, 'operations' | 'listeners'> & { readonly limits?: Partial<RpcLimits>; readonly clock?: Clock },
): Promise<{ server: RpcServer; lines: LogLine[] }> {
  const { logger, lines } = recordingLogger()
  const server = await startServer({ clock: systemClock, ...options, logger })
  onTestFinished(() => server.drain(100))
  server.setServing(true)
  return { server, lines }
}

export interface Clients {
  readonly signing: InstanceType<typeof PROTOS.SigningService>
  readonly key: InstanceType<typeof PROTOS.KeyService>
  readonly audit: InstanceType<typeof PROTOS.AuditService>
  close(): void
}

export function connect(address: string, channel: ChannelCredentials = credentials.createInsecure()): Clients {
  // A pool of its own, so that each call to connect is a connection of its own.
  const options = {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.max_send_message_length': -1,
    'grpc.max_receive_message_length': -1,
    'grpc.enable_retries': 0,
  }
  const clients: Client[] = []
  const open = <Kind extends Client>(client: Kind): Kind => {
    clients.push(client)
    return client
  }
  const signing = open(new PROTOS.SigningService(address, channel, options))
  const shared = { channelOverride: signing.getChannel() }
  const key = open(new PROTOS.KeyService(address, channel, shared))
  const audit = open(new PROTOS.AuditService(address, channel, shared))
  const close = (): void => {
    for (const client of clients) client.close()
  }
  onTestFinished(close)
  return { signing, key, audit, close }
}

export function connectToSocket(socket: string): Clients {
  return connect(`unix:${socket}`)
}

/** One unary call as a promise. */
export function ask<Answer>(start: (callback: (error: ServiceError | null, answer?: Answer) => void) => unknown): Promise<Answer> {
  return new Promise((resolve, reject) => {
    start((error, answer) => {
      if (error === null && answer !== undefined) resolve(answer)
      else reject(error ?? new Error('no answer'))
    })
  })
}

/** The status of a call that fails, with the error that it carries. */
export async function failure(call: Promise<unknown>): Promise<{ status: number; error: SealstoneError; withDetails: boolean; text: string }> {
  try {
    await call
  } catch (thrown) {
    const received = thrown as ServiceError
    const withDetails = received.metadata instanceof Metadata && received.metadata.get('grpc-status-details-bin').length > 0
    return { status: received.code, error: TRANSLATOR.decode(received), withDetails, text: received.details }
  }
  throw new Error('the call did not fail')
}

/**
 * A call whose time is over after it was begun. How long that takes is not known of a busy machine: where the time was too short the call is made
 * again with four times as much.
 */
export async function overdue<Outcome>(begun: Promise<unknown>, call: (deadline: number) => Promise<Outcome>, atFirstMs = 200): Promise<Outcome> {
  let isBegun = false
  void begun.then(() => (isBegun = true))
  for (let ms = atFirstMs; ; ms *= 4) {
    const outcome = await call(Date.now() + ms)
    if (isBegun) return outcome
  }
}

export function signRequest(changes: Partial<SignRequestInit> = {}): SignRequestInit {
  return {
    key: 'default',
    idempotencyKey: 'id-1',
    manifest: {
      modelName: 'my-model',
      serialization: { method: 'METHOD_FILES', hashType: 'HASH_TYPE_SHA256', ignorePaths: ['.git'] },
      resources: [
        { name: 'a.bin', digest: Buffer.alloc(32, 1), size: '5' },
        { name: 'dir/b ü.bin', digest: Buffer.alloc(32, 2), size: '7' },
      ],
    },
    ...changes,
  }
}

export async function readAll<Item>(stream: AsyncIterable<unknown>): Promise<Item[]> {
  const items: Item[] = []
  for await (const item of stream) items.push(item as Item)
  return items
}
