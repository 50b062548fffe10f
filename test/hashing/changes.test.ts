/** A model that moves while it is read is never signed; hashing can be watched and stopped; memory stays flat. */
import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, renameSync, rmSync, statSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'
import { hashModel, type HashModelOptions, type HashProgress } from '#hashing'
import { expectRefusal, modelOf } from './support.ts'

/** Calls `action` at the first report, which comes after the files were listed and before they are read. */
function beforeReading(action: () => void): HashModelOptions {
  let done = false
  return {
    onProgress() {
      if (!done) action()
      done = true
    },
  }
}

/** Calls `action` at the first report that comes while a thread is in the middle of a file. */
function whileReading(action: () => void): HashModelOptions & { readonly at: number[] } {
  const at: number[] = []
  return {
    at,
    onProgress({ bytesDone, bytesTotal }) {
      if (at.length > 0 || bytesDone === 0 || bytesDone === bytesTotal) return
      at.push(bytesDone)
      action()
    },
  }
}

/** Parts so small that they are not for the addon, and so many that they are not for this thread. */
const IN_WORKERS: HashModelOptions = { method: 'shards', shardSize: 2_000_000 }
/** So many of them that no machine has hashed them before it looks for the first time. */
const MANY_PARTS = 50_000_000_000

function largeModel(bytes: number): string {
  const root = modelOf({ 'config.json': '{}', 'weights.bin': '' })
  truncateSync(join(root, 'weights.bin'), bytes)
  return root
}

it.each<[string, (file: string) => void]>([
  ['grows', (file) => appendFileSync(file, 'more')],
  ['shrinks', (file) => truncateSync(file, 3)],
  ['is rewritten with the same size and its old time', rewriteInPlace],
  ['is replaced by a file of the same size', replaceFile],
  ['vanishes', (file) => rmSync(file)],
  ['becomes a link to another file', becomeLink],
  ['becomes a directory', becomeDirectory],
  ['becomes a named pipe', becomePipe],
])('refuses a file that %s between listing and reading', async (_, action) => {
  const root = modelOf({ 'a.bin': 'stays', 'b.bin': 'content', 'c.bin': 'stays' })
  await expectRefusal(
    hashModel(
      root,
      beforeReading(() => action(join(root, 'b.bin'))),
    ),
    'MODEL_CHANGED',
    'b.bin changed while it was read',
  )
})

it.each<[string, (file: string) => void, string, HashModelOptions]>([
  ['grows', (file) => appendFileSync(file, 'more'), 'worker', IN_WORKERS],
  ['grows', (file) => appendFileSync(file, 'more'), "the addon's", {}],
  ['shrinks', (file) => truncateSync(file, 3), 'worker', IN_WORKERS],
  ['shrinks', (file) => truncateSync(file, 3), "the addon's", {}],
  ['is replaced by a file of the same size', replaceFile, 'worker', IN_WORKERS],
  ['is replaced by a file of the same size', replaceFile, "the addon's", {}],
])('refuses a large file that %s while %3$s threads read it', async (_, action, _threads, how) => {
  const root = largeModel(how === IN_WORKERS ? MANY_PARTS : 800_000_000)
  const options = whileReading(() => action(join(root, 'weights.bin')))
  await expectRefusal(hashModel(root, { ...how, ...options }), 'MODEL_CHANGED', 'changed while it was read')
  expect(options.at).toHaveLength(1)
})

it.each<[string, HashModelOptions]>([
  ['worker', IN_WORKERS],
  ["the addon's", {}],
  ["the addon's, on one file,", { hashType: 'blake3' }],
])('fails with what the watcher of its progress throws while %s threads read', async (_, how) => {
  const root = largeModel(how === IN_WORKERS ? MANY_PARTS : 1_000_000_000_000)
  const error = new Error('the watcher failed')
  const onProgress = ({ bytesDone }: HashProgress) => {
    if (bytesDone > 0) throw error
  }
  await expect(hashModel(root, { ...how, onProgress })).rejects.toBe(error)
})

it('refuses a model in which a file appeared or vanished meanwhile, and does not mind a signature', async () => {
  const root = modelOf({ 'a.bin': 'a', 'd/b.bin': 'b' })
  await expectRefusal(
    hashModel(
      root,
      beforeReading(() => writeFileSync(join(root, 'd/new.bin'), '')),
    ),
    'MODEL_CHANGED',
    'd/new.bin appeared',
  )
  let reports = 0
  const atTheEnd = {
    onProgress: ({ filesDone, filesTotal }: HashProgress) => void (filesDone === filesTotal && reports++ === 0 && rmSync(join(root, 'd/new.bin'))),
  }
  await expectRefusal(hashModel(root, atTheEnd), 'MODEL_CHANGED', 'd/new.bin vanished')
  const signed = await hashModel(
    root,
    beforeReading(() => writeFileSync(join(root, 'model.sig'), '{}')),
  )
  expect(signed.resources.map(({ name }) => name)).toEqual(['a.bin', 'd/b.bin'])
})

it('reports progress that only grows, ends at the total and names files', async () => {
  const seen: HashProgress[] = []
  const root = largeModel(400_000_000)
  await hashModel(root, { onProgress: (progress) => seen.push(progress) })
  expect(seen[0]).toEqual({ bytesDone: 0, bytesTotal: 400_000_002, filesDone: 0, filesTotal: 2, current: '', reading: [] })
  expect(seen.at(-1)).toMatchObject({ bytesDone: 400_000_002, filesDone: 2 })
  expect(['config.json', 'weights.bin']).toContain(seen.at(-1)?.current)
  const large = seen.flatMap(({ reading }) => reading).filter(({ name }) => name === 'weights.bin')
  expect(large.length).toBeGreaterThan(0)
  for (const { bytesDone, bytesTotal } of large) expect([bytesDone <= bytesTotal, bytesTotal]).toEqual([true, 400_000_000])
  expect(seen.map(({ bytesDone }) => bytesDone)).toEqual(seen.map(({ bytesDone }) => bytesDone).toSorted((left, right) => left - right))
})

it.each<[string, number, HashModelOptions]>([
  ['a terabyte, which takes minutes to read', 1_000_000_000_000, {}],
  ['many parts', MANY_PARTS, IN_WORKERS],
])('stops when it is aborted in the middle of %s, and at once when it was aborted before', async (_, bytes, how) => {
  const root = largeModel(bytes)
  expect(await abortInTheMiddle(root, how)).toBeLessThan(20_000)
  await expect(hashModel(root, { ...how, signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' })
})

/** Milliseconds until it had stopped. */
async function abortInTheMiddle(root: string, how: HashModelOptions): Promise<number> {
  const controller = new AbortController()
  let abortedAt = 0
  const options = whileReading(() => {
    abortedAt = performance.now()
    controller.abort()
  })
  await expect(hashModel(root, { ...how, ...options, signal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' })
  return performance.now() - abortedAt
}

it('stops between small files too', async () => {
  const root = modelOf(Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`f${index}`, 'x'])))
  truncateSync(join(root, 'f0'), 50_000_000)
  const controller = new AbortController()
  const options = whileReading(() => controller.abort())
  await expect(hashModel(root, { ...options, signal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' })
})

it('hashes 4 × 1 GiB in under 150 MB of memory', () => {
  const root = modelOf({})
  for (const shard of ['1', '2', '3', '4']) {
    writeFileSync(join(root, shard), shard)
    truncateSync(join(root, shard), 1024 ** 3)
  }
  const source = `import { hashModel } from '#hashing'
    const { totalBytes } = await hashModel(${JSON.stringify(root)})
    console.log(JSON.stringify({ totalBytes, kilobytes: process.resourceUsage().maxRSS }))`
  const output = execFileSync(process.execPath, ['--input-type=module-typescript', '--eval', source], {
    cwd: resolve(import.meta.dirname, '../..'),
    encoding: 'utf8',
  })
  const { totalBytes, kilobytes } = JSON.parse(output) as { totalBytes: number; kilobytes: number }
  expect(totalBytes).toBe(4 * 1024 ** 3)
  expect(kilobytes * 1024).toBeLessThan(150_000_000)
})

function rewriteInPlace(file: string): void {
  const { atime, mtime, size } = statSync(file)
  writeFileSync(file, 'C'.repeat(size))
  utimesSync(file, atime, mtime)
}

function replaceFile(file: string): void {
  writeFileSync(`${file}.new`, '')
  truncateSync(`${file}.new`, statSync(file).size)
  renameSync(`${file}.new`, file)
}

function becomeLink(file: string): void {
  rmSync(file)
  symlinkSync('a.bin', file)
}

function becomeDirectory(file: string): void {
  rmSync(file)
  mkdirSync(file)
}

function becomePipe(file: string): void {
  rmSync(file)
  execFileSync('mkfifo', [file])
}

it('refuses a file that changed after it was read, while others still were', async () => {
  const root = modelOf({ 'a.bin': 'small', 'z.bin': '' })
  truncateSync(join(root, 'z.bin'), 1_000_000_000)
  const options = whileReading(() => writeFileSync(join(root, 'a.bin'), 'SMALL'))
  await expectRefusal(hashModel(root, options), 'MODEL_CHANGED', 'a.bin changed while')
  expect(options.at).toHaveLength(1)
})

it('says what a file was and what it is', async () => {
  const root = modelOf({ 'b.bin': 'content' })
  const file = join(root, 'b.bin')
  utimesSync(file, 1_000_000_000, 1_000_000_000)
  const changing = beforeReading(() => {
    appendFileSync(file, 'more')
    utimesSync(file, 1_100_000_000, 1_100_000_000.5)
  })
  const message =
    /^b\.bin changed while it was read: size 7 → 11, mtime 2001-09-09T01:46:40\.000000000Z → 2004-11-09T11:33:20\.500000000Z, ctime \S+Z → \S+Z$/
  await expect(hashModel(root, changing)).rejects.toMatchObject({ code: 'MODEL_CHANGED', message: expect.stringMatching(message) })
  const replaced = beforeReading(() => replaceFile(file))
  await expect(hashModel(root, replaced)).rejects.toMatchObject({ message: expect.stringMatching(/inode \d+ → \d+/) })
})
