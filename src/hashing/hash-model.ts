/** Hashes a model: lists its files, hashes them where that is fastest, and makes sure that nothing moved meanwhile. */
import { setImmediate } from 'node:timers/promises'
import { LIMITS, SealstoneError } from '#core'
import { type CacheKey, type DigestCache, isRacy } from './digest-cache.ts'
import type { FileRange, RangeJob } from './hash-range.ts'
import { digestOf, hashRanges, namedReading } from './hash-ranges.ts'
import { DIGEST_BYTES, type HashType } from './hasher.ts'
import { type ListModelOptions, listModel, type ModelFile, type ModelListing, tooMany } from './list-model.ts'
import { DEFAULT_SHARD_BYTES, type HashMethod, type Manifest, type Resource, type Serialization } from './manifest.ts'
import { shown } from './names.ts'
import { describeChange, stampOfPath } from './stamp.ts'

export interface HashModelOptions extends ListModelOptions {
  /** Default sha256. */
  readonly hashType?: HashType
  /** `files`, the default: one digest a file. `shards`: one digest for each `shardSize` bytes of a file. */
  readonly method?: HashMethod
  /** Bytes; default 1,000,000,000. Only with the method `shards`. */
  readonly shardSize?: number
  /** Answers an empty manifest where the model has no files, instead of MODEL_EMPTY. For verification, which reports them missing. */
  readonly allowEmpty?: boolean
  readonly onProgress?: (progress: HashProgress) => void
  /** Files that have the same stamp as when they were hashed before are not read. Default: all are. */
  readonly cache?: DigestCache
}

export interface HashProgress {
  readonly bytesDone: number
  readonly bytesTotal: number
  /** Files, or shards. */
  readonly filesDone: number
  readonly filesTotal: number
  /** A name that is read at the moment, else the one that was finished last; empty before the first. */
  readonly current: string
  /** What is read at the moment, one for each thread; small files come and go unseen. */
  readonly reading: readonly { readonly name: string; readonly bytesDone: number; readonly bytesTotal: number }[]
}

/**
 * Every part of the model at `path` with its digest, in signing order. Memory does not grow with the size of the files.
 * Throws what listModel throws, MODEL_EMPTY, and MODEL_CHANGED when a file or the set of files changed between the first look and the last.
 */
export async function hashModel(path: string, options: HashModelOptions = {}): Promise<Manifest> {
  const serialization = parseSerialization(options)
  const listing = await listModel(path, options)
  if (listing.files.length === 0 && !options.allowEmpty) throw new SealstoneError('MODEL_EMPTY', `${shown(path)} has no files to sign`)
  const parts = partsOf(listing.files, serialization, options.within)
  const { digests, cached } = await hashParts(parts, serialization.hashType, options)
  await checkSameFiles(path, listing, options)
  return {
    modelName: listing.modelName,
    resources: parts.map(({ name, range }, index) => resourceOf(name, range, serialization.hashType, digests[index] as Uint8Array)),
    serialization: { ...serialization, ignorePaths: listing.ignorePaths },
    totalBytes: bytesOf(parts),
    ...(cached === undefined ? {} : { cached }),
  }
}

interface Part {
  readonly name: string
  readonly range: FileRange
}

function parseSerialization(options: HashModelOptions): Omit<Serialization, 'ignorePaths'> {
  const { hashType = 'sha256', method = 'files', allowSymlinks = false } = options
  if (!Object.hasOwn(DIGEST_BYTES, hashType))
    throw new SealstoneError('INPUT_INVALID', `hash type is ${shown(hashType)}, want sha256, blake2b or blake3`)
  if (method === 'files') {
    if (options.shardSize !== undefined) throw new SealstoneError('INPUT_INVALID', 'a shard size is given, but the method is files')
    return { method, hashType, allowSymlinks }
  }
  if (method !== 'shards') throw new SealstoneError('INPUT_INVALID', `method is ${shown(method)}, want files or shards`)
  const { shardSize = DEFAULT_SHARD_BYTES } = options
  if (!Number.isSafeInteger(shardSize) || shardSize < 1)
    throw new SealstoneError('INPUT_INVALID', `shard size is ${shardSize}, want a whole number of bytes`)
  return { method, hashType, allowSymlinks, shardSize }
}

// An empty file is listed as one empty shard, `name:0:0`: left out, it would be unsigned.
function partsOf(
  files: readonly ModelFile[],
  { method, shardSize, allowSymlinks }: Omit<Serialization, 'ignorePaths'>,
  within?: string,
): readonly Part[] {
  const parts: Part[] = []
  for (const { name, path, size, stamp } of files) {
    const step = method === 'shards' && shardSize !== undefined ? shardSize : Infinity
    if (parts.length + Math.max(1, Math.ceil(size / step)) > LIMITS.resources) throw tooMany(`the model has over ${LIMITS.resources} ${method}`)
    let start = 0
    do {
      const end = Math.min(size, start + step)
      parts.push({
        name: method === 'shards' ? `${name}:${start}:${end}` : name,
        range: { path, start, end, stamp, followLink: allowSymlinks, ...(within === undefined ? {} : { within }) },
      })
      start = end
    } while (start < size)
  }
  return parts
}

interface Hashed {
  readonly digests: readonly Uint8Array[]
  readonly cached: Manifest['cached'] | undefined
}

async function hashParts(parts: readonly Part[], hashType: HashType, options: HashModelOptions): Promise<Hashed> {
  const digests: Uint8Array[] = Array.from({ length: parts.length })
  const progress = {
    bytesDone: 0,
    bytesTotal: bytesOf(parts),
    filesDone: 0,
    filesTotal: parts.length,
    current: '',
    reading: [] as HashProgress['reading'],
  }
  const report = () => options.onProgress?.({ ...progress })
  const known = await takeCached(parts, hashType, options, digests)
  const missing = [...parts.keys()].filter((index) => digests[index] === undefined)
  const cachedBytes = progress.bytesTotal - bytesOf(missing.map((index) => parts[index] as Part))
  progress.filesDone = parts.length - missing.length
  const startedAt = Date.now()
  const job: RangeJob = {
    ranges: missing.map((index) => (parts[index] as Part).range),
    hashType,
    signal: options.signal,
    onBytes(bytesDone, reading) {
      progress.bytesDone = cachedBytes + bytesDone
      progress.reading = namedReading(reading, (at) => parts[missing[at] as number] as Part)
      progress.current = progress.reading[0]?.name ?? progress.current
      report()
    },
    onOutcome(at, outcome) {
      const index = missing[at] as number
      const { name, range } = parts[index] as Part
      digests[index] = digestOf(name, range.stamp, outcome)
      progress.filesDone++
      progress.current = name
    },
  }
  progress.bytesDone = cachedBytes
  report()
  await hashRanges(job)
  const fresh = missing.map((index) => ({
    ...cacheKey(parts[index] as Part, hashType),
    stamp: (parts[index] as Part).range.stamp,
    digest: digests[index] as Uint8Array,
  }))
  const kept = fresh.filter(({ stamp }) => !isRacy(stamp, startedAt)).map((entry) => ({ ...entry, hashedAt: startedAt }))
  for (let start = 0; options.cache !== undefined && start < kept.length; start += KEPT_PER_TURN) {
    await takeTurn(options.signal)
    options.cache.keep(kept.slice(start, start + KEPT_PER_TURN))
  }
  return { digests, cached: known }
}

async function takeCached(
  parts: readonly Part[],
  hashType: HashType,
  { cache, signal }: HashModelOptions,
  digests: Uint8Array[],
): Promise<Manifest['cached'] | undefined> {
  let [count, oldest] = [0, Infinity]
  for (const [index, part] of cache === undefined ? [] : parts.entries()) {
    if (index % FILES_PER_TURN === 0) await takeTurn(signal)
    const found = cache?.find(cacheKey(part, hashType), part.range.stamp)
    if (found === undefined) continue
    digests[index] = found.digest
    count += 1
    oldest = Math.min(oldest, found.hashedAt)
  }
  return count === 0 ? undefined : { count, oldest: new Date(oldest) }
}

function cacheKey({ range: { path, start, end } }: Part, hashType: HashType): CacheKey {
  return { path, hashType, start, end }
}

// A file is watched while it is read; here each is looked at once more, because others were read after it. One that came or went shows in
// the time of its directory, and then the names are compared.
async function checkSameFiles(path: string, before: ModelListing, options: HashModelOptions): Promise<void> {
  for (const [index, file] of before.files.entries()) {
    if (index % FILES_PER_TURN === 0) await takeTurn(options.signal)
    const stamp = stampOfPath(file.path, options.allowSymlinks ?? false)
    if (stamp !== file.stamp) {
      const what =
        stamp === undefined ? 'vanished while the model was read' : `changed while the model was read: ${describeChange(file.stamp, stamp)}`
      throw new SealstoneError('MODEL_CHANGED', `${shown(file.name)} ${what}`)
    }
  }
  if (before.directories.every((directory) => stampOfPath(directory.path, false) === directory.stamp)) return
  const after = await listModel(path, options)
  const names = new Set(before.files.map((file) => file.name))
  for (const { name } of after.files) {
    if (!names.delete(name)) throw new SealstoneError('MODEL_CHANGED', `${shown(name)} appeared while the model was read`)
  }
  for (const name of names) throw new SealstoneError('MODEL_CHANGED', `${shown(name)} vanished while the model was read`)
}

function resourceOf(name: string, range: FileRange, algorithm: HashType, digest: Uint8Array): Resource {
  return { name, algorithm, digest, size: range.end - range.start }
}

function bytesOf(parts: readonly Part[]): number {
  return parts.reduce((sum, { range }) => sum + range.end - range.start, 0)
}

/** Lets a signal through: Ctrl-C must not wait for a hundred thousand files. */
async function takeTurn(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate()
  signal?.throwIfAborted()
}

const FILES_PER_TURN = 1000
/** Each turn is a transaction of its own. */
const KEPT_PER_TURN = 5000
