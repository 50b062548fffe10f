/** tlog: RFC 9162 trees and proofs, C2SP checkpoints, notes, keys, cosignatures and proofs, and the leaf format. Pure: runs in a browser too. */
export {
  type AddCheckpointRequest,
  formatAddCheckpoint,
  formatTreeSize,
  MAX_ADD_CHECKPOINT_BYTES,
  parseAddCheckpoint,
  parseTreeSize,
  TREE_SIZE_TYPE,
} from './add-checkpoint.ts'
export {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  type LogSignatureVerifier,
  type OpenedCheckpoint,
  openCheckpoint,
  openForeignCheckpoint,
} from './checkpoint.ts'
export { type CosignedCheckpoint, cosignedMessage, encodeTimestampedSignature } from './cosignature.ts'
export { CompactRange } from './compact-range.ts'
export { GrowingTree, TILE_HEIGHT, TILE_WIDTH, type Tile, tileNode, tileOf } from './growing-tree.ts'
export {
  type Decision,
  encodeLeaf,
  type Leaf,
  type LeafKind,
  type LeafSignature,
  type LeafVerifications,
  leafJson,
  type NewLeaf,
  parseLeaf,
} from './leaf.ts'
export { DECIDED_OPERATIONS, LEAF_KINDS, MAX_VERIFICATIONS } from './leaf-members.ts'
export { type LeafFacts, LeafScanner } from './leaf-scanner.ts'
export { type LeafStamp, LeafWriter, type WrittenLeaf } from './leaf-writer.ts'
export type { EntryFilter, LogEntry } from './log-entry.ts'
export type { Activity, ActivitySpan, FoundEntries, LogSearch } from './log-search.ts'
export { HASH_BYTES, leafHash, nodeHash, prefixedLeafHash, type NodeReader, rememberNodes, rootOf, splitPoint } from './merkle.ts'
export { formatNote, formatSignatureLines, type NoteSignature, parseNote, parseSignatureLines, type SignedNote } from './note.ts'
export { type ConsistencyClaim, consistencyProof, type InclusionClaim, inclusionProof, verifyConsistency, verifyInclusion } from './proofs.ts'
export { formatTlogProof, parseTlogProof, type Receipt, standaloneProof, type TlogProof, verifyTlogProof } from './tlog-proof.ts'
export {
  encodeVerifierKey,
  type LogKeyType,
  type LogVerifierKey,
  logVerifierKey,
  parseVerifierKey,
  parseWitnessKey,
  type WitnessKey,
  type WitnessKeyType,
  witnessKey,
} from './verifier-key.ts'
export {
  type Cosignature,
  countCosignatures,
  judgeQuorum,
  parseWitness,
  refuseDoubleWitnesses,
  type Witness,
  witnessMessage,
  witnessVkeys,
} from './witnesses.ts'
export { readEntryBundle, rootFromTiles, type TileSource, withTileNodes } from './tile-source.ts'
export { checkHashTile, decodeEntryBundle, encodeEntryBundle, parseTilePath, type TileName, tilePath, tileWidth } from './tiles.ts'
