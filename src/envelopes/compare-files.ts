/** Compares what was signed with what is there, and names every difference. */
import { equalBytes, toHex } from '#core'
import type { Manifest, Resource, Serialization } from '#hashing'
import { parseShardName } from './resource-name.ts'
import type { SignedResource } from './statement-reader.ts'

export interface FileDifference {
  /** Of the file, or of the shard: `path:start:end`. */
  readonly name: string
  readonly kind: 'changed' | 'missing' | 'extra'
  /** `algorithm:hex`; absent for what is extra. */
  readonly want?: string
  /** `algorithm:hex`; absent for what is missing. */
  readonly got?: string
}

export interface Comparison {
  /** Changed and missing ones in signed order, then the extra ones. */
  readonly differences: readonly FileDifference[]
  /** Files that no signature names, left out of `differences` because the caller asked for it. */
  readonly ignored: readonly string[]
}

export interface SignedFiles {
  readonly resources: readonly SignedResource[]
  readonly serialization: Serialization
}

export function compareFiles(signed: SignedFiles, manifest: Pick<Manifest, 'resources'>, ignoreUnsignedFiles: boolean): Comparison {
  const { hashType, method } = signed.serialization
  const text = (digest: Uint8Array) => `${hashType}:${toHex(digest)}`
  const present = new Map(manifest.resources.map((resource) => [resource.name, resource]))
  const repeated = manifest.resources.filter((resource) => present.get(resource.name) !== resource)
  const differences: FileDifference[] = []
  for (const { name, digest } of signed.resources) {
    const got = present.get(name)
    present.delete(name)
    if (got === undefined) differences.push({ name, kind: 'missing', want: text(digest) })
    else if (!equalBytes(got.digest, digest)) differences.push({ name, kind: 'changed', want: text(digest), got: text(got.digest) })
  }
  const extra = [...present.values()]
  // A shard that no signature names, of a file that one does, is a changed file: it was appended to, or the signature leaves a gap.
  const signedPaths = new Set(method === 'shards' ? signed.resources.map(({ name }) => parseShardName(name).path) : [])
  const ignorable = ({ name }: Resource) => ignoreUnsignedFiles && (method === 'files' || !signedPaths.has(parseShardName(name).path))
  for (const { name, digest } of [...extra.filter((item) => !ignorable(item)), ...repeated]) {
    differences.push({ name, kind: 'extra', got: text(digest) })
  }
  return { differences, ignored: extra.filter(ignorable).map(({ name }) => name) }
}

/** Why digests of the manifest cannot be compared with the signed ones, or undefined. */
export function serializationFault(signed: Serialization, found: Serialization): string | undefined {
  if (signed.method !== found.method) return `files were hashed as ${found.method}, the signature is over ${signed.method}`
  if (signed.hashType !== found.hashType) return `files were hashed with ${found.hashType}, the signature is over ${signed.hashType}`
  if (signed.shardSize !== found.shardSize)
    return `files were hashed in shards of ${found.shardSize} bytes, the signature is over shards of ${signed.shardSize}`
  return undefined
}
