/** What is wrong with a request is told with a stable code and the field; what is wrong in the daemon is not told at all. */
import { connect as connectHttp2 } from 'node:http2'
import { credentials, makeGenericClientConstructor, status } from '@grpc/grpc-js'
import { describe, expect, it } from 'vitest'
import { type ErrorCode, SealstoneError } from '#core'
import type { ListEntriesRequestInit, ManifestInit, RecordDecisionRequestInit, SignRequestInit } from '#wire'
import { ask, connectToSocket, failure, fakeOperations, PROTOS, readAll, serveOnSocket, signRequest } from './support.ts'

const MANIFEST = signRequest().manifest as ManifestInit
const RESOURCE = { name: 'a.bin', digest: Buffer.alloc(32), size: '1' }
const STATEMENT = {
  predicateType: 'https://slsa.dev/provenance/v1',
  predicate: Buffer.from('{}'),
  subjects: [{ name: 'm', sha256: Buffer.alloc(32) }],
}

function manifest(changes: Partial<ManifestInit>): SignRequestInit {
  return { manifest: { ...MANIFEST, ...changes } }
}

function serialization(changes: object): SignRequestInit {
  return manifest({ serialization: { ...MANIFEST.serialization, ...changes } })
}

function statement(changes: object): SignRequestInit {
  const { manifest: _, ...request } = signRequest()
  return { ...request, statement: { ...STATEMENT, ...changes } }
}

async function refuseSign(changes: SignRequestInit) {
  const { operations, recorded } = fakeOperations()
  const { socket } = await serveOnSocket(operations)
  const request = 'statement' in changes ? changes : signRequest(changes)
  const result = await failure(ask((done) => connectToSocket(socket).signing.sign(request, done)))
  expect(recorded.signs).toEqual([])
  return result
}

describe('Sign refuses', () => {
  it.each<[string, SignRequestInit, ErrorCode, string]>([
    ['no key', { key: '' }, 'INPUT_INVALID', 'key'],
    ['a key that no key can be named', { key: '../default' }, 'INPUT_INVALID', 'key'],
    ['no idempotency key', { idempotencyKey: '' }, 'INPUT_INVALID', 'idempotency_key'],
    ['an idempotency key with a space', { idempotencyKey: 'a b' }, 'INPUT_INVALID', 'idempotency_key'],
    ['an idempotency key that is too long', { idempotencyKey: 'a'.repeat(129) }, 'INPUT_INVALID', 'idempotency_key'],
    ['neither manifest nor statement', { manifest: null }, 'INPUT_INVALID', 'content'],
    ['a manifest without a name', manifest({ modelName: '' }), 'INPUT_INVALID', 'manifest.model_name'],
    ['a model name that is too long', manifest({ modelName: 'ü'.repeat(128) }), 'INPUT_TOO_LARGE', 'manifest.model_name'],
    ['a manifest without serialization', manifest({ serialization: null }), 'INPUT_INVALID', 'manifest.serialization'],
    ['no method', serialization({ method: 'METHOD_UNSPECIFIED' }), 'INPUT_INVALID', 'manifest.serialization.method'],
    ['a method of the future', serialization({ method: 77 }), 'INPUT_INVALID', 'manifest.serialization.method'],
    ['no hash type', serialization({ hashType: 0 }), 'INPUT_INVALID', 'manifest.serialization.hash_type'],
    ['a shard size for files', serialization({ shardSize: '5' }), 'INPUT_INVALID', 'manifest.serialization.shard_size'],
    ['shards without a size', serialization({ method: 'METHOD_SHARDS' }), 'INPUT_INVALID', 'manifest.serialization.shard_size'],
    ['shards of no bytes', serialization({ method: 'METHOD_SHARDS', shardSize: '0' }), 'INPUT_INVALID', 'manifest.serialization.shard_size'],
    [
      'shards beyond 2^53',
      serialization({ method: 'METHOD_SHARDS', shardSize: '9007199254740992' }),
      'INPUT_INVALID',
      'manifest.serialization.shard_size',
    ],
    ['an empty path to ignore', serialization({ ignorePaths: ['.git', ''] }), 'INPUT_INVALID', 'manifest.serialization.ignore_paths'],
    [
      '1,001 paths to ignore',
      serialization({ ignorePaths: Array.from({ length: 1001 }, String) }),
      'INPUT_TOO_LARGE',
      'manifest.serialization.ignore_paths',
    ],
    [
      'a digest that is too short',
      manifest({ resources: [RESOURCE, { ...RESOURCE, digest: Buffer.alloc(31) }] }),
      'INPUT_INVALID',
      'manifest.resources[1].digest',
    ],
    ['a digest of another hash', serialization({ hashType: 'HASH_TYPE_BLAKE2B' }), 'INPUT_INVALID', 'manifest.resources[0].digest'],
    ['no digest', manifest({ resources: [{ name: 'a' }] }), 'INPUT_INVALID', 'manifest.resources[0].digest'],
    ['a resource without a name', manifest({ resources: [{ ...RESOURCE, name: '' }] }), 'INPUT_INVALID', 'manifest.resources[0].name'],
    ['a name that is too long', manifest({ resources: [{ ...RESOURCE, name: 'x'.repeat(4097) }] }), 'INPUT_TOO_LARGE', 'manifest.resources[0].name'],
    ['a size beyond 2^53', manifest({ resources: [{ ...RESOURCE, size: '18446744073709551615' }] }), 'INPUT_INVALID', 'manifest.resources[0].size'],
    ['100,001 resources', manifest({ resources: Array.from({ length: 100_001 }, () => ({})) }), 'INPUT_TOO_LARGE', 'manifest.resources'],
    ['a statement without a type', statement({ predicateType: '' }), 'INPUT_INVALID', 'statement.predicate_type'],
    ['a statement without subjects', statement({ subjects: [] }), 'INPUT_INVALID', 'statement.subjects'],
    ['a subject without a name', statement({ subjects: [{ sha256: Buffer.alloc(32) }] }), 'INPUT_INVALID', 'statement.subjects[0].name'],
    [
      'a subject with a short digest',
      statement({ subjects: [{ name: 'm', sha256: Buffer.alloc(20) }] }),
      'INPUT_INVALID',
      'statement.subjects[0].sha256',
    ],
    ['no predicate', statement({ predicate: Buffer.alloc(0) }), 'JSON_INVALID', 'statement.predicate'],
    ['a predicate that is a list', statement({ predicate: Buffer.from('[]') }), 'JSON_INVALID', 'statement.predicate'],
    ['a predicate that is cut short', statement({ predicate: Buffer.from('{"a":') }), 'JSON_INVALID', 'statement.predicate'],
    ['a predicate with a name twice', statement({ predicate: Buffer.from('{"a":1,"a":2}') }), 'JSON_INVALID', 'statement.predicate'],
    [
      'a predicate that is too deep',
      statement({ predicate: Buffer.from(`{"a":${'['.repeat(40)}${']'.repeat(40)}}`) }),
      'JSON_INVALID',
      'statement.predicate',
    ],
    [
      'a predicate that is not UTF-8',
      statement({ predicate: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]) }),
      'FORMAT_INVALID',
      'statement.predicate',
    ],
    [
      'a predicate whose number would lose digits',
      statement({ predicate: Buffer.from('{"a":[{"b":9007199254740993}]}') }),
      'JSON_INVALID',
      'statement.predicate',
    ],
    ['a predicate whose number is infinite', statement({ predicate: Buffer.from('{"a":1e400}') }), 'JSON_INVALID', 'statement.predicate'],
  ])('%s', async (_, changes, code, field) => {
    const { status: got, error, withDetails } = await refuseSign(changes)
    expect({ status: status[got], code: error.code, field: error.details['field'], withDetails }).toEqual({
      status: 'INVALID_ARGUMENT',
      code,
      field,
      withDetails: true,
    })
    expect(error.message).toContain(field)
  })

  it('bytes that are not protobuf, and a name that is not UTF-8', async () => {
    const { operations } = fakeOperations()
    const { socket } = await serveOnSocket(operations)
    const RawClient = makeGenericClientConstructor(PROTOS.SigningService.service, 'raw')
    const client = new RawClient(`unix:${socket}`, credentials.createInsecure())
    const send = (bytes: Buffer) =>
      failure(
        ask((done) =>
          client.makeUnaryRequest(
            '/sealstone.v1.SigningService/Sign',
            (raw: Buffer) => raw,
            (raw) => raw,
            bytes,
            done,
          ),
        ),
      )
    const name = PROTOS.SigningService.service.Sign.requestSerialize(signRequest())
    name[name.indexOf('a.bin')] = 0xff
    for (const bytes of [Buffer.from([0xff]), Buffer.from('not protobuf'), Buffer.alloc(1000, 0x1b), name]) {
      const { status: got, error } = await send(bytes)
      expect([status[got], error.code]).toEqual(['INVALID_ARGUMENT', 'FORMAT_INVALID'])
    }
    client.close()
  })
})

describe('other calls refuse', () => {
  it('a verification of nothing', async () => {
    const { socket } = await serveOnSocket(fakeOperations().operations)
    const { error } = await failure(ask((done) => connectToSocket(socket).signing.verify({ manifest: MANIFEST }, done)))
    expect(error).toMatchObject({ code: 'INPUT_INVALID', details: { field: 'model_sig' } })
  })

  it('a requirement of the future, rather than ask for less', async () => {
    const { socket } = await serveOnSocket(fakeOperations().operations)
    const request = { modelSig: Buffer.from('1'), requirement: 9 as never }
    expect((await failure(ask((done) => connectToSocket(socket).signing.verify(request, done)))).error.details).toEqual({ field: 'requirement' })
  })

  it.each<[string, ListEntriesRequestInit]>([
    ['from_index', { fromIndex: '9223372036854775808' }],
    ['since', { since: { seconds: '253402300800', nanos: 0 } }],
    ['until', { until: { seconds: '0', nanos: -1 } }],
    ['key', { key: 'UPPER' }],
    ['caller', { caller: 'a b' }],
    ['kind', { kind: 99 as never }],
    ['operation_id', { operationId: 'xyz' }],
    ['model_name', { modelName: 'x'.repeat(4097) }],
    ['result', { result: 'perhaps' }],
    ['model_digest', { modelDigest: Buffer.alloc(31) }],
    ['model_pattern', { modelName: 'a', modelPattern: 'b*' }],
    ['follow', { follow: true, newestFirst: true }],
  ])('entries filtered by a wrong %s', async (field, filter) => {
    const { operations, recorded } = fakeOperations()
    const { socket } = await serveOnSocket(operations)
    const { status: got, error } = await failure(readAll(connectToSocket(socket).audit.listEntries(filter)))
    expect([status[got], error.details['field']]).toEqual(['INVALID_ARGUMENT', field])
    expect(recorded.filters).toEqual([])
  })

  it.each<[string, RecordDecisionRequestInit, ErrorCode]>([
    ['operation', { operation: 'keys.create' }, 'INPUT_INVALID'],
    ['subject', { subject: '' }, 'INPUT_INVALID'],
    ['subject', { subject: 'ü'.repeat(2049) }, 'INPUT_TOO_LARGE'],
    ['digest', { digest: Buffer.alloc(31) }, 'INPUT_INVALID'],
    ['decision', { decision: 'DECISION_UNSPECIFIED' }, 'INPUT_INVALID'],
    ['decision', { decision: 9 as never }, 'INPUT_INVALID'],
    ['reason', { reason: 'x'.repeat(4097) }, 'INPUT_TOO_LARGE'],
  ])('a decision with another %s than there is: %j', async (field, changes, code) => {
    const { socket } = await serveOnSocket(fakeOperations({ recordDecision: async () => expect.unreachable() }).operations)
    const request = { operation: 'mcp.call', subject: 'files/read', decision: 'DECISION_BLOCKED', ...changes } as const
    const { error } = await failure(ask((done) => connectToSocket(socket).audit.recordDecision(request, done)))
    expect([error.code, error.details['field']]).toEqual([code, field])
  })

  it.each(['', 'a b', 'example..com', '-a.com', 'a.com/', 'x'.repeat(254), 'ü.de', 'a\u0000.com'])(
    'a challenge for the domain %j',
    async (domain) => {
      const { socket } = await serveOnSocket(fakeOperations({ signRegistryChallenge: async () => expect.unreachable() }).operations)
      const { error } = await failure(ask((done) => connectToSocket(socket).signing.signRegistryChallenge({ key: 'default', domain }, done)))
      expect(error.details['field']).toBe('domain')
    },
  )

  it('a receipt for an index that no log has', async () => {
    const { socket } = await serveOnSocket(fakeOperations().operations)
    const { error } = await failure(ask((done) => connectToSocket(socket).audit.getReceipt({ index: '18446744073709551615' }, done)))
    expect(error.details).toEqual({ field: 'index' })
  })

  it('a method that does not exist', async () => {
    const { socket } = await serveOnSocket(fakeOperations().operations)
    const RawClient = makeGenericClientConstructor({}, 'raw')
    const client = new RawClient(`unix:${socket}`, credentials.createInsecure())
    for (const path of ['/sealstone.v1.SigningService/SignDigest', '/sealstone.v2.SigningService/Sign']) {
      const { status: got } = await failure(
        ask((done) =>
          client.makeUnaryRequest(
            path,
            (raw: Buffer) => raw,
            (raw) => raw,
            Buffer.alloc(0),
            done,
          ),
        ),
      )
      expect(status[got]).toBe('UNIMPLEMENTED')
    }
    client.close()
  })

  it('what is HTTP/2 but not gRPC', async () => {
    const { socket } = await serveOnSocket(fakeOperations().operations)
    const session = connectHttp2('http://localhost', { path: socket })
    const stream = session.request({ ':method': 'POST', ':path': '/sealstone.v1.SigningService/Sign', 'content-type': 'application/json' })
    const headers = await new Promise<{ ':status'?: number }>((resolve) => stream.on('response', resolve))
    expect(headers[':status']).toBe(415)
    session.destroy()
  })
})

describe('an error of an operation', () => {
  async function throwing(thrown: unknown) {
    const { operations } = fakeOperations({
      getTrust: async () => {
        throw thrown
      },
    })
    const { socket, lines } = await serveOnSocket(operations)
    return { ...(await failure(ask((done) => connectToSocket(socket).key.getTrust({}, done)))), lines }
  }

  it('comes with its code, message, hint and facts', async () => {
    const { socket } = await serveOnSocket(fakeOperations().operations)
    const result = await failure(ask((done) => connectToSocket(socket).key.getKey({ name: 'defautl' }, done)))
    expect(status[result.status]).toBe('NOT_FOUND')
    expect(result.error).toMatchObject({ code: 'KEY_UNKNOWN', message: 'no key is named defautl', hint: 'did you mean default?' })
  })

  it('of the daemon comes in the words of the catalogue', async () => {
    const { status: got, error, text } = await throwing(new SealstoneError('AUDIT_UNAVAILABLE', 'cannot write /srv/secret/sealstone.db'))
    expect([status[got], error.code]).toEqual(['UNAVAILABLE', 'AUDIT_UNAVAILABLE'])
    expect(text).not.toContain('secret')
  })

  it.each([new Error('SECRET at /srv/x'), new RangeError('SECRET'), 'SECRET', { SECRET: 1 }, undefined])(
    'that nobody expected says nothing to the caller and all to the log: %s',
    async (thrown) => {
      const { status: got, error, text, lines } = await throwing(thrown)
      expect([status[got], error.code, text]).toEqual(['INTERNAL', 'INTERNAL', 'an internal error'])
      expect(JSON.stringify(error.details)).not.toContain('SECRET')
      expect(lines.filter(({ level }) => level === 'error')).toHaveLength(1)
      expect(thrown === undefined || JSON.stringify(lines).includes('SECRET')).toBe(true)
    },
  )
})
