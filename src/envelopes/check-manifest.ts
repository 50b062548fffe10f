/** What may be signed as a model: names that stay inside it, in order, once each, and shards without gaps. A manifest may come from anywhere. */
import { compareCodePoints, excerpt, LIMITS, SealstoneError } from '#core'
import { DIGEST_BYTES, type Manifest, type Resource, type Serialization } from '#hashing'
import { parseResourcePath, parseShardName, type ShardName } from './resource-name.ts'

/** Throws MODEL_EMPTY, INPUT_TOO_LARGE, PATH_INVALID, INPUT_INVALID, FORMAT_INVALID (shard names). */
export function checkManifest({ resources, serialization }: Manifest): void {
  if (resources.length === 0) throw new SealstoneError('MODEL_EMPTY', 'manifest has no resources')
  if (resources.length > LIMITS.resources) {
    throw new SealstoneError('INPUT_TOO_LARGE', `manifest has ${resources.length} resources, want at most ${LIMITS.resources}`)
  }
  checkSerialization(serialization)
  resources.forEach((resource) => checkDigest(resource, serialization))
  if (serialization.method === 'files') checkFileNames(resources)
  else checkShards(resources, serialization.shardSize as number)
}

function checkSerialization({ method, hashType, shardSize, ignorePaths }: Serialization): void {
  if (!Object.hasOwn(DIGEST_BYTES, hashType)) throw invalid(`hash type is ${excerpt(hashType)}, want ${Object.keys(DIGEST_BYTES).join(', ')}`)
  if (method !== 'files' && method !== 'shards') throw invalid(`method is ${excerpt(method)}, want files or shards`)
  if (method === 'files' && shardSize !== undefined) throw invalid('a shard size is given, but the method is files')
  if (method === 'shards' && (!Number.isSafeInteger(shardSize) || (shardSize as number) < 1)) {
    throw invalid(`shard size is ${shardSize}, want a whole number of bytes`)
  }
  if (ignorePaths.length > LIMITS.ignorePaths) {
    throw new SealstoneError('INPUT_TOO_LARGE', `manifest ignores ${ignorePaths.length} paths, want at most ${LIMITS.ignorePaths}`)
  }
  for (const path of ignorePaths) if (parseResourcePath(path) === '.') throw invalid('the whole model is ignored')
}

function checkDigest({ name, algorithm, digest }: Resource, { hashType, shardSize }: Serialization): void {
  if (algorithm !== hashType && algorithm !== `${hashType}-sharded-${shardSize}`) {
    throw invalid(`resource ${excerpt(name)} has algorithm ${excerpt(algorithm)}, want ${hashType}`)
  }
  if (digest.length !== DIGEST_BYTES[hashType]) {
    throw invalid(`digest of ${excerpt(name)} is ${digest.length} bytes, want ${DIGEST_BYTES[hashType]} (${hashType})`)
  }
}

/** OMS v1.0: ascending by Unicode code point, which is the order of the UTF-8 bytes. */
function checkFileNames(resources: readonly Resource[]): void {
  let before: string | undefined
  for (const { name } of resources) {
    if (parseResourcePath(name) === '.') throw new SealstoneError('PATH_INVALID', 'resource name is ".", want the file name')
    if (before !== undefined) checkOrder(before, name)
    before = name
  }
}

/** Each file from its first byte to its last: a gap would be bytes that nobody signed. */
function checkShards(resources: readonly Resource[], shardSize: number): void {
  let before: ShardName | undefined
  for (const { name } of resources) {
    const shard = parseShardName(name)
    if (shard.path === '.') throw new SealstoneError('PATH_INVALID', 'resource name is ".", want the file name')
    const continues = before?.path === shard.path
    if (before !== undefined && !continues) checkOrder(before.path, shard.path)
    const [start, full] = continues && before !== undefined ? [before.end, before.end - before.start === shardSize] : [0, true]
    const length = shard.end - shard.start
    if (shard.start !== start || !full || length > shardSize || (length === 0 && start > 0)) {
      throw invalid(`shard ${excerpt(name)} leaves a gap or overlaps, want shards of ${shardSize} bytes one after another`)
    }
    before = shard
  }
}

function checkOrder(before: string, name: string): void {
  const order = compareCodePoints(before, name)
  if (order === 0) throw new SealstoneError('PATH_INVALID', `resource name ${excerpt(name)} appears twice`)
  if (order > 0) throw invalid(`resource ${excerpt(name)} comes after ${excerpt(before)}, want ascending order of UTF-8 bytes`)
}

function invalid(message: string): SealstoneError {
  return new SealstoneError('INPUT_INVALID', message)
}
