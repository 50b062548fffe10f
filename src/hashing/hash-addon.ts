/** The door to our addon, which hashes one range of a file in threads of its own. Built by the set-up from native/; may be missing. */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { addonSources } from './addon-sources.ts'
import type { HashType } from './hasher.ts'

export interface HashAddon {
  /**
   * With BLAKE3 a thread for each descriptor (1–64), all of the same file: each reads ahead on its own. With a digest of OpenSSL one.
   * Resolves with the digest, or with a number: above 0 the system's error, else one of ADDON_OUTCOME. `shared` is two numbers: bytes hashed so
   * far, and anything but 0 to stop, which takes a read of 512 KiB.
   */
  hashRange(algorithm: string, descriptors: readonly number[], start: number, length: number, shared: BigInt64Array): Promise<Uint8Array | number>
  /** Whether this Node lets it call the OpenSSL that is part of it. */
  readonly openssl: boolean
}

export const ADDON_OUTCOME = { endedEarly: -1, stopped: -2, hashFailed: -3 } as const
export const ADDON_THREADS = 64
export const ADDON_ALGORITHM = { sha256: 'SHA2-256', blake2b: 'BLAKE2B-512', blake3: 'BLAKE3' } as const satisfies Record<HashType, string>

/** Undefined where it was not compiled, not for this machine or not from these sources, or cannot compute this hash. */
export function loadHashAddon(hashType: HashType): HashAddon | undefined {
  try {
    const addon = createRequire(import.meta.url)(ADDON) as HashAddon & { readonly sources: string }
    const sources = addonSources()
    if (sources !== undefined && sources !== addon.sources) return undefined
    return hashType === 'blake3' || addon.openssl ? addon : undefined
  } catch {
    return undefined
  }
}

const ADDON = join(import.meta.dirname, '../../node_modules/.cache/hash-addon/hash-addon.node')
