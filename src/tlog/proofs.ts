/** Inclusion and consistency proofs (RFC 9162 §2.1.3 and §2.1.4): built from a stored tree, verified from hashes alone. */
import { equalBytes, SealstoneError } from '#core'
import { HASH_BYTES, type NodeReader, nodeHash, rangeHash, splitPoint } from './merkle.ts'

/** Hashes from the leaf's sibling up to a child of the root (RFC 9162 §2.1.3.1). Reads O(log size) nodes. */
export function inclusionProof(index: bigint, size: bigint, node: NodeReader): Uint8Array[] {
  if (index < 0n || index >= size) throw new SealstoneError('INPUT_INVALID', `leaf index is ${index}, want 0 to ${size - 1n}`)
  const fromRoot: Uint8Array[] = []
  for (let start = 0n, end = size; end - start > 1n; ) {
    const middle = start + splitPoint(end - start)
    if (index < middle) {
      fromRoot.push(rangeHash(middle, end, node))
      end = middle
    } else {
      fromRoot.push(rangeHash(start, middle, node))
      start = middle
    }
  }
  return fromRoot.reverse()
}

export interface InclusionClaim {
  readonly index: bigint
  readonly size: bigint
  readonly leafHash: Uint8Array
  readonly proof: readonly Uint8Array[]
  readonly root: Uint8Array
}

/** RFC 9162 §2.1.3.2. False for anything that does not prove; never throws on hostile input. */
export function verifyInclusion({ index, size, leafHash, proof, root }: InclusionClaim): boolean {
  if (index < 0n || index >= size || leafHash.length !== HASH_BYTES || !wellFormed(proof)) return false
  let leafBits = index
  let lastBits = size - 1n
  let hash = leafHash
  for (const sibling of proof) {
    if (lastBits === 0n) return false
    if ((leafBits & 1n) === 1n || leafBits === lastBits) {
      hash = nodeHash(sibling, hash)
      // On the right edge, levels without a sibling are skipped.
      while ((leafBits & 1n) === 0n && leafBits !== 0n) {
        leafBits >>= 1n
        lastBits >>= 1n
      }
    } else {
      hash = nodeHash(hash, sibling)
    }
    leafBits >>= 1n
    lastBits >>= 1n
  }
  return lastBits === 0n && equalBytes(hash, root)
}

/**
 * Proof that the tree of `oldSize` leaves is a prefix of the tree of `newSize` (RFC 9162 §2.1.4.1). Every tree begins with the empty
 * one, so a proof from size 0 says nothing and is refused, here and when verifying.
 */
export function consistencyProof(oldSize: bigint, newSize: bigint, node: NodeReader): Uint8Array[] {
  if (oldSize <= 0n || oldSize > newSize) throw new SealstoneError('INPUT_INVALID', `old tree size is ${oldSize}, want 1 to ${newSize}`)
  const fromRoot: Uint8Array[] = []
  let start = 0n
  let end = newSize
  while (oldSize !== end) {
    const middle = start + splitPoint(end - start)
    if (oldSize <= middle) {
      fromRoot.push(rangeHash(middle, end, node))
      end = middle
    } else {
      fromRoot.push(rangeHash(start, middle, node))
      start = middle
    }
  }
  // The old tree ends here; unless this is the whole old tree, whose root the verifier knows, its hash starts the proof.
  if (start !== 0n) fromRoot.push(rangeHash(start, end, node))
  return fromRoot.reverse()
}

export interface ConsistencyClaim {
  readonly oldSize: bigint
  readonly newSize: bigint
  readonly oldRoot: Uint8Array
  readonly newRoot: Uint8Array
  readonly proof: readonly Uint8Array[]
}

/** RFC 9162 §2.1.4.2. False for anything that does not prove; never throws on hostile input. */
export function verifyConsistency({ oldSize, newSize, oldRoot, newRoot, proof }: ConsistencyClaim): boolean {
  if (oldSize <= 0n || oldSize > newSize || !wellFormed(proof)) return false
  if (oldSize === newSize) return proof.length === 0 && equalBytes(oldRoot, newRoot)
  const isComplete = (oldSize & (oldSize - 1n)) === 0n
  const [first, ...rest] = isComplete ? [oldRoot, ...proof] : proof
  if (first === undefined || rest.length === 0) return false

  let oldBits = oldSize - 1n
  let newBits = newSize - 1n
  while ((oldBits & 1n) === 1n) {
    oldBits >>= 1n
    newBits >>= 1n
  }
  let oldHash = first
  let newHash = first
  for (const sibling of rest) {
    if (newBits === 0n) return false
    if ((oldBits & 1n) === 1n || oldBits === newBits) {
      oldHash = nodeHash(sibling, oldHash)
      newHash = nodeHash(sibling, newHash)
      while ((oldBits & 1n) === 0n && oldBits !== 0n) {
        oldBits >>= 1n
        newBits >>= 1n
      }
    } else {
      newHash = nodeHash(newHash, sibling)
    }
    oldBits >>= 1n
    newBits >>= 1n
  }
  return newBits === 0n && equalBytes(oldHash, oldRoot) && equalBytes(newHash, newRoot)
}

function wellFormed(proof: readonly Uint8Array[]): boolean {
  return proof.length <= MAX_PROOF_HASHES && proof.every((hash) => hash.length === HASH_BYTES)
}

// Trees have fewer than 2^63 leaves: an inclusion proof is at most 63 hashes, a consistency proof one more.
const MAX_PROOF_HASHES = 64
