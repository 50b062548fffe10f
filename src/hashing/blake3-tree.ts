/** The door to our addon, which hashes one range of a file with BLAKE3 on several threads. Built by the set-up from blake3/; may be missing. */
import { createRequire } from 'node:module'
import { join } from 'node:path'

export interface Blake3Tree {
  /**
   * A thread for each descriptor (1–64), all of the same file: each reads ahead on its own. Resolves with the digest, or with a number: above 0 the
   * system's error, else one of TREE_OUTCOME. `shared` is two numbers: bytes hashed so far, and anything but 0 to stop, which takes a read of 512 KiB.
   */
  hashRange(descriptors: readonly number[], start: number, length: number, shared: BigInt64Array): Promise<Uint8Array | number>
}

export const TREE_OUTCOME = { endedEarly: -1, stopped: -2 } as const
export const TREE_THREADS = 64

/** Undefined where it was not compiled, or not for this machine. */
export function loadBlake3Tree(): Blake3Tree | undefined {
  try {
    return createRequire(import.meta.url)(ADDON) as Blake3Tree
  } catch {
    return undefined
  }
}

const ADDON = join(import.meta.dirname, '../../node_modules/.cache/blake3-tree/blake3-tree.node')
