/** Proofs made from the tiles of a published log, each judged by a signed checkpoint before it is given away. */
import { SealstoneError } from '#core'
import {
  consistencyProof,
  encodeCheckpoint,
  formatAddCheckpoint,
  formatTlogProof,
  inclusionProof,
  leafHash,
  readEntryBundle,
  TILE_WIDTH,
  type TileSource,
  verifyInclusion,
  withTileNodes,
} from '#tlog'
import { provenPrefix, requireExtension } from './compare-checkpoints.ts'
import { type KnownLog, readCheckpoint, type SignedCheckpoint } from './signed-checkpoint.ts'

export interface ProvenEntry {
  readonly index: bigint
  readonly leaf: Uint8Array
  /** c2sp.org/tlog-proof, the leaf as its extra data. */
  readonly proof: string
  readonly checkpoint: SignedCheckpoint
}

/** Throws ENTRY_UNKNOWN, VERIFICATION_FAILED where the log's files are not what its keys signed, and what the source throws. */
export async function proveEntry(source: TileSource, log: KnownLog, index: bigint): Promise<ProvenEntry> {
  const checkpoint = await readCheckpoint(source, log)
  const { leaf, hashes } = await readProvenEntry(source, checkpoint, index)
  return { index, leaf, proof: formatTlogProof({ index, hashes, checkpoint: checkpoint.note, extra: leaf }), checkpoint }
}

/** An entry that is in the signed tree, and the proof of it. Throws as `proveEntry` does. */
export async function readProvenEntry(
  source: TileSource,
  { origin, size, root }: SignedCheckpoint,
  index: bigint,
): Promise<{ leaf: Uint8Array; hashes: readonly Uint8Array[] }> {
  if (index < 0n || index >= size) throw new SealstoneError('ENTRY_UNKNOWN', `entry is ${index}, the log has ${size} entries`)
  const width = BigInt(TILE_WIDTH)
  const [{ entries }, hashes] = await Promise.all([
    readEntryBundle(source, size, index / width),
    withTileNodes(source, size, (node) => inclusionProof(index, size, node)),
  ])
  const leaf = entries[Number(index % width)] as Uint8Array // the bundle was checked to have its width
  if (verifyInclusion({ index, size, leafHash: leafHash(leaf), proof: hashes, root })) return { leaf, hashes }
  throw new SealstoneError('VERIFICATION_FAILED', `entry ${index} of ${origin}, as it is published, is not the one that its keys signed`)
}

/** One end of a consistency proof: a checkpoint that was kept, or a size alone. */
export type TreeEnd = SignedCheckpoint | bigint

export interface ProvenTree {
  readonly size: bigint
  readonly root: Uint8Array
  /** Absent where only a size was asked for. */
  readonly checkpoint?: SignedCheckpoint
}

export interface ProvenConsistency {
  readonly from: ProvenTree
  readonly to: ProvenTree
  readonly proof: readonly Uint8Array[]
}

/**
 * From an older tree to a newer one, by default that of today; both are proven to be in the tree of today, which is signed.
 * Throws LOG_FORKED, LOG_ROLLED_BACK, INPUT_INVALID for sizes that make no proof, VERIFICATION_FAILED, and what the source throws.
 */
export async function proveConsistency(source: TileSource, log: KnownLog, from: TreeEnd, to?: TreeEnd): Promise<ProvenConsistency> {
  const today = await readCheckpoint(source, log)
  const ends = [await findTree(source, today, from), await findTree(source, today, to ?? today)] as const
  const [{ size: oldSize }, { size: newSize }] = ends
  const proof = await withTileNodes(source, today.size, (node) => consistencyProof(oldSize, newSize, node))
  return { from: ends[0], to: ends[1], proof }
}

/** The body of add-checkpoint (c2sp.org/tlog-witness). A size alone was not signed: then its three lines stand there without signatures. */
export function consistencyText({ from, to, proof }: ProvenConsistency, origin: string): string {
  return formatAddCheckpoint({ oldSize: from.size, proof, checkpoint: to.checkpoint?.note ?? encodeCheckpoint({ origin, ...to }) })
}

async function findTree(source: TileSource, today: SignedCheckpoint, end: TreeEnd): Promise<ProvenTree> {
  if (typeof end !== 'bigint') {
    await requireExtension(end, today, source)
    return { size: end.size, root: end.root, checkpoint: end }
  }
  if (end < 1n || end > today.size) throw new SealstoneError('INPUT_INVALID', `tree size is ${end}, want 1 to ${today.size}`)
  if (end === today.size) return { size: end, root: today.root, checkpoint: today }
  return { size: end, root: (await provenPrefix(source, today, end)).root }
}
