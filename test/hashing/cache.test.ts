/** The digest cache: what is unchanged is not read again, what might have changed is, and nothing is believed that was not asked for. */
import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openDigestCache } from '#digestcache'
import { type DigestCache, hashModel, type HashModelOptions, type Manifest } from '#hashing'
import { modelOf, temporaryFolder } from './support.ts'

const HOUR_MS = 3_600_000
/** Longer than the granularity of times that the cache reckons with. */
const SETTLED_MS = 2100

/** Models that each test takes one of, so that they settle all at once. */
let folder: string
let settled: string[]
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sealstone-hashing-'))
  settled = Array.from({ length: 8 }, (_, number) => {
    const root = join(folder, String(number), 'model')
    mkdirSync(root, { recursive: true })
    for (const [name, content] of Object.entries(FILES)) writeFileSync(join(root, name), content)
    return root
  })
  await sleep(SETTLED_MS)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const FILES = { 'a.bin': 'content', 'b.bin': 'second', 'c.bin': 'three' }

function settledModel(): string {
  const root = settled.pop()
  if (root === undefined) throw new Error('there is one settled model for each test')
  return root
}

/** What was looked up and found, and what was kept. */
function watched(cache: DigestCache): DigestCache & { hits: string[]; kept: string[] } {
  const seen = { hits: [] as string[], kept: [] as string[] }
  const label = (key: { path: string; start: number; end: number }) => `${key.path.split('/').at(-1)}:${key.start}:${key.end}`
  return {
    ...seen,
    find: (key, stamp) => {
      const found = cache.find(key, stamp)
      if (found !== undefined) seen.hits.push(label(key))
      return found
    },
    keep: (entries) => {
      seen.kept.push(...entries.map(label))
      cache.keep(entries)
    },
  }
}

async function hashWith(root: string, path: string, options: HashModelOptions = {}): Promise<{ manifest: Manifest; hits: string[]; kept: string[] }> {
  using cache = openDigestCache(path)
  const watch = watched(cache)
  const manifest = await hashModel(root, { ...options, cache: watch })
  return { manifest, hits: watch.hits, kept: watch.kept }
}

function digests({ resources }: Manifest): string[] {
  return resources.map(({ name, digest }) => `${name} ${digest.toHex()}`)
}

it('reads only what changed, with the digests of a full reading', async () => {
  const root = settledModel()
  const path = join(temporaryFolder(), 'digests.db')
  const first = await hashWith(root, path)
  expect([first.hits, first.kept, first.manifest.cached]).toEqual([[], ['a.bin:0:7', 'b.bin:0:6', 'c.bin:0:5'], undefined])
  writeFileSync(join(root, 'b.bin'), 'SECOND')
  const second = await hashWith(root, path)
  expect(second.hits).toEqual(['a.bin:0:7', 'c.bin:0:5'])
  expect(digests(second.manifest)).toEqual(digests(await hashModel(root)))
  expect(second.manifest.cached?.count).toBe(2)
  expect(Date.now() - (second.manifest.cached?.oldest.getTime() ?? 0)).toBeLessThan(HOUR_MS)
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

it('keeps nothing of a file that was changed just before it was read, or that is from the future', async () => {
  const path = join(temporaryFolder(), 'digests.db')
  const fresh = async (): Promise<{ root: string; kept: string[]; ms: number }> => {
    const began = performance.now()
    const root = modelOf({ 'new.bin': 'one', 'future.bin': 'two' })
    utimesSync(join(root, 'future.bin'), Date.now() / 1000 + 3600, Date.now() / 1000 + 3600)
    return { root, kept: (await hashWith(root, path)).kept, ms: performance.now() - began }
  }
  let { root, kept, ms } = await fresh()
  while (ms > SETTLED_MS / 2) ({ root, kept, ms } = await fresh()) // not just before: something held this machine up
  expect(kept).toEqual([])
  await sleep(SETTLED_MS)
  expect((await hashWith(root, path)).kept).toEqual(['new.bin:0:3'])
})

it.each<[string, (file: string) => void]>([
  ['rewritten with the same size and its old time', (file) => rewrite(file)],
  ['replaced by another of the same size and time', (file) => replace(file)],
  ['longer', (file) => appendFileSync(file, '!')],
  ['given other rights', (file) => chmodSync(file, 0o600)],
])('reads a file again that was %s', async (_, change) => {
  const root = settledModel()
  const path = join(temporaryFolder(), 'digests.db')
  await hashWith(root, path)
  change(join(root, 'a.bin'))
  const { hits, manifest } = await hashWith(root, path)
  expect(hits).toEqual(['b.bin:0:6', 'c.bin:0:5'])
  expect(digests(manifest)).toEqual(digests(await hashModel(root)))
})

it('tells hash types, shard sizes and places apart', async () => {
  const root = settledModel()
  const path = join(temporaryFolder(), 'digests.db')
  await hashWith(root, path)
  for (const options of [{ hashType: 'blake3' }, { method: 'shards', shardSize: 3 }] as const) {
    const { hits, manifest } = await hashWith(root, path, options)
    expect(hits).toEqual([])
    expect(digests(manifest)).toEqual(digests(await hashModel(root, options)))
    expect((await hashWith(root, path, options)).hits.length).toBe(manifest.resources.length)
  }
  renameSync(root, `${root}-2`)
  expect((await hashWith(`${root}-2`, path)).hits).toEqual([])
})

it('is made anew when it is damaged, and says so', async () => {
  const root = settledModel()
  const path = join(temporaryFolder(), 'digests.db')
  await hashWith(root, path)
  writeFileSync(path, Buffer.concat([Buffer.from('not a database'), readFileSync(path).subarray(14)]))
  using cache = openDigestCache(path)
  expect(cache.replaced).toContain(path)
  expect(digests(await hashModel(root, { cache }))).toEqual(digests(await hashModel(root)))
})

it('forgets what is half a year old', async () => {
  const root = settledModel()
  const path = join(temporaryFolder(), 'digests.db')
  await hashWith(root, path)
  using later = openDigestCache(path, Date.now() + 181 * 24 * HOUR_MS)
  later.keep([])
  expect((await hashWith(root, path)).hits).toEqual([])
})

function rewrite(file: string): void {
  const { atimeMs, mtimeMs } = statSync(file)
  writeFileSync(file, 'CONTENT')
  utimesSync(file, atimeMs / 1000, mtimeMs / 1000)
}

function replace(file: string): void {
  const { atimeMs, mtimeMs } = statSync(file)
  mkdirSync(`${file}.d`)
  writeFileSync(`${file}.d/other`, 'CONTENT')
  utimesSync(`${file}.d/other`, atimeMs / 1000, mtimeMs / 1000)
  renameSync(`${file}.d/other`, file)
  renameSync(`${file}.d`, join(file, '../../gone'))
}
