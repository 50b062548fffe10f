/** BLAKE3 on every core inside one file: the addon and the way to it, judged by the authors' vectors, b3sum, noble and the engine for small files. */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { appendFileSync, closeSync, openSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { expect, it } from 'vitest'
import { hashModel, type HashProgress } from '#hashing'
import { ADDON_OUTCOME, type HashAddon, loadHashAddon } from '../../src/hashing/hash-addon.ts'
import { nativeBlake3, portableBlake3 } from '../../src/hashing/hasher.ts'
import { expectRefusal, modelOf, temporaryFolder } from './support.ts'

const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB

const WITHOUT_TREE = `import { registerHooks } from 'node:module'
registerHooks({ resolve(specifier, context, next) { if (specifier.endsWith('hash-addon.node')) throw new Error('not there'); return next(specifier, context) } })`

const VECTORS = JSON.parse(readFileSync(join(import.meta.dirname, '../vectors/blake3/test_vectors.json'), 'utf8')) as {
  readonly cases: readonly { readonly input_len: number; readonly hash: string }[]
}

it("gives the digests of the authors' vectors", async () => {
  expect(VECTORS.cases.length).toBeGreaterThan(20)
  for (const { input_len: length, hash } of VECTORS.cases)
    expect(await treeHash(fileOf(counting(length)), 3, 0, length), String(length)).toBe(hash.slice(0, 64))
})

it('agrees with noble around every boundary of chunks, reads and pieces', async () => {
  const noble = await portableBlake3()
  for (const edge of [KIB, 16 * KIB, 512 * KIB, MIB, 1536 * KIB]) {
    for (const length of [edge - 1, edge, edge + 1, edge + KIB + 1]) {
      const bytes = randomBytes(length)
      const judge = noble()
      judge.update(bytes)
      expect(await treeHash(fileOf(bytes), 2, 0, length), String(length)).toBe(Buffer.from(judge.digest()).toString('hex'))
    }
  }
})

it.each([1, 2, 3, 7, 64])('agrees with b3sum on %i threads, whatever the length and the start', async (threads) => {
  const bytes = randomBytes(20 * MIB)
  const path = fileOf(bytes)
  for (const start of [0, 1, 5 * KIB]) {
    for (const length of [0, 1, 4 * MIB - 1, 8 * MIB, 8 * MIB + 1, 13 * MIB + 1025, bytes.length - start])
      expect(await treeHash(path, threads, start, length), `${start} ${length}`).toBe(b3sum(bytes.subarray(start, start + length)))
  }
})

it('agrees with b3sum in pieces of the largest size, and past 4 GiB', async () => {
  const [path, around] = [join(temporaryFolder(), 'sparse.bin'), randomBytes(5 * MIB)]
  writeFileSync(path, randomBytes(MIB))
  truncateSync(path, 270 * MIB - 7)
  appendFileSync(path, randomBytes(MIB))
  expect(await treeHash(path, 2, 0, 271 * MIB - 7)).toBe(b3sum(path))
  truncateSync(path, 4 * GIB - 2 * MIB)
  appendFileSync(path, around)
  expect(await treeHash(path, 2, 4 * GIB - 2 * MIB, 5 * MIB)).toBe(b3sum(around))
})

it('hashes large files, small ones and shards as the engine for small files does, and counts every byte', async () => {
  const root = modelOf({ 'a.bin': 'small', 'c/empty.bin': '' })
  const contents = new Map(['b.bin', 'c/d.bin', 'z.bin'].map((name, at) => [name, randomBytes((17 + at) * MIB + at)]))
  for (const [name, bytes] of contents) writeFileSync(join(root, name), bytes)
  const seen: HashProgress[] = []
  const manifest = await hashModel(root, { hashType: 'blake3', onProgress: (progress) => seen.push(progress) })
  expect(manifest.resources.map(({ name }) => name)).toEqual(['a.bin', 'b.bin', 'c/d.bin', 'c/empty.bin', 'z.bin'])
  for (const [name, bytes] of contents) expect(manifest.resources.find((part) => part.name === name)?.digest.toHex()).toBe(await blake3(bytes))
  expect(seen.at(-1)).toMatchObject({ bytesDone: manifest.totalBytes, filesDone: 5, filesTotal: 5, reading: [] })
  expect(seen.map(({ bytesDone }) => bytesDone)).toEqual(seen.map(({ bytesDone }) => bytesDone).toSorted((left, right) => left - right))
  const shards = await hashModel(root, { hashType: 'blake3', method: 'shards', shardSize: 16 * MIB })
  const [first, second] = ['z.bin:0:16777216', 'z.bin:16777216:19922946'].map((name) => shards.resources.find((part) => part.name === name))
  expect(first?.digest.toHex()).toBe(await blake3(contents.get('z.bin')?.subarray(0, 16 * MIB)))
  expect(second?.digest.toHex()).toBe(await blake3(contents.get('z.bin')?.subarray(16 * MIB)))
})

it.each([
  ['the addon is there', [], 'tree'],
  ['the addon was not compiled', ['--import', `data:text/javascript,${encodeURIComponent(WITHOUT_TREE)}`], 'native'],
  ['no addon can be loaded', ['--no-addons'], 'portable'],
])('gives the same digest where %s, and says how', async (_, options, engine) => {
  const path = fileOf(randomBytes(16 * MIB + 1))
  const program = `const { blake3Engine, hashModel } = await import('#hashing'); const { resources } = await hashModel(${JSON.stringify(path)}, { hashType: 'blake3' }); console.log(await blake3Engine(), resources[0].digest.toHex())`
  const said = execFileSync(process.execPath, ['--no-warnings', ...options, '--input-type=module', '-e', program], { encoding: 'utf8' })
  expect(said).toBe(`${engine} ${b3sum(path)}\n`)
})

it('tells of each large file that it has done, however soon one follows the other', async () => {
  const root = modelOf({})
  for (let file = 0; file < 20; file++) {
    writeFileSync(join(root, `${file}.bin`), '')
    truncateSync(join(root, `${file}.bin`), 16 * MIB)
  }
  const told = new Set<number>()
  await hashModel(root, { hashType: 'blake3', onProgress: ({ filesDone, bytesDone }) => bytesDone === filesDone * 16 * MIB && told.add(filesDone) })
  expect([...told]).toEqual(Array.from({ length: 21 }, (_, files) => files))
})

it('stops between two reads when it is told to', async () => {
  const path = join(temporaryFolder(), 'sparse.bin')
  writeFileSync(path, '')
  truncateSync(path, 2000 * GIB)
  const shared = new BigInt64Array(new SharedArrayBuffer(16))
  const [first, second] = [openSync(path, 'r'), openSync(path, 'r')]
  const hashing = tree().hashRange('BLAKE3', [first, second], 0, 2000 * GIB, shared)
  Atomics.store(shared, 1, 1n)
  expect(await hashing).toBe(ADDON_OUTCOME.stopped)
  closeSync(first)
  closeSync(second)
  const abort = new AbortController()
  const reason = new Error('interrupted')
  const model = hashModel(path, { hashType: 'blake3', signal: abort.signal, onProgress: ({ bytesDone }) => bytesDone > 0 && abort.abort(reason) })
  await expect(model).rejects.toBe(reason)
})

it('ends with its process, however much is left to read', () => {
  const path = join(temporaryFolder(), 'sparse.bin')
  writeFileSync(path, '')
  truncateSync(path, 2000 * GIB)
  const program = `const { hashModel } = await import('#hashing'); await hashModel(${JSON.stringify(path)}, { hashType: 'blake3', onProgress: ({ bytesDone }) => bytesDone > 0 && process.exit(7) })`
  expect(() => execFileSync(process.execPath, ['--no-warnings', '--input-type=module', '-e', program])).toThrow(
    expect.objectContaining({ status: 7 }),
  )
})

it('ends with its worker, which does not wait for it', async () => {
  const path = join(temporaryFolder(), 'sparse.bin')
  writeFileSync(path, '')
  truncateSync(path, 2000 * GIB)
  const program = `const { parentPort, workerData: { room, path } } = require('node:worker_threads')
    void import(room).then(({ hashModel }) => hashModel(path, { hashType: 'blake3', onProgress: ({ bytesDone }) => bytesDone > 0 && parentPort.postMessage('reads') }))`
  const workerData = { room: new URL('../../src/hashing/index.ts', import.meta.url).href, path }
  const worker = new Worker(program, { eval: true, execArgv: [], workerData })
  await once(worker, 'message')
  expect(await worker.terminate()).toBe(1)
})

it('says that a file ended early, or why it cannot be read', async () => {
  const path = fileOf(randomBytes(MIB))
  expect(await treeHash(path, 2, 0, MIB + 1)).toBe(ADDON_OUTCOME.endedEarly)
  expect(await treeHash(path, 1, MIB, 1)).toBe(ADDON_OUTCOME.endedEarly)
  expect(await treeHash(temporaryFolder(), 2, 0, MIB)).toBe(constants.errno.EISDIR)
  expect(await tree().hashRange('BLAKE3', [-1], 0, MIB, new BigInt64Array(2))).toBe(constants.errno.EBADF)
})

it('refuses a large file that is cut while its threads read it', async () => {
  const root = modelOf({ 'weights.bin': '' })
  truncateSync(join(root, 'weights.bin'), 1000 * GIB)
  const onProgress = ({ bytesDone }: HashProgress) => bytesDone > 0 && truncateSync(join(root, 'weights.bin'), 3)
  await expectRefusal(hashModel(root, { hashType: 'blake3', onProgress }), 'MODEL_CHANGED', 'weights.bin changed while it was read')
})

it.each([
  ['no descriptor', ['BLAKE3', [], 0, 1, new BigInt64Array(2)]],
  ['65 descriptors', ['BLAKE3', Array.from({ length: 65 }, () => 0), 0, 1, new BigInt64Array(2)]],
  ['two descriptors for one thread', ['SHA2-256', [0, 0], 0, 1, new BigInt64Array(2)]],
  ['a descriptor that is no number', ['BLAKE3', ['0'], 0, 1, new BigInt64Array(2)]],
  ['a start below 0', ['BLAKE3', [0], -1, 1, new BigInt64Array(2)]],
  ['a length below 0', ['BLAKE3', [0], 0, -1, new BigInt64Array(2)]],
  ['numbers that are too few', ['BLAKE3', [0], 0, 1, new BigInt64Array(1)]],
  ['numbers of another kind', ['BLAKE3', [0], 0, 1, new Int32Array(2)]],
  ['a digest that OpenSSL has not', ['SHA9', [0], 0, 1, new BigInt64Array(2)]],
  ['a name that is none', [7, [0], 0, 1, new BigInt64Array(2)]],
  ['nothing', []],
])('refuses %s', (_, wrong) => {
  expect(() => tree().hashRange(...(wrong as Parameters<HashAddon['hashRange']>))).toThrow(TypeError)
})

function tree(): HashAddon {
  const loaded = loadHashAddon('blake3')
  if (loaded === undefined) throw new Error('the hashing addon does not load; run: make setup')
  return loaded
}

async function treeHash(path: string, threads: number, start: number, length: number): Promise<string | number> {
  const descriptors = Array.from({ length: threads }, () => openSync(path, 'r'))
  try {
    const shared = new BigInt64Array(2)
    const result = await tree().hashRange('BLAKE3', descriptors, start, length, shared)
    if (typeof result === 'number') return result
    expect(Number(shared[0])).toBe(length)
    return Buffer.from(result).toString('hex')
  } finally {
    for (const descriptor of descriptors) closeSync(descriptor)
  }
}

async function blake3(bytes: Buffer | undefined): Promise<string> {
  const hasher = (await nativeBlake3())?.()
  hasher?.update(bytes ?? Buffer.alloc(0))
  return Buffer.from(hasher?.digest() ?? []).toString('hex')
}

/** Of a file, or of these bytes. */
function b3sum(what: string | Buffer): string {
  const options = typeof what === 'string' ? {} : { input: what }
  return execFileSync('b3sum', ['--no-names', ...(typeof what === 'string' ? [what] : [])], { ...options, encoding: 'utf8' }).trim()
}

function fileOf(bytes: Uint8Array): string {
  const path = join(temporaryFolder(), 'file.bin')
  writeFileSync(path, bytes)
  return path
}

function counting(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => index % 251)
}
