/** The addon with the digests of Node's OpenSSL, judged by node:crypto; and that an addon of other sources is not used. */
import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, cpSync, mkdirSync, openSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join, resolve } from 'node:path'
import { Worker } from 'node:worker_threads'
import { expect, it } from 'vitest'
import { hashModel } from '#hashing'
import { addonSources } from '../../src/hashing/addon-sources.ts'
import { ADDON_ALGORITHM, ADDON_OUTCOME, loadHashAddon } from '../../src/hashing/hash-addon.ts'
import { temporaryFolder } from './support.ts'

const MIB = 1024 ** 2
const SOURCE = resolve(import.meta.dirname, '../../src')

const WITHOUT_ADDON = `import { registerHooks } from 'node:module'
registerHooks({ resolve(specifier, context, next) { if (specifier.endsWith('hash-addon.node')) throw new Error('not there'); return next(specifier, context) } })`

it.each(['sha256', 'blake2b'] as const)('agrees with node:crypto around every boundary of reads and windows: %s', async (hashType) => {
  const bytes = randomBytes(9 * MIB)
  const path = fileOf(bytes)
  for (const start of [0, 1, 5 * 1024, 2 * MIB - 3]) {
    for (const edge of [0, 1, MIB / 2, MIB, 2 * MIB, 4 * MIB]) {
      for (const length of [edge, edge + 1, edge + MIB / 2 - 1]) {
        const want = judge(hashType)
          .update(bytes.subarray(start, start + length))
          .digest('hex')
        expect(await hashed(hashType, path, start, length), `${start} ${length}`).toBe(want)
      }
    }
  }
})

it.each(['sha256', 'blake2b'] as const)('gives the same %s with the addon, without it and without any addon', async (hashType) => {
  const bytes = randomBytes(8 * MIB + 1)
  const path = fileOf(bytes)
  const want = `${judge(hashType).update(bytes).digest('hex')}\n`
  const program = `const { hashModel } = await import('#hashing'); const { resources } = await hashModel(${JSON.stringify(path)}, { hashType: '${hashType}' }); console.log(resources[0].digest.toHex())`
  for (const options of [[], ['--import', `data:text/javascript,${encodeURIComponent(WITHOUT_ADDON)}`], ['--no-addons']])
    expect(execFileSync(process.execPath, ['--no-warnings', ...options, '--input-type=module', '-e', program], { encoding: 'utf8' })).toBe(want)
})

it('hashes as many files at once as there are cores, and each to its own digest', async () => {
  const folder = temporaryFolder()
  const contents = new Map(Array.from({ length: 9 }, (_, at) => [`${at}.bin`, randomBytes(4 * MIB + at * 100_000)]))
  for (const [name, bytes] of contents) writeFileSync(join(folder, name), bytes)
  const { resources } = await hashModel(folder)
  expect(resources.map(({ name }) => name)).toEqual([...contents.keys()])
  for (const { name, digest } of resources)
    expect(digest.toHex()).toBe(
      judge('sha256')
        .update(contents.get(name) ?? '')
        .digest('hex'),
    )
})

it('says that a file ended early, or why it cannot be read', async () => {
  const path = fileOf(randomBytes(MIB))
  expect(await hashed('sha256', path, 0, MIB + 1)).toBe(ADDON_OUTCOME.endedEarly)
  expect(await hashed('sha256', path, MIB, 1)).toBe(ADDON_OUTCOME.endedEarly)
  expect(await hashed('sha256', temporaryFolder(), 0, MIB)).toBe(constants.errno.EISDIR)
  expect(await addon('sha256').hashRange('SHA2-256', [-1], 0, MIB, new BigInt64Array(2))).toBe(constants.errno.EBADF)
})

it('reads what the system makes up while it is read', async () => {
  const path = `/proc/${process.pid}/cmdline` // of no size, and in no page cache
  const length = execFileSync('cat', [path]).length
  expect(await hashed('sha256', path, 0, length)).toBe(
    createHash('sha256')
      .update(execFileSync('cat', [path]))
      .digest('hex'),
  )
})

it('stops between two reads when it is told to', async () => {
  const shared = new BigInt64Array(new SharedArrayBuffer(16))
  const file = openSync(terabyte(), 'r')
  const hashing = addon('sha256').hashRange('SHA2-256', [file], 0, 2 ** 40, shared)
  Atomics.store(shared, 1, 1n)
  expect(await hashing).toBe(ADDON_OUTCOME.stopped)
  closeSync(file)
})

it('ends with its process, however much is left to read', () => {
  const program = `const { hashModel } = await import('#hashing'); await hashModel(${JSON.stringify(terabyte())}, { onProgress: ({ bytesDone }) => bytesDone > 0 && process.exit(7) })`
  expect(() => execFileSync(process.execPath, ['--no-warnings', '--input-type=module', '-e', program])).toThrow(
    expect.objectContaining({ status: 7 }),
  )
})

it('ends with its worker, which does not wait for it', async () => {
  const program = `const { parentPort, workerData: { room, path } } = require('node:worker_threads')
    void import(room).then(({ hashModel }) => hashModel(path, { onProgress: ({ bytesDone }) => bytesDone > 0 && parentPort.postMessage('reads') }))`
  const workerData = { room: new URL('../../src/hashing/index.ts', import.meta.url).href, path: terabyte() }
  const worker = new Worker(program, { eval: true, execArgv: [], workerData })
  await once(worker, 'message')
  expect(await worker.terminate()).toBe(1)
})

it('is not loaded where its sources are others than those it was compiled from', () => {
  const installation = temporaryFolder()
  cpSync(join(SOURCE, 'hashing'), join(installation, 'src/hashing'), { recursive: true })
  mkdirSync(join(installation, 'node_modules'))
  symlinkSync(join(SOURCE, '../node_modules/.cache'), join(installation, 'node_modules/.cache'))
  const loads = () => {
    const program = `const { loadHashAddon } = await import(${JSON.stringify(join(installation, 'src/hashing/hash-addon.ts'))}); console.log(loadHashAddon('blake3') !== undefined)`
    return execFileSync(process.execPath, ['--no-warnings', '--input-type=module', '-e', program], { encoding: 'utf8' }).trim()
  }
  expect(addonSources()).toMatch(/^[0-9a-f]{64}$/)
  expect(loads()).toBe('true')
  writeFileSync(join(installation, 'src/hashing/native/job.c'), '/* another */')
  expect(loads()).toBe('false')
})

function addon(hashType: 'sha256' | 'blake2b'): NonNullable<ReturnType<typeof loadHashAddon>> {
  const loaded = loadHashAddon(hashType)
  if (loaded === undefined) throw new Error('the hashing addon does not load; run: make setup')
  return loaded
}

function judge(hashType: 'sha256' | 'blake2b'): ReturnType<typeof createHash> {
  return createHash(hashType === 'blake2b' ? 'blake2b512' : hashType)
}

async function hashed(hashType: 'sha256' | 'blake2b', path: string, start: number, length: number): Promise<string | number> {
  const file = openSync(path, 'r')
  try {
    const shared = new BigInt64Array(2)
    const result = await addon(hashType).hashRange(ADDON_ALGORITHM[hashType], [file], start, length, shared)
    if (typeof result === 'number') return result
    expect(Number(shared[0])).toBe(length)
    return Buffer.from(result).toString('hex')
  } finally {
    closeSync(file)
  }
}

function fileOf(bytes: Uint8Array): string {
  const path = join(temporaryFolder(), 'file.bin')
  writeFileSync(path, bytes)
  return path
}

/** Nothing but a hole. */
function terabyte(): string {
  const path = fileOf(new Uint8Array())
  truncateSync(path, 2 ** 40)
  return path
}
