/** A manifest from the wire. What a manifest may say as a whole (order, doubles, gaps, paths) is judged where it becomes a statement. */
import { LIMITS } from '#core'
import type { SignContent } from '#operations'
import { fromEnum, HASH_TYPES, type Manifest as ManifestMessage, METHODS, readBytes, readCount, readSafeInteger, readText, refuse } from '#wire'

export type Manifest = Extract<SignContent, { kind: 'manifest' }>['manifest']
type HashType = Manifest['serialization']['hashType']

/** Throws INPUT_INVALID or INPUT_TOO_LARGE, with the field. */
export function toManifest({ modelName, serialization, resources }: ManifestMessage): Manifest {
  if (serialization === null) refuse('manifest.serialization', 'is missing')
  const hashType = fromEnum<HashType>(HASH_TYPES, serialization.hashType)
  if (hashType === undefined) refuse('manifest.serialization.hash_type', `is ${serialization.hashType}, want ${Object.values(HASH_TYPES).join(', ')}`)
  const method = fromEnum<Manifest['serialization']['method']>(METHODS, serialization.method)
  if (method === undefined) refuse('manifest.serialization.method', `is ${serialization.method}, want ${Object.values(METHODS).join(', ')}`)
  readCount(resources.length, 'manifest.resources', 0, LIMITS.resources)
  readCount(serialization.ignorePaths.length, 'manifest.serialization.ignore_paths', 0, LIMITS.ignorePaths)
  const parts = resources.map(({ name, digest, size }, index) => ({
    name: readText(name, `manifest.resources[${index}].name`, LIMITS.resourceNameBytes),
    algorithm: hashType,
    digest: readBytes(digest, `manifest.resources[${index}].digest`, DIGEST_BYTES[hashType]),
    size: readSafeInteger(size, `manifest.resources[${index}].size`, 0),
  }))
  return {
    modelName: readText(modelName, 'manifest.model_name', LIMITS.modelNameBytes),
    resources: parts,
    serialization: {
      method,
      hashType,
      ...readShardSize(method, serialization.shardSize),
      allowSymlinks: serialization.allowSymlinks,
      ignorePaths: serialization.ignorePaths.map((path) => readText(path, 'manifest.serialization.ignore_paths', LIMITS.resourceNameBytes)),
    },
    totalBytes: parts.reduce((total, { size }) => total + size, 0),
  }
}

function readShardSize(method: Manifest['serialization']['method'], value: string | undefined): { shardSize?: number } {
  const field = 'manifest.serialization.shard_size'
  if (method === 'files' && value !== undefined) refuse(field, 'is set, but the method is METHOD_FILES')
  if (method === 'shards' && value === undefined) refuse(field, 'is missing, but the method is METHOD_SHARDS')
  return value === undefined ? {} : { shardSize: readSafeInteger(value, field, 1) }
}

const DIGEST_BYTES: Readonly<Record<HashType, number>> = { sha256: 32, blake2b: 64, blake3: 32 }
