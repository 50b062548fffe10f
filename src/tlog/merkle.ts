/** Merkle tree hashing (RFC 9162 §2.1.1) and the hashes of whole trees and ranges, put together from complete subtrees. */
import { sha256, sha256Into } from '#sha256'

export const HASH_BYTES = 32

/**
 * The hash of a complete subtree: leaves `index << height` up to, not including, `(index + 1) << height`. Height 0 is a leaf's hash.
 * Whoever stores a tree implements this; everything else here and in proofs.ts asks for nothing more.
 */
export type NodeReader = (height: number, index: bigint) => Uint8Array

/** RFC 9162 §2.1.1: SHA-256(0x00 ‖ leaf). */
export function leafHash(leaf: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(1 + leaf.length)
  bytes.set(leaf, 1)
  return sha256(bytes)
}

/** The same, of a leaf that stands behind a 0x00 already: nothing is copied. */
export function prefixedLeafHash(prefixed: Uint8Array): Uint8Array {
  return sha256(prefixed)
}

/** RFC 9162 §2.1.1: SHA-256(0x01 ‖ left ‖ right). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  // What a stored hash lacks is never filled from the node before.
  if (left.length + right.length !== 2 * HASH_BYTES) NODE.fill(0, 1)
  NODE.set(left, 1)
  NODE.set(right, 1 + HASH_BYTES)
  return sha256(NODE)
}

/** The root of a complete subtree over hashes that stand side by side, which are written over. */
export function joinHashes(row: Uint8Array): Uint8Array {
  const node = new Uint8Array(1 + 2 * HASH_BYTES)
  node[0] = NODE_PREFIX
  // Each level in the place of the one below it: a parent stands left of what its neighbours still need.
  for (let count = row.length / HASH_BYTES / 2; count >= 1; count /= 2) {
    for (let at = 0; at < count; at++) {
      for (let byte = 0, pair = at * 2 * HASH_BYTES; byte < 2 * HASH_BYTES; byte++) node[1 + byte] = row[pair + byte] as number
      sha256Into(row, at * HASH_BYTES, node)
    }
  }
  return row.slice(0, HASH_BYTES)
}

/** The same nodes, each asked for once: for many proofs of one tree, which have most of their nodes in common. */
export function rememberNodes(node: NodeReader): NodeReader {
  const known: Map<bigint, Uint8Array>[] = []
  return (height, index) => {
    const row = (known[height] ??= new Map())
    const found = row.get(index) ?? node(height, index)
    row.set(index, found)
    return found
  }
}

/** Root of the first `size` leaves. The root of the empty tree is SHA-256 of nothing. */
export function rootOf(size: bigint, node: NodeReader): Uint8Array {
  return size === 0n ? sha256(new Uint8Array()) : rangeHash(0n, size, node)
}

/** Hash over leaves `start` up to `end`, where `start` is a multiple of the power of two that the range is split at (RFC 9162 §2.1.1). */
export function rangeHash(start: bigint, end: bigint, node: NodeReader): Uint8Array {
  const parts = completeSubtrees(start, end).map(({ height, index }) => node(height, index))
  // The range is a left-to-right row of shrinking complete subtrees; the tree joins them from the right.
  return parts.reduceRight((right, left) => nodeHash(left, right))
}

/** The largest power of two smaller than `size`: where RFC 9162 §2.1.1 splits a tree of at least two leaves. */
export function splitPoint(size: bigint): bigint {
  return 1n << BigInt(bitLength(size - 1n) - 1)
}

function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length
}

function completeSubtrees(start: bigint, end: bigint): { height: number; index: bigint }[] {
  const found: { height: number; index: bigint }[] = []
  for (let at = start; at < end; ) {
    const height = bitLength(end - at) - 1
    found.push({ height, index: at >> BigInt(height) })
    at += 1n << BigInt(height)
  }
  return found
}

const NODE_PREFIX = 1
/** A node as it is hashed: the same place for every one, filled and hashed in one go. */
const NODE = Uint8Array.of(NODE_PREFIX, ...new Uint8Array(2 * HASH_BYTES))
