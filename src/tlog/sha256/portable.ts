/** SHA-256 everywhere else: a browser loads this one. */
import { sha256 } from '@noble/hashes/sha2.js'

export { sha256 }

export function sha256Into(target: Uint8Array, at: number, bytes: Uint8Array): void {
  target.set(sha256(bytes), at)
}
