/** Whether a published checkpoint and that of the log belong to one history, as far as that shows before anything is written. */
import { equalBytes, SealstoneError } from '#core'
import { type Checkpoint, rootFromTiles, type TileSource } from '#tlog'

/**
 * True if the published checkpoint is the newer one: the log has that tree, and only its witnesses have not come so far. That a larger tree
 * extends the published one is shown while it is written (`newParts`). Throws LOG_FORKED or LOG_ROLLED_BACK.
 */
export async function isAhead(source: TileSource, published: Checkpoint, next: Checkpoint, place: string): Promise<boolean> {
  if (published.origin !== next.origin) {
    throw new SealstoneError('LOG_FORKED', `${place} holds the log ${published.origin}, this one is ${next.origin}`, {
      hint: 'name another directory',
    })
  }
  if (published.size < next.size) return false
  const root = published.size === next.size ? next.root : await rootAt(source, published.size, next.size, place)
  if (!equalBytes(published.root, root)) {
    throw new SealstoneError('LOG_FORKED', `${place} holds another tree of ${published.size} entries`, {
      hint: 'keep both as evidence: the log was changed or replaced since it was published',
    })
  }
  return published.size > next.size
}

/** The log's own entries may go further than the checkpoint that is published of it. */
async function rootAt(source: TileSource, size: bigint, known: bigint, place: string): Promise<Uint8Array> {
  try {
    return await rootFromTiles(source, size)
  } catch (cause) {
    if (!(cause instanceof SealstoneError) || cause.code !== 'TILE_MISSING') throw cause
    throw new SealstoneError('LOG_ROLLED_BACK', `${place} holds ${size} entries, this log has ${known}`, {
      cause,
      hint: 'keep both as evidence: an old copy of the state directory is in use, or entries were removed',
    })
  }
}
