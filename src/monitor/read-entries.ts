/** Reads the entries that a log got since a checkpoint, and proves that they are exactly those that its keys signed. */
import { equalBytes, SealstoneError } from '#core'
import {
  GrowingTree,
  HASH_BYTES,
  inclusionProof,
  readEntryBundle,
  TILE_HEIGHT,
  TILE_WIDTH,
  type TileSource,
  verifyInclusion,
  withTileNodes,
} from '#tlog'
import { provenPrefix } from './compare-checkpoints.ts'
import type { SignedCheckpoint } from './signed-checkpoint.ts'

export interface ReadEntriesOptions {
  /** Entries that were read and proven before; the checkpoint of today is proven to extend them. */
  readonly from: bigint
  /** Read up to here, of the entries of today's checkpoint. */
  readonly to: bigint
  readonly today: SignedCheckpoint
  /** Called for each in order. Nothing of it may be believed before the whole call succeeded. */
  readonly entry: (index: bigint, bytes: Uint8Array) => void
  readonly onProgress?: (done: bigint) => void
}

/**
 * The tree is grown again from the leaves, on top of what was proven before: every new leaf is in the root, in its place, or the call fails.
 * Throws VERIFICATION_FAILED naming the first entries that are not the signed ones, FORMAT_INVALID, and what the source throws.
 */
export async function readNewEntries(source: TileSource, { from, to, today, entry, onProgress }: ReadEntriesOptions): Promise<void> {
  const { size } = today
  const tree = await treeAt(source, size, from)
  for await (const { number, entries, hashes } of bundles(source, size, from, to)) {
    const first = number * BigInt(TILE_WIDTH)
    for (const [at, bytes] of entries.entries()) {
      const index = first + BigInt(at)
      if (index < from || index >= to) continue
      tree.appendHash(hashes.slice(at * HASH_BYTES, (at + 1) * HASH_BYTES))
      entry(index, bytes)
    }
    onProgress?.(tree.size)
  }
  const { root } = to === size ? today : await provenPrefix(source, today, to)
  if (!equalBytes(tree.root(), root)) throw await findChanged(source, today, from)
}

/** The right edge of the tree at an earlier size, from today's tiles. */
async function treeAt(source: TileSource, today: bigint, size: bigint): Promise<GrowingTree> {
  return withTileNodes(source, today, (node) =>
    GrowingTree.restore(size, (level, count) => {
      const start = (size >> BigInt((level + 1) * TILE_HEIGHT)) * BigInt(TILE_WIDTH)
      return Array.from({ length: count }, (_, at) => node(level * TILE_HEIGHT, start + BigInt(at)))
    }),
  )
}

/** Some are fetched ahead; a fault is thrown in its place. */
async function* bundles(source: TileSource, size: bigint, from: bigint, to: bigint) {
  const end = (to + BigInt(TILE_WIDTH) - 1n) / BigInt(TILE_WIDTH)
  const ahead: { number: bigint; read: ReturnType<typeof readEntryBundle> }[] = []
  let next = from / BigInt(TILE_WIDTH)
  for (;;) {
    for (; ahead.length < FETCHED_AHEAD && next < end; next++) {
      const read = readEntryBundle(source, size, next)
      read.catch(() => {}) // it is awaited below, or an earlier one failed
      ahead.push({ number: next, read })
    }
    const first = ahead.shift()
    if (first === undefined) return
    yield { number: first.number, ...(await first.read) }
  }
}

/** Both a leaf and its hash were changed: the proofs of the tile that holds them fail, those of other tiles do not. */
async function findChanged(source: TileSource, { origin, size, root }: SignedCheckpoint, from: bigint): Promise<SealstoneError> {
  const width = BigInt(TILE_WIDTH)
  for (let first = (from / width) * width; first < size; first += width) {
    const { leafHash, proof } = await withTileNodes(source, size, (node) => ({ leafHash: node(0, first), proof: inclusionProof(first, size, node) }))
    if (verifyInclusion({ index: first, size, leafHash, proof, root })) continue
    const last = first + width > size ? size - 1n : first + width - 1n
    return new SealstoneError(
      'VERIFICATION_FAILED',
      `entries ${first} to ${last} of ${origin}, or their hashes, are not those that its keys signed at size ${size}`,
    )
  }
  return new SealstoneError(
    'VERIFICATION_FAILED',
    `the entries of ${origin} from ${from} on do not join to the root that its keys signed at size ${size}`,
  )
}

const FETCHED_AHEAD = 8
