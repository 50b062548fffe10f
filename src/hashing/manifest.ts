/** What hashing a model yields: its parts in signing order, each with its digest, and the one digest over them. */
import { createHash, hash } from 'node:crypto'
import { concatBytes } from '#core'
import type { HashType } from './hasher.ts'

export interface Resource {
  /** `/`-separated path from the model's root; `path:start:end` for a shard, end not included. */
  readonly name: string
  /** The hash type of `digest`; writers of older formats spell a shard's `sha256-sharded-N`. */
  readonly algorithm: HashType
  readonly digest: Uint8Array
  /** Bytes that were hashed. */
  readonly size: number
}

export type HashMethod = 'files' | 'shards'

export interface Serialization {
  readonly method: HashMethod
  readonly hashType: HashType
  /** Bytes; present exactly when the method is `shards`. */
  readonly shardSize?: number
  readonly allowSymlinks: boolean
  /** Relative to the model's root, sorted, without doubles. */
  readonly ignorePaths: readonly string[]
}

export interface Manifest {
  /** The last part of the model's path. */
  readonly modelName: string
  /** In order of the UTF-8 bytes of the path, then of the shard's start. */
  readonly resources: readonly Resource[]
  readonly serialization: Serialization
  readonly totalBytes: number
  /** Present where digests were taken from a cache: how many, and when the oldest of them was computed. */
  readonly cached?: { readonly count: number; readonly oldest: Date }
}

/** OMS v1.0: SHA-256 over the raw digests in listed order, whatever the hash type. 32 bytes. */
export function rootDigest(resources: readonly Pick<Resource, 'digest'>[]): Uint8Array {
  // Each call into OpenSSL costs more than the 32 bytes that it is about.
  if (resources.length <= FEW) return new Uint8Array(hash('sha256', concatBytes(...resources.map(({ digest }) => digest)), 'buffer'))
  const hasher = createHash('sha256')
  for (const { digest } of resources) hasher.update(digest)
  return new Uint8Array(hasher.digest())
}

/** The file that a part belongs to. */
export function fileNameOf({ name }: Pick<Resource, 'name'>, method: HashMethod): string {
  return method === 'shards' ? name.replace(/:\d+:\d+$/, '') : name
}

/** What the reference implementation uses where nobody asks for another size. */
export const DEFAULT_SHARD_BYTES = 1_000_000_000
const FEW = 256
