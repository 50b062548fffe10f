/** Headers of safetensors and GGUF: what other people's programs wrote is read as they read it; what is wrong is refused by name. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { SealstoneError } from '#core'
import { hashTensors } from '#tensors'
import { seededRandom } from '../support/seeded-random.ts'
import { temporaryFolder } from '../support/temporary.ts'

const VECTORS = join(import.meta.dirname, '../vectors')

interface Want {
  readonly name: string
  readonly shape: readonly number[]
  readonly sha256: string
  readonly bytes: number
}

function wanted(path: string): readonly Want[] {
  return (JSON.parse(readFileSync(join(VECTORS, path), 'utf8')) as { tensors: Want[] }).tensors
}

async function read(path: string): Promise<Want[]> {
  const { files } = await hashTensors(path)
  return (files[0]?.tensors ?? []).map(({ name, shape, digest, bytes }) => ({ name, shape, sha256: digest.toHex(), bytes }))
}

const byName = (left: Want, right: Want): number => (left.name < right.name ? -1 : 1)

it('reads what the Python package safetensors wrote, with the digests of numpy', async () => {
  expect((await read(join(VECTORS, 'safetensors-python/small.safetensors'))).sort(byName)).toEqual(
    [...wanted('safetensors-python/small.json')].sort(byName),
  )
})

it('reads what the Python package gguf wrote, with the digests of its reader', async () => {
  const want = wanted('gguf-python/small.json').map(({ name, shape, sha256, bytes }) => ({ name, shape, sha256, bytes }))
  expect((await read(join(VECTORS, 'gguf-python/small.gguf'))).sort(byName)).toEqual([...want].sort(byName))
})

async function refusalOf(name: string, bytes: Uint8Array): Promise<string> {
  const path = join(temporaryFolder(), name)
  writeFileSync(path, bytes)
  try {
    await hashTensors(path)
    return 'read'
  } catch (error) {
    if (error instanceof SealstoneError) return `${error.code} ${error.message}`
    throw error
  }
}

function safetensors(header: unknown, data = 8, length?: number): Buffer {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const prefix = Buffer.alloc(8)
  prefix.writeBigUInt64LE(BigInt(length ?? text.length))
  return Buffer.concat([prefix, text, Buffer.alloc(data)])
}

const A = { dtype: 'F32', shape: [2], data_offsets: [0, 8] }

describe('a safetensors header is refused', () => {
  it.each<[string, Buffer, RegExp]>([
    ['that is no JSON', safetensors('{"a":'), /JSON_INVALID/],
    ['that is cut short', safetensors('{}', 0, 100), /header ends at 108, but the file at 10/],
    ['that says that it is huge', safetensors('{}', 0, 2 ** 40), /INPUT_TOO_LARGE.*100000000/],
    ['of seven bytes', Buffer.alloc(7), /header length ends at 8, but the file at 7/],
    ['with a tensor twice', safetensors(`{"a":${JSON.stringify(A)},"a":${JSON.stringify(A)}}`), /JSON_INVALID.*a/],
    ['with an unknown dtype', safetensors({ a: { ...A, dtype: 'F128' } }), /tensor "a" has the dtype "F128"/],
    ['with a dtype of Object.prototype', safetensors({ a: { ...A, dtype: 'constructor' } }), /has the dtype "constructor"/],
    ['whose shape has other bytes', safetensors({ a: { ...A, shape: [3] } }), /has 8 bytes, but its shape and dtype want 12/],
    ['whose shape overflows', safetensors({ a: { ...A, shape: [2 ** 52, 2 ** 52, 2 ** 52] } }), /want \d{40,}/],
    ['with a negative size', safetensors({ a: { ...A, shape: [-2] } }), /whole numbers/],
    ['with a fraction', safetensors({ a: { ...A, shape: [0.5] } }), /whole numbers/],
    ['with offsets that go back', safetensors({ a: { ...A, data_offsets: [8, 0] } }), /not a beginning and an end/],
    ['with a hole', safetensors({ a: A, b: { ...A, data_offsets: [9, 17] } }, 17), /begins at \d+, want/],
    ['with tensors that overlap', safetensors({ a: A, b: { ...A, data_offsets: [4, 12] } }, 12), /begins at \d+, want/],
    ['with bytes behind the tensors', safetensors({ a: A }, 9), /but the file at/],
    ['with tensors behind the file', safetensors({ a: A }, 7), /but the file at/],
    ['with a tensor that is none', safetensors({ a: 7 }), /is a number, want an object/],
    ['with an unknown member', safetensors({ a: { ...A, extra: 1 } }), /unknown member "extra"/],
    ['with metadata that is no text', safetensors({ __metadata__: { a: 1 }, a: A }), /__metadata__/],
  ])('%s', async (_, bytes, want) => {
    expect(await refusalOf('x.safetensors', bytes)).toMatch(want)
  })
})

const GOOD = readFileSync(join(VECTORS, 'gguf-python/small.gguf'))

function changed(at: number, bytes: readonly number[]): Buffer {
  const copy = Buffer.from(GOOD)
  copy.set(bytes, at)
  return copy
}

describe('a GGUF header is refused', () => {
  const nameAt = GOOD.indexOf('token_embd.weight')
  const typeAt = nameAt + 'token_embd.weight'.length + 4 + 16
  it.each<[string, Buffer, RegExp]>([
    ['without its mark', changed(0, [0]), /does not begin with GGUF/],
    ['of version 1', changed(4, [1]), /version 1, want 2 or 3/],
    ['that is big-endian', changed(4, [0, 0, 0, 3]), /big-endian/],
    ['with too many tensors', changed(8, [0, 0, 0, 0, 1]), /4294967299 tensors|tensors, want at most 100000/],
    ['with too many pairs', changed(16, [0, 0, 0, 0, 1]), /key-value pairs, want at most 100000/],
    ['with a key that never ends', changed(24, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f, 0]), /INPUT_TOO_LARGE/],
    ['with an unknown tensor type', changed(typeAt, [99]), /has type 99, which is not known/],
    ['with a tensor behind the file', changed(nameAt + 'token_embd.weight'.length + 4, [64, 0, 0, 0, 1]), /but the file at/],
    ['with a tensor that is not aligned', changed(typeAt + 4, [1]), /want a multiple of 32/],
    ['with a tensor over another', changed(GOOD.indexOf('blk.0.ffn_up.weight') + 'blk.0.ffn_up.weight'.length + 4 + 16 + 4, [0, 0, 0, 0]), /overlap/],
    ['that is cut short', GOOD.subarray(0, 100), /but the file at 100/],
  ])('%s', async (_, bytes, want) => {
    expect(await refusalOf('x.gguf', bytes)).toMatch(want)
  })
})

it.each([
  ['x.gguf', 'gguf-python/small.gguf'],
  ['x.safetensors', 'safetensors-python/small.safetensors'],
])('reads or refuses %s with bytes changed at random', async (name, path) => {
  const random = seededRandom(42)
  const good = readFileSync(join(VECTORS, path))
  const outcomes = new Set<string>()
  for (let round = 0; round < 400; round++) {
    const bytes = Buffer.from(good)
    for (let change = 0; change < 1 + Math.floor(random() * 4); change++) bytes[Math.floor(random() ** 2 * bytes.length)] = Math.floor(random() * 256)
    outcomes.add((await refusalOf(name, random() < 0.1 ? bytes.subarray(0, Math.floor(random() * bytes.length)) : bytes)).split(' ')[0] ?? '')
  }
  expect([...outcomes].filter((outcome) => !['read', 'FORMAT_INVALID', 'JSON_INVALID', 'INPUT_TOO_LARGE'].includes(outcome))).toEqual([])
  expect(outcomes.size).toBeGreaterThan(1)
})

it('hashes other files as a whole, and a model with both', async () => {
  const root = join(temporaryFolder(), 'model')
  mkdirSync(root)
  copyFileSync(join(VECTORS, 'gguf-python/small.gguf'), join(root, 'a.gguf'))
  writeFileSync(join(root, 'config.json'), '{}')
  const { files } = await hashTensors(root)
  expect(files.map(({ name, format, tensors, digest }) => [name, format, tensors.length, digest?.toHex()])).toEqual([
    ['a.gguf', 'gguf', 3, undefined],
    ['config.json', undefined, 0, '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a'],
  ])
})
