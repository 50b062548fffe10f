/** The port of a cache of digests: what was hashed before is not read again while the file has the same stamp. Whoever keeps it can lie. */
import type { HashType } from './hasher.ts'
import { newestTimeMs, type Stamp } from './stamp.ts'

export interface CacheKey {
  /** Absolute. */
  readonly path: string
  readonly hashType: HashType
  /** Bytes of the range; of a whole file 0 and its size. */
  readonly start: number
  readonly end: number
}

export interface CachedDigest {
  readonly digest: Uint8Array
  /** Milliseconds since 1970, when the bytes were read. */
  readonly hashedAt: number
}

export interface DigestCache {
  find(key: CacheKey, stamp: Stamp): CachedDigest | undefined
  keep(entries: readonly (CacheKey & { readonly stamp: Stamp; readonly digest: Uint8Array; readonly hashedAt: number })[]): void
}

/**
 * A file that was changed within the clock's granularity before it was read could change once more without another stamp; one from the
 * future says nothing. Those are never kept. Two seconds: the coarsest times that a file system in use keeps (FAT).
 */
export function isRacy(stamp: Stamp, readAtMs: number): boolean {
  return newestTimeMs(stamp) + GRANULARITY_MS >= readAtMs
}

const GRANULARITY_MS = 2000
