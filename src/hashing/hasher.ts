/** One streaming hash by name. sha256 and blake2b come from node:crypto, blake3 from @noble/hashes, loaded only when asked for. */
import { createHash } from 'node:crypto'

export type HashType = keyof typeof DIGEST_BYTES

export interface Hasher {
  update(bytes: Uint8Array): unknown
  digest(): Uint8Array
}

export type NewHasher = () => Hasher

export async function loadHasher(type: HashType): Promise<NewHasher> {
  switch (type) {
    case 'sha256':
      return () => createHash('sha256')
    case 'blake2b':
      return () => createHash('blake2b512') // RFC 7693 with its full 64-byte digest, as OMS means it
    case 'blake3': {
      const { blake3 } = await import('@noble/hashes/blake3.js')
      return () => blake3.create()
    }
    default:
      return unknownType(type)
  }
}

function unknownType(type: never): never {
  throw new TypeError(`unknown hash type ${String(type)}`)
}

/** Digest sizes in bytes. */
export const DIGEST_BYTES = { sha256: 32, blake2b: 64, blake3: 32 } as const
