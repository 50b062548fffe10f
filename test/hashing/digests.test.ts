/** Digests, names of parts and their order, judged by other people's programs and published values. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { DIGEST_BYTES, hashModel, type Manifest, rootDigest } from '#hashing'
import { expectRefusal, modelOf, temporaryFolder } from './support.ts'

const GIB = 1024 ** 3

function listed(manifest: Manifest): string[] {
  return manifest.resources.map(({ name, digest }) => `${name} ${digest.toHex()}`)
}

it.each([
  ['sha256', 'sha256sum'],
  ['blake2b', 'b2sum'],
] as const)('gives the digests that %s gives in coreutils', async (hashType, program) => {
  const root = modelOf({ 'a.bin': 'first', 'b/c.bin': 'second', empty: '', 'd.bin': 'x'.repeat(700_001) })
  const want = execFileSync(program, ['a.bin', 'b/c.bin', 'd.bin', 'empty'], { cwd: root, encoding: 'utf8' })
  const manifest = await hashModel(root, { hashType })
  expect(manifest.resources.map(({ name, digest }) => `${digest.toHex()}  ${name}\n`).join('')).toBe(want)
  expect(manifest.resources.every(({ digest, algorithm }) => digest.length === DIGEST_BYTES[hashType] && algorithm === hashType)).toBe(true)
})

it('gives the digests of the BLAKE3 test vectors', async () => {
  // BLAKE3 test_vectors.json: input bytes count up modulo 251.
  const root = modelOf({ empty: '' })
  writeFileSync(join(root, 'three'), Uint8Array.from([0, 1, 2]))
  writeFileSync(
    join(root, 'block'),
    Uint8Array.from({ length: 1025 }, (_, index) => index % 251),
  )
  expect(listed(await hashModel(root, { hashType: 'blake3' }))).toEqual([
    'block d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444',
    'empty af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262',
    'three e1be4d7a8ab5560aa4199eea339849ba8e293d55ca0a81006726d184519e647f',
  ])
})

it('gives the shards of the OMS golden manifest, in order of their start and not of their text', async () => {
  // sigstore/model-transparency tests: serialization/file_shard/TestSerializer/sample_model_file_small_shards
  const root = modelOf({ file_model: 'This is a simple model' })
  const manifest = await hashModel(join(root, 'file_model'), { method: 'shards', shardSize: 8, legacyDotName: true })
  expect(listed(manifest)).toEqual([
    '.:0:8 a37010c994067764d86540bf479d93b4d0c3bb3955de7b61f951caf2fd0301b0',
    '.:8:16 bd762002a3528a27fb9a8822f822b949d3c9ab7e860af33039c9aa70ebbbe682',
    '.:16:22 a791e1e893ea4260c77475725101fb4cc6ad85f6340f21f10b239184e318cd21',
  ])
  expect(rootDigest(manifest.resources).toHex()).toBe('57d54248751a51781ac2bed647670df0c45d3926e337021585c34a82384b6573')
})

it('cuts shards exactly at the size and lists an empty file, so that nothing goes unsigned', async () => {
  const root = modelOf({ even: 'aaaabbbb', odd: 'aaaabbbbc', empty: '', 'colon:0:4': 'abcd' })
  const manifest = await hashModel(root, { method: 'shards', shardSize: 4 })
  expect(manifest.resources.map(({ name, size }) => `${name} ${size}`)).toEqual([
    'colon:0:4:0:4 4',
    'empty:0:0 0',
    'even:0:4 4',
    'even:4:8 4',
    'odd:0:4 4',
    'odd:4:8 4',
    'odd:8:9 1',
  ])
  expect(manifest.totalBytes).toBe(21)
})

it('computes the root digest over the raw digests in listed order', async () => {
  const { resources } = await hashModel(modelOf({ a: '1', b: '2' }))
  const want = createHash('sha256').update(createHash('sha256').update('1').digest()).update(createHash('sha256').update('2').digest()).digest('hex')
  expect(rootDigest(resources).toHex()).toBe(want)
  expect(rootDigest(resources.toReversed()).toHex()).not.toBe(want)
})

it('orders names by the bytes of their UTF-8, also above U+FFFF', async () => {
  const names = ['\u{1f600}', '\ue000', '\uffee', 'z', 'a b', 'a.b', 'a/b', 'ä', '\u{10ffff}', 'Z']
  const manifest = await hashModel(modelOf(Object.fromEntries(names.map((name) => [name, name]))))
  expect(manifest.resources.map(({ name }) => name)).toEqual(['Z', 'a b', 'a.b', 'a/b', 'z', 'ä', '\ue000', '\uffee', '\u{1f600}', '\u{10ffff}'])
})

it('keeps names byte for byte: spaces, newlines, quotes, composed and decomposed accents', async () => {
  const names = ['two  spaces', 'new\nline', 'quote"s', 'back\\slash', 'caf\u00e9', 'cafe\u0301', ' leading', 'trailing ']
  const manifest = await hashModel(modelOf(Object.fromEntries(names.map((name) => [name, 'x']))))
  expect(new Set(manifest.resources.map(({ name }) => name))).toEqual(new Set(names))
})

it('calls a single file by its basename, or a dot for old signatures', async () => {
  const root = modelOf({ 'model.onnx': 'weights' })
  const manifest = await hashModel(join(root, 'model.onnx'))
  expect([manifest.modelName, manifest.resources[0]?.name]).toEqual(['model.onnx', 'model.onnx'])
  expect((await hashModel(join(root, 'model.onnx'), { legacyDotName: true })).resources[0]?.name).toBe('.')
})

it.each([
  ["the addon's", 10_000_000],
  ['worker', 2_000_000],
])('gives the same manifest in %s threads as in-process', async (_, shardSize) => {
  const root = modelOf({ small: 's', 'd/other': 'o' })
  truncateSync(join(root, 'small'), 150_000_003)
  appendFileSync(join(root, 'd/other'), 'x'.repeat(400_000))
  const threaded = await hashModel(root, { method: 'shards', shardSize })
  const want = createHash('sha256')
  for (let left = shardSize, first = true; left > 0; left -= 1_000_000, first = false)
    want.update(Buffer.alloc(1_000_000, 0).fill(first ? 's' : '', 0, first ? 1 : 0))
  expect(threaded.resources.find(({ name }) => name === `small:0:${shardSize}`)?.digest.toHex()).toBe(want.digest('hex'))
  const sum = execFileSync('sha256sum', ['d/other', 'small'], { cwd: root, encoding: 'utf8' })
  expect((await hashModel(root)).resources.map(({ name, digest }) => `${digest.toHex()}  ${name}\n`).join('')).toBe(sum)
})

it('reads past 4 GiB at the right offsets', async () => {
  const path = join(temporaryFolder(), 'big.bin')
  writeFileSync(path, '')
  truncateSync(path, 4 * GIB)
  appendFileSync(path, 'the tail')
  const { resources, totalBytes } = await hashModel(path, { method: 'shards', shardSize: GIB })
  const zeros = '49bc20df15e412a64472421e13fe86ff1c5165e18b2afccf160d4dc19fe68a14' // sha256sum of 1 GiB of zero bytes
  expect(totalBytes).toBe(4 * GIB + 8)
  expect(resources.map(({ digest }) => digest.toHex())).toEqual([zeros, zeros, zeros, zeros, createHash('sha256').update('the tail').digest('hex')])
})

it.each([
  ['hash type is md5', { hashType: 'md5' as never }],
  ['method is tensors', { method: 'tensors' as never }],
  ['shard size is 0', { method: 'shards' as const, shardSize: 0 }],
  ['shard size is 1.5', { method: 'shards' as const, shardSize: 1.5 }],
  ['a shard size is given', { shardSize: 8 }],
])('refuses options in which %s', async (text, options) => {
  await expectRefusal(hashModel(modelOf({ a: 'a' }), options), 'INPUT_INVALID', text)
})
