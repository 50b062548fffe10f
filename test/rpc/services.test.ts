/** Each call reaches its operation with domain types, and the answer comes back whole. */
import { describe, expect, it } from 'vitest'
import { SealstoneError } from '#core'
import type { ListEntriesResponse, ListKeysResponse, VerifyResponse } from '#wire'
import { ANSWER, ask, connectToSocket, failure, fakeOperations, RECEIPT, readAll, serveOnSocket, signRequest } from './support.ts'

async function start() {
  const { operations, recorded } = fakeOperations()
  const { socket } = await serveOnSocket(operations)
  return { recorded, clients: connectToSocket(socket) }
}

describe('Sign', () => {
  it('takes a manifest and answers with both bundles and the receipt', async () => {
    const { recorded, clients } = await start()
    const answer = await ask((done) => clients.signing.sign(signRequest(), done))
    expect(recorded.signs).toEqual([
      {
        key: 'default',
        idempotencyKey: 'id-1',
        content: {
          kind: 'manifest',
          manifest: {
            modelName: 'my-model',
            resources: [
              { name: 'a.bin', algorithm: 'sha256', digest: Buffer.alloc(32, 1), size: 5 },
              { name: 'dir/b ü.bin', algorithm: 'sha256', digest: Buffer.alloc(32, 2), size: 7 },
            ],
            serialization: { method: 'files', hashType: 'sha256', allowSymlinks: false, ignorePaths: ['.git'] },
            totalBytes: 12,
          },
        },
      },
    ])
    expect(answer).toEqual({
      operationId: ANSWER.operationId,
      modelSig: ANSWER.modelSig,
      modelHybridSig: ANSWER.hybridSig,
      receipt: RECEIPT,
      leafIndex: '9007199254740993',
      replayed: true,
    })
  })

  it('takes shards', async () => {
    const { recorded, clients } = await start()
    const serialization = { method: 'METHOD_SHARDS', hashType: 'HASH_TYPE_BLAKE2B', shardSize: '1000000000' } as const
    const manifest = { modelName: 'm', serialization, resources: [{ name: 'a:0:5', digest: Buffer.alloc(64), size: '5' }] }
    await ask((done) => clients.signing.sign(signRequest({ manifest }), done))
    expect(recorded.signs[0]?.content).toMatchObject({
      manifest: { serialization: { method: 'shards', hashType: 'blake2b', shardSize: 1_000_000_000 } },
    })
  })

  it('takes a statement', async () => {
    const { recorded, clients } = await start()
    const statement = {
      predicateType: 'https://slsa.dev/provenance/v1',
      predicate: Buffer.from('{"b": [1, 0.5, null], "a": "ü"}'),
      subjects: [{ name: 'my-model', sha256: Buffer.alloc(32, 0xab) }],
    }
    await ask((done) => clients.signing.sign({ key: 'default', idempotencyKey: 'id-2', statement }, done))
    expect(recorded.signs[0]?.content).toEqual({
      kind: 'statement',
      predicateType: 'https://slsa.dev/provenance/v1',
      predicate: { b: [1, 0.5, null], a: 'ü' },
      subjects: [{ name: 'my-model', sha256: 'ab'.repeat(32) }],
    })
  })

  it('says nothing of a companion where there is none', async () => {
    const { modelSig: _, ...answer } = ANSWER
    const { operations } = fakeOperations({ sign: async () => answer })
    const { socket } = await serveOnSocket(operations)
    expect(await ask((done) => connectToSocket(socket).signing.sign(signRequest(), done))).toMatchObject({ modelSig: Buffer.alloc(0) })
  })
})

describe('Verify', () => {
  it('takes bundles and a manifest and answers the whole verdict', async () => {
    const { operations, recorded } = fakeOperations()
    const { socket } = await serveOnSocket({
      ...operations,
      verify: async (call, request) => {
        await operations.verify(call, request)
        return {
          ok: false,
          checks: [
            { name: 'bundle-format', status: 'passed', reason: 'a' },
            { name: 'files', status: 'failed', reason: 'b' },
            { name: 'certificate-chain', status: 'not-applicable', reason: 'c' },
          ],
          signer: { suite: 'mldsa65-ecdsa-p256', fingerprint: 'ab', signedAt: '2026-11-23T20:00:00.250Z' },
          statement: { predicateType: 'p', modelName: 'm', resourceCount: 2 },
          differences: [
            { name: 'x', kind: 'changed', want: 'sha256:aa', got: 'sha256:bb' },
            { name: 'y', kind: 'missing', want: 'sha256:aa' },
            { name: 'z', kind: 'extra', got: 'sha256:bb' },
          ],
          warnings: ['w'],
        }
      },
    })
    const request = { modelSig: Buffer.from('1'), modelHybridSig: Buffer.from('2'), manifest: signRequest().manifest ?? null }
    const { verdict } = await ask<VerifyResponse>((done) => connectToSocket(socket).signing.verify(request, done))
    expect(recorded.verifies).toMatchObject([
      { bundle: Buffer.from('1'), hybrid: Buffer.from('2'), require: 'key', manifest: { modelName: 'my-model' } },
    ])
    expect(verdict).toEqual({
      ok: false,
      checks: [
        { name: 'bundle-format', status: 'STATUS_PASSED', reason: 'a' },
        { name: 'files', status: 'STATUS_FAILED', reason: 'b' },
        { name: 'certificate-chain', status: 'STATUS_NOT_APPLICABLE', reason: 'c' },
      ],
      signer: {
        keyName: '',
        keyVersion: 0,
        suite: 'mldsa65-ecdsa-p256',
        fingerprint: 'ab',
        certificateSubject: '',
        signedAt: { seconds: '1795464000', nanos: 250_000_000 },
      },
      statement: { predicateType: 'p', modelName: 'm', resourceCount: 2 },
      differences: [
        { name: 'x', kind: 'KIND_CHANGED', want: 'sha256:aa', got: 'sha256:bb' },
        { name: 'y', kind: 'KIND_MISSING', want: 'sha256:aa', got: '' },
        { name: 'z', kind: 'KIND_EXTRA', want: '', got: 'sha256:bb' },
      ],
      warnings: ['w'],
    })
  })

  it('passes on what is asked for, and leaves out what is not given', async () => {
    const { recorded, clients } = await start()
    await ask((done) => clients.signing.verify({ modelSig: Buffer.from('1'), requirement: 'REQUIREMENT_CLASSICAL' }, done))
    expect(recorded.verifies).toEqual([{ bundle: Buffer.from('1'), require: 'classical' }])
  })
})

describe('the key service', () => {
  const WIRE_KEY = {
    name: 'default',
    version: 3,
    state: 'active',
    createdAt: { seconds: '1795464000', nanos: 123_000_000 },
    hybrid: { suite: 'mldsa65-ecdsa-p256', spki: Buffer.from('spki'), fingerprint: 'ab'.repeat(32) },
    companion: { suite: 'ecdsa-p256', spki: Buffer.from('companion'), fingerprint: 'cd'.repeat(32) },
    protection: {
      module: 'libsofthsm2.so',
      tokenModel: 'SoftHSM v2',
      tokenSerial: '00ff',
      validations: [
        { type: 'hardware', authority: 'nist-cmvp', level: 3, version: '3.0', certificate: '4998' },
        { type: 'unspecified', authority: 'common-criteria', level: 0, version: '', certificate: '' },
      ],
      halves: [
        { role: 'ROLE_ML_DSA', location: 'LOCATION_SEALED', sealing: 'SEALING_AES_256_GCM' },
        { role: 'ROLE_CLASSICAL', location: 'LOCATION_TOKEN', sealing: 'SEALING_UNSPECIFIED', sensitive: true, extractable: false },
      ],
    },
  }

  it('lists keys and shows one, and leaves out what the token did not say', async () => {
    const { clients } = await start()
    const { keys } = await ask<ListKeysResponse>((done) => clients.key.listKeys({}, done))
    expect(keys).toMatchObject([WIRE_KEY])
    expect(keys[0]?.protection?.halves[0]).not.toHaveProperty('sensitive')
    expect(await ask((done) => clients.key.getKey({ name: 'default' }, done))).toMatchObject({ key: WIRE_KEY })
  })

  it('gives the trust file to the byte', async () => {
    const { clients } = await start()
    expect(await ask((done) => clients.key.getTrust({}, done))).toEqual({ trustFile: Buffer.from('{"version":1}') })
  })
})

describe('the audit service', () => {
  it('gives the checkpoint and a receipt', async () => {
    const { recorded, clients } = await start()
    expect(await ask((done) => clients.audit.getCheckpoint({}, done))).toEqual({ note: 'log.example\n7\n', size: '7' })
    expect(await ask((done) => clients.audit.getReceipt({ index: '9007199254740993' }, done))).toEqual({ receipt: RECEIPT })
    expect(recorded.filters).toEqual([9007199254740993n])
  })

  it('streams entries', async () => {
    const { recorded, clients } = await start()
    const entries = await readAll<ListEntriesResponse>(clients.audit.listEntries({}))
    expect(entries).toEqual([0, 1, 2].map((index) => ({ index: String(index), leaf: Buffer.from(`{"index":${index}}`), more: [] })))
    expect(recorded.filters).toEqual([{}])
  })

  it('puts several entries into a message for those who ask, the rest into the last one, and one each for those who follow', async () => {
    const { clients } = await start()
    const entry = (index: number) => ({ index: String(index), leaf: Buffer.from(`{"index":${index}}`) })
    const read = (request: object) => readAll<ListEntriesResponse>(clients.audit.listEntries(request))
    const one = [0, 1, 2].map((index) => ({ ...entry(index), more: [] }))
    expect(await read({ entriesPerMessage: 2 })).toEqual([
      { ...entry(0), more: [entry(1)] },
      { ...entry(2), more: [] },
    ])
    expect(await read({ entriesPerMessage: 4_000_000_000 })).toEqual([{ ...entry(0), more: [entry(1), entry(2)] }])
    expect(await read({ entriesPerMessage: 1 })).toEqual(one)
    expect(await read({ entriesPerMessage: 100, follow: true })).toEqual(one)
  })

  it('passes every filter on', async () => {
    const { recorded, clients } = await start()
    const filter = {
      fromIndex: '0',
      limit: 10,
      since: { seconds: '1795464000', nanos: 1 },
      until: { seconds: '1795464001', nanos: 0 },
      key: 'default',
      caller: 'spiffe://registry.example/a',
      kind: 'ENTRY_KIND_KEY_CREATED',
      operationId: 'ab'.repeat(16),
      modelName: 'm',
      result: 'error',
      newestFirst: true,
    } as const
    await readAll(clients.audit.listEntries(filter))
    expect(recorded.filters).toEqual([
      {
        from: 0n,
        limit: 10,
        since: '2026-11-23T20:00:00.001Z',
        until: '2026-11-23T20:00:01.000Z',
        key: 'default',
        caller: 'spiffe://registry.example/a',
        kind: 'key-created',
        operationId: 'ab'.repeat(16),
        modelName: 'm',
        result: 'error',
        reverse: true,
      },
    ])
  })

  it('streams more than fits between, and a reader that leaves stops the source', async () => {
    let given = 0
    let stopped = false
    const { operations } = fakeOperations({
      listEntries: async function* () {
        try {
          for (let index = 0n; index < 100_000n; index++) {
            given++
            yield { index, bytes: Buffer.alloc(10_000), leaf: {} as never }
          }
        } finally {
          stopped = true
        }
      },
    })
    const { socket } = await serveOnSocket(operations)
    const stream = connectToSocket(socket).audit.listEntries({})
    stream.on('error', () => {})
    let read = 0
    for await (const _ of stream) if (++read === 500) break
    stream.cancel()
    await expect.poll(() => stopped).toBe(true)
    expect(read).toBe(500)
    expect(given).toBeLessThan(20_000)
  })

  it('ends a stream with the error that stopped it', async () => {
    const { operations } = fakeOperations({
      listEntries: async function* () {
        yield { index: 0n, bytes: Buffer.from('{}'), leaf: {} as never }
        throw new SealstoneError('AUDIT_CORRUPT', 'entry 1 is damaged')
      },
    })
    const { socket } = await serveOnSocket(operations)
    const result = await failure(readAll(connectToSocket(socket).audit.listEntries({})))
    expect(result.error.code).toBe('AUDIT_CORRUPT')
  })
})
