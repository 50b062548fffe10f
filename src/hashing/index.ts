/** hashing: what a model consists of and the digest of each part. */
export type { CachedDigest, CacheKey, DigestCache } from './digest-cache.ts'
export type { Stamp } from './stamp.ts'
export { hashModel, type HashModelOptions, type HashProgress } from './hash-model.ts'
export { DEFAULT_IGNORES, trimIgnore } from './ignore.ts'
export { DIGEST_BYTES, type Hasher, type HashType, loadHasher, type NewHasher } from './hasher.ts'
export { fileNameOf, type HashMethod, type Manifest, type Resource, rootDigest, type Serialization } from './manifest.ts'
export { listModel, type ListModelOptions, type ModelFile, type ModelListing } from './list-model.ts'
