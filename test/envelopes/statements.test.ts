/** Statements: what is never signed, what is never believed. */
import { describe, expect, it } from 'vitest'
import { type ErrorCode, toHex, utf8 } from '#core'
import { buildModelStatement, buildStatement, hashingPlan, pae, parseStatement, writeOmsBundle } from '#envelopes'
import { type Manifest, rootDigest } from '#hashing'
import { makeKey, manifestOf } from '../support/signing.ts'

interface ModelJson {
  _type: unknown
  subject: { name: unknown; digest: unknown }[]
  predicateType: unknown
  predicate: { serialization: Record<string, unknown>; resources: Record<string, unknown>[] }
}

const BAD_PATHS: readonly [name: string, reason: RegExp][] = [
  ['../a', /leads out of the model/],
  ['a/../../b', /leads out/],
  ['..', /leads out/],
  ['/etc/passwd', /absolute/],
  ['a//b', /empty or \. segment/],
  ['a/', /empty or \. segment/],
  ['./a', /empty or \. segment/],
  ['a/./b', /empty or \. segment/],
  ['a\0b', /NUL/],
  [`${'a'.repeat(4097)}`, /4097/],
  ['', /0 (?:bytes|characters)/],
]

describe('PAE', () => {
  it('is that of the DSSE protocol text', () => {
    // github.com/secure-systems-lab/dsse, protocol.md: the example.
    expect(pae('http://example.com/HelloWorld', utf8('hello world'))).toEqual(utf8('DSSEv1 29 http://example.com/HelloWorld 11 hello world'))
  })

  it('counts bytes, not characters', () => {
    expect(pae('ü', utf8('é'))).toEqual(utf8('DSSEv1 2 ü 2 é'))
  })
})

describe('a model statement', () => {
  it('is canonical JSON with the digests in order, and always leaves out our second file', () => {
    const payload = JSON.parse(
      Buffer.from(buildModelStatement({ ...manifestOf(['a', 'b']), serialization: { ...manifestOf([]).serialization, ignorePaths: [] } })).toString(),
    )
    expect(payload.predicate.serialization.ignore_paths).toEqual(['model.hybrid.sig'])
    expect(payload.subject).toEqual([{ name: 'model', digest: { sha256: toHex(rootDigest(manifestOf(['a', 'b']).resources)) } }])
  })

  it('reads back as it was written, for every hash type and for shards', () => {
    for (const [hashType, bytes] of [
      ['sha256', 32],
      ['blake2b', 64],
      ['blake3', 32],
    ] as const) {
      const plain = manifestOf(['a:0:8', 'a:8:16', 'b:0:0', 'c:0:3'])
      const resources = plain.resources.map((item) => ({ ...item, algorithm: hashType, digest: new Uint8Array(bytes).fill(3) }))
      const manifest: Manifest = { ...plain, resources, serialization: { ...plain.serialization, hashType, method: 'shards', shardSize: 8 } }
      const statement = parseStatement(buildModelStatement(manifest))
      expect(statement).toMatchObject({ kind: 'model', serialization: { hashType, method: 'shards', shardSize: 8 } })
      expect(statement).toHaveProperty(
        'resources',
        resources.map(({ name, digest }) => ({ name, digest })),
      )
    }
  })

  it('has 100,000 resources at most', () => {
    const names = Array.from({ length: 100_000 }, (_, index) => `f${String(index).padStart(6, '0')}`)
    const payload = buildModelStatement(manifestOf(names))
    expect(parseStatement(payload)).toMatchObject({ kind: 'model' })
    expect(() => buildModelStatement(manifestOf([...names, 'g']))).toThrow(expect.objectContaining({ code: 'INPUT_TOO_LARGE' }))
  })

  it.each(BAD_PATHS)('with the path %j is not written', (name, reason) => {
    expect(() => buildModelStatement(manifestOf([name]))).toThrow(
      expect.objectContaining({ code: 'PATH_INVALID', message: expect.stringMatching(reason) }),
    )
  })

  it('with a lone surrogate in a path is not written', () => {
    expect(() => buildModelStatement(manifestOf(['a\ud800']))).toThrow(expect.objectContaining({ code: 'PATH_INVALID' }))
  })

  it.each<[string, Partial<Manifest>, ErrorCode]>([
    ['no resources', { resources: [] }, 'MODEL_EMPTY'],
    ['a name twice', manifestOf(['a', 'a']), 'PATH_INVALID'],
    ['names out of order', manifestOf(['b', 'a']), 'INPUT_INVALID'],
    ['names in UTF-16 order and not in code point order', manifestOf(['\u{1f600}', '\uffee']), 'INPUT_INVALID'],
    ['the name "." of old single-file models', manifestOf(['.']), 'PATH_INVALID'],
    ['no name of the model', { modelName: '' }, 'INPUT_INVALID'],
    ['a digest of the wrong length', { resources: [{ name: 'a', algorithm: 'sha256', digest: new Uint8Array(31), size: 1 }] }, 'INPUT_INVALID'],
    ['a digest by another algorithm', { resources: [{ name: 'a', algorithm: 'blake3', digest: new Uint8Array(32), size: 1 }] }, 'INPUT_INVALID'],
    ['an ignored path that leads out', { serialization: { ...manifestOf([]).serialization, ignorePaths: ['../x'] } }, 'PATH_INVALID'],
    ['everything ignored', { serialization: { ...manifestOf([]).serialization, ignorePaths: ['.'] } }, 'INPUT_INVALID'],
    ['files in shards', { serialization: { ...manifestOf([]).serialization, shardSize: 8 } }, 'INPUT_INVALID'],
  ])('of a manifest with %s is not written', (_, changes, code) => {
    expect(() => buildModelStatement({ ...manifestOf(['a']), ...changes })).toThrow(expect.objectContaining({ code }))
  })

  it.each([
    ['that leave a gap', ['a:0:8', 'a:16:20']],
    ['that overlap', ['a:0:8', 'a:4:12']],
    ['that do not begin at the first byte', ['a:8:16']],
    ['of another size', ['a:0:9']],
    ['after a short one', ['a:0:4', 'a:4:12']],
    ['out of order', ['a:8:16', 'a:0:8']],
    ['with an empty one at the end', ['a:0:8', 'a:8:8']],
    ['twice', ['a:0:8', 'a:0:8']],
    ['of a file that comes back later', ['a:0:8', 'b:0:8', 'a:8:9']],
    ['without a range', ['a']],
    ['with a leading zero', ['a:00:8']],
    ['with a sign', ['a:0:+8']],
    ['that end before they start', ['a:8:0']],
    ['that lead out', ['../a:0:8']],
  ])('with shards %s is not written', (_, names) => {
    const manifest = manifestOf(names)
    const serialization = { ...manifest.serialization, method: 'shards', shardSize: 8 } as const
    expect(() => buildModelStatement({ ...manifest, serialization })).toThrow(expect.objectContaining({ name: 'SealstoneError' }))
  })

  it('takes the last two numbers of a shard as its range: paths may hold colons', () => {
    const manifest = manifestOf(['a:0:8:0:8', 'a:0:8:8:9'])
    const payload = buildModelStatement({ ...manifest, serialization: { ...manifest.serialization, method: 'shards', shardSize: 8 } })
    expect(planOf(payload).names).toEqual(['a:0:8'])
  })
})

describe('a foreign model statement', () => {
  const edit = (change: (statement: ModelJson) => void): Uint8Array => {
    const statement = JSON.parse(Buffer.from(buildModelStatement(manifestOf(['a', 'b']))).toString()) as ModelJson
    change(statement)
    return utf8(JSON.stringify(statement))
  }
  const rename = (name: string) => edit(({ predicate: { resources } }) => Object.assign(resources[0] ?? {}, { name }))

  it('is taken in the order in which it lists', () => {
    const reversed = manifestOf(['a', 'b']).resources.toReversed()
    const payload = edit((statement) => {
      statement.predicate.resources.reverse()
      statement.subject[0] = { name: 'model', digest: { sha256: toHex(rootDigest(reversed)) } }
    })
    expect(parseStatement(payload)).toHaveProperty(
      'resources',
      reversed.map(({ name, digest }) => ({ name, digest })),
    )
  })

  it.each<[string, (statement: ModelJson) => void]>([
    ['without ignore_paths', ({ predicate }) => delete predicate.serialization['ignore_paths']],
    [
      'with further members in resources and subjects',
      ({ predicate, subject }) => [Object.assign(predicate.resources[0] ?? {}, { size: 1 }), Object.assign(subject[0] ?? {}, { uri: 'x' })],
    ],
  ])('%s is read', (_, change) => {
    expect(() => parseStatement(edit(change))).not.toThrow()
  })

  it('may write its shard size as Python does, and spell the algorithm in two ways', () => {
    const shards = manifestOf(['a:0:8'])
    const text = Buffer.from(
      buildModelStatement({ ...shards, serialization: { ...shards.serialization, method: 'shards', shardSize: 8 } }),
    ).toString()
    const python = text.replace('"shard_size":8', '"shard_size": 8.0').replace('"algorithm":"sha256"', '"algorithm":"sha256-sharded-8"')
    expect(python).not.toBe(text)
    expect(parseStatement(utf8(python))).toEqual(parseStatement(utf8(text)))
    expect(() => parseStatement(utf8(text.replace('"algorithm":"sha256"', '"algorithm":"sha256-sharded-9"')))).toThrow(/algorithm/)
  })

  it.each(BAD_PATHS)('with the path %j is refused', (name) => {
    expect(() => parseStatement(rename(name))).toThrow(expect.objectContaining({ name: 'SealstoneError' }))
  })

  it('with bytes that are not UTF-8, or a lone surrogate, in a path is refused', () => {
    const [before = '', after = ''] = Buffer.from(rename('XX')).toString().split('XX')
    expect(() => parseStatement(Buffer.concat([Buffer.from(before), Buffer.of(0xff), Buffer.from(after)]))).toThrow(
      expect.objectContaining({ code: 'FORMAT_INVALID' }),
    )
    expect(() => parseStatement(utf8(`${before}\\ud800${after}`))).toThrow(expect.objectContaining({ code: 'FORMAT_INVALID' }))
  })

  it.each<[string, (statement: ModelJson) => void, RegExp]>([
    ['with a name twice', ({ predicate: { resources } }) => Object.assign(resources[1] ?? {}, { name: 'a' }), /"a" appears twice/],
    ['with another root digest', ({ subject }) => (subject[0] = { name: 'm', digest: { sha256: '0'.repeat(64) } }), /the resources give/],
    [
      'with a digest in capitals',
      ({ predicate: { resources } }) => Object.assign(resources[0] ?? {}, { digest: '0A'.repeat(32) }),
      /not lower-case hex/,
    ],
    [
      'with a short digest',
      ({ predicate: { resources } }) => Object.assign(resources[0] ?? {}, { digest: '01'.repeat(31) }),
      /hex holds 31 bytes, want 32/,
    ],
    [
      'with another algorithm in a resource',
      ({ predicate: { resources } }) => Object.assign(resources[0] ?? {}, { algorithm: 'md5' }),
      /algorithm "md5", want sha256/,
    ],
    ['with an unknown hash type', ({ predicate }) => (predicate.serialization['hash_type'] = 'md5'), /hash_type is "md5"/],
    ['with an unknown method', ({ predicate }) => (predicate.serialization['method'] = 'tar'), /method is "tar"/],
    ['with an unknown member in its serialization', ({ predicate }) => (predicate.serialization['x'] = 1), /unknown member "x"/],
    ['with an unknown member in its predicate', ({ predicate }) => Object.assign(predicate, { x: 1 }), /unknown member "x"/],
    ['with an unknown member', (statement) => Object.assign(statement, { x: 1 }), /unknown member "x"/],
    ['with two subjects', ({ subject }) => subject.push({ name: 'x', digest: {} }), /subject has 2 entries/],
    ['without a subject', (statement) => (statement.subject = []), /subject has 0 entries/],
    ['without a digest in its subject', ({ subject }) => (subject[0] = { name: 'x', digest: { sha512: '00' } }), /sha256 is missing/],
    ['of another type', (statement) => (statement._type = 'https://in-toto.io/Statement/v0.1'), /_type is/],
    ['with a shard size for files', ({ predicate }) => (predicate.serialization['shard_size'] = 8), /method is files, shard_size is there/],
    [
      'with a fraction for a shard size',
      ({ predicate }) => Object.assign(predicate.serialization, { method: 'shards', shard_size: 8.5 }),
      /shard_size is 8.5/,
    ],
    ['with shards and no size', ({ predicate }) => (predicate.serialization['method'] = 'shards'), /shard_size is missing/],
    ['with a path to ignore that is a number', ({ predicate }) => (predicate.serialization['ignore_paths'] = [1]), /not a path/],
    ['with allow_symlinks as text', ({ predicate }) => (predicate.serialization['allow_symlinks'] = 'no'), /allow_symlinks/],
  ])('%s is refused', (_, change, reason) => {
    expect(() => parseStatement(edit(change))).toThrow(expect.objectContaining({ name: 'SealstoneError', message: expect.stringMatching(reason) }))
  })

  it('cannot leave out what lies outside of the model', () => {
    const payload = edit(({ predicate }) => (predicate.serialization['ignore_paths'] = ['/etc', '../x', './logs', 'cache/', 'ok']))
    expect(planOf(payload).serialization.ignorePaths).toEqual(['./logs', 'cache/', 'ok'])
  })
})

describe('another statement', () => {
  const subjects = [{ name: 'model', sha256: 'ab'.repeat(32) }]

  it('reads back', () => {
    const payload = buildStatement({ predicateType: 'https://slsa.dev/provenance/v1', predicate: { a: [1, null, 'ü'] }, subjects })
    expect(parseStatement(payload)).toEqual({
      kind: 'other',
      predicateType: 'https://slsa.dev/provenance/v1',
      predicate: { a: [1, null, 'ü'] },
      subjects,
    })
  })

  it.each<[string, Partial<Parameters<typeof buildStatement>[0]>]>([
    ['the predicate type of models', { predicateType: 'https://model_signing/signature/v1.0' }],
    ['the predicate type of the draft', { predicateType: 'https://model_signing/Digests/v0.1' }],
    ['no predicate type', { predicateType: '' }],
    ['no subject', { subjects: [] }],
    ['a subject without a name', { subjects: [{ name: '', sha256: 'ab'.repeat(32) }] }],
    ['a short digest', { subjects: [{ name: 'x', sha256: 'ab' }] }],
    ['a digest in capitals', { subjects: [{ name: 'x', sha256: 'AB'.repeat(32) }] }],
    ['a predicate 40 levels deep', { predicate: JSON.parse(`${'['.repeat(40)}${']'.repeat(40)}`) }],
    ['a lone surrogate in its predicate', { predicate: { a: '\ud800' } }],
  ])('with %s is not written', (_, changes) => {
    expect(() => buildStatement({ predicateType: 'https://example.org/x', predicate: {}, subjects, ...changes })).toThrow(
      expect.objectContaining({ name: 'SealstoneError' }),
    )
  })

  it('over 32 MiB is not written', () => {
    const predicate = { blob: 'x'.repeat(32 * 1024 * 1024) }
    expect(() => buildStatement({ predicateType: 'https://example.org/x', predicate, subjects })).toThrow(
      expect.objectContaining({ code: 'INPUT_TOO_LARGE' }),
    )
  })
})

function planOf(payload: Uint8Array): ReturnType<typeof hashingPlan> {
  return hashingPlan(writeOmsBundle({ payload, signature: Uint8Array.of(1), key: makeKey('ecdsa-p256').key }))
}
