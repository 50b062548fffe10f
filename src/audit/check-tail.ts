/** At a start the newest leaves are hashed again: what was changed there last is found before anything is built on it. */
import { equalBytes, SealstoneError } from '#core'
import { HASH_BYTES, leafHash, type NodeReader, TILE_HEIGHT, TILE_WIDTH, tileNode } from '#tlog'
import { isArchived } from './cold-bundles.ts'
import type { LogStore } from './store.ts'

/**
 * The leaves of the last full tiles against their tiles, and those against the tree; the leaves behind them are in no tile, and the tree is made of them. At most
 * 16 tiles whatever the size of the log: some tens of milliseconds. Of leaves in cold storage only the tile is looked at.
 * @param node of the tree whose root is the stored one
 * @throws AUDIT_CORRUPT, which names the leaf
 */
export function checkTail(store: LogStore, size: bigint, node: NodeReader): void {
  const tiles = size / BigInt(TILE_WIDTH)
  for (let number = tiles > CHECKED_TILES ? tiles - CHECKED_TILES : 0n; number < tiles; number++) {
    const hashes = store.readTile(0, number)
    if (hashes?.length !== TILE_WIDTH * HASH_BYTES || !equalBytes(tileNode(hashes, TILE_HEIGHT, 0), node(TILE_HEIGHT, number)))
      throw corrupt(`tile 0/${number} is not the one in the tree: it was changed`)
    checkLeaves(store, number * BigInt(TILE_WIDTH), hashes)
  }
}

function checkLeaves(store: LogStore, start: bigint, hashes: Uint8Array): void {
  const leaves = store.readStored(start, TILE_WIDTH)
  for (let at = 0; at < TILE_WIDTH; at++) {
    const index = start + BigInt(at)
    const leaf = leaves[at]
    if (leaf === undefined || leaf.index !== index) throw corrupt(`leaf ${index} is missing`)
    if (isArchived(leaf.bytes) || equalBytes(leafHash(leaf.bytes), hashes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES))) continue
    throw corrupt(`leaf ${index} is not the one in the tree: it was changed`)
  }
}

function corrupt(message: string): SealstoneError {
  return new SealstoneError('AUDIT_CORRUPT', message)
}

const CHECKED_TILES = 16n
