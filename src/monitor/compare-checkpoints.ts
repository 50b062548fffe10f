/** How two signed checkpoints of one log stand to each other: the judgement that everything else here rests on. */
import { equalBytes, SealstoneError, toBase64 } from '#core'
import { consistencyProof, rootOf, type TileSource, verifyConsistency, withTileNodes } from '#tlog'
import { type SignedCheckpoint, signedAt } from './signed-checkpoint.ts'

export type Relation =
  | { readonly kind: 'same' }
  /** The newer one has all entries of the older one, in their order, and more behind them. */
  | { readonly kind: 'extended'; readonly proof: readonly Uint8Array[] }
  /**
   * Both are signed, and no log has both. The newer tree has `otherRoot` over the entries of the older one, and the proof joins that to its own
   * root (RFC 9162 §2.1.4.2). Where the sizes are the same it is its own root, and the proof is empty.
   */
  | { readonly kind: 'forked'; readonly proof: readonly Uint8Array[]; readonly otherRoot: Uint8Array }

/**
 * @param older has at most as many entries as `newer`
 * @param source holds the tree of `newer`; its tiles are believed only as far as they join to the signed root
 * Throws VERIFICATION_FAILED for tiles that do not, INPUT_INVALID for other checkpoints, and what the source throws.
 */
export async function compareCheckpoints(older: SignedCheckpoint, newer: SignedCheckpoint, source: TileSource): Promise<Relation> {
  if (older.origin !== newer.origin || older.size > newer.size)
    throw new SealstoneError(
      'INPUT_INVALID',
      `checkpoints of ${older.origin} at ${older.size} and ${newer.origin} at ${newer.size} cannot be compared`,
    )
  if (older.size === newer.size) return equalBytes(older.root, newer.root) ? { kind: 'same' } : { kind: 'forked', proof: [], otherRoot: newer.root }
  if (older.size === 0n) return { kind: 'extended', proof: [] }
  const { root, proof } = await provenPrefix(source, newer, older.size)
  return equalBytes(root, older.root) ? { kind: 'extended', proof } : { kind: 'forked', proof, otherRoot: root }
}

/** The root that the log's first `size` entries have in the tree that was signed. Throws VERIFICATION_FAILED, and what the source throws. */
export async function provenPrefix(
  source: TileSource,
  signed: SignedCheckpoint,
  size: bigint,
): Promise<{ root: Uint8Array; proof: readonly Uint8Array[] }> {
  const made = await withTileNodes(source, signed.size, (node) => ({
    root: rootOf(size, node),
    proof: consistencyProof(size, signed.size, node),
  }))
  if (verifyConsistency({ oldSize: size, newSize: signed.size, oldRoot: made.root, newRoot: signed.root, proof: made.proof })) return made
  throw new SealstoneError(
    'VERIFICATION_FAILED',
    `the tiles of ${signed.origin} do not join to the root that its keys signed at size ${signed.size}`,
    {
      hint: 'a tile was changed or is damaged; ask the operator of the log, or read another copy of it',
    },
  )
}

/** Throws LOG_ROLLED_BACK or LOG_FORKED unless the log that was seen is all in the log of today; what was proven otherwise. */
export async function requireExtension(
  seen: SignedCheckpoint,
  today: SignedCheckpoint,
  source: TileSource,
): Promise<Exclude<Relation, { kind: 'forked' }>> {
  if (seen.origin !== today.origin) throw new SealstoneError('INPUT_INVALID', `the log is ${today.origin}, want ${seen.origin}`)
  if (today.size < seen.size) throw rolledBack(seen, today)
  const relation = await compareCheckpoints(seen, today, source)
  if (relation.kind === 'forked') throw forked(seen, today)
  return relation
}

export function rolledBack(seen: SignedCheckpoint, today: SignedCheckpoint): SealstoneError {
  const isOldCopy = today.timestampSeconds < seen.timestampSeconds
  const words = isOldCopy ? 'an old copy, or rolled back' : 'its keys signed the smaller one later'
  return new SealstoneError(
    'LOG_ROLLED_BACK',
    `${today.origin} has ${today.size} entries in the checkpoint of ${signedAt(today)}, it had ${seen.size} in that of ${signedAt(seen)}: ${words}`,
  )
}

function forked(seen: SignedCheckpoint, today: SignedCheckpoint): SealstoneError {
  return new SealstoneError(
    'LOG_FORKED',
    `${today.origin} was rewritten: its tree of ${today.size} entries, root ${toBase64(today.root)}, is no continuation of that of ${seen.size}, root ${toBase64(seen.root)}`,
  )
}
