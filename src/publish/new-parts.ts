/** The files that lead from one published size to the next, computed from the entries themselves and proven by both roots. */
import { concatBytes, equalBytes, SealstoneError } from '#core'
import {
  type Checkpoint,
  decodeEntryBundle,
  GrowingTree,
  HASH_BYTES,
  leafHash,
  type Tile,
  TILE_HEIGHT,
  TILE_WIDTH,
  type TileName,
  type TileSource,
  tilePath,
  tileWidth,
} from '#tlog'

export interface Part {
  /** Below the log's prefix. */
  readonly path: string
  readonly bytes: Uint8Array
}

/**
 * Yields what one entry bundle brings, with how many entries there are by then, and at last the partial tiles. The old tree is taken up from
 * its right edge, which must have the old root, and every new entry is added to it; the end must have the new root. So the old tree is
 * a beginning of the new one, and every tile is that of its entries, whatever the source keeps.
 * @param before size 0 for none; not larger than `next`
 * @throws LOG_FORKED, AUDIT_CORRUPT once all but the checkpoint was yielded, and what the source throws
 */
export async function* newParts(
  source: TileSource,
  before: Checkpoint,
  next: Checkpoint,
): AsyncGenerator<{ readonly parts: readonly Part[]; readonly entries: bigint }> {
  const tree = await takeUp(source, before, next)
  while (tree.size < next.size) {
    const number = tree.size / BigInt(TILE_WIDTH)
    const name: TileName = { kind: 'entries', number, width: tileWidth(next.size, 0, number) }
    const bundle = await source.tile(name)
    const full = addEntries(tree, number, decodeEntryBundle(bundle, name.width))
    yield { parts: [{ path: tilePath(name), bytes: bundle }, ...full.map(asPart)], entries: tree.size }
  }
  if (!equalBytes(tree.root(), next.root))
    throw new SealstoneError(
      'AUDIT_CORRUPT',
      `the entries from ${before.size} to ${next.size} do not have the root that the log keys signed: one of them was changed`,
    )
  yield { parts: partialTiles(tree, before.size), entries: tree.size }
}

async function takeUp(source: TileSource, before: Checkpoint, next: Checkpoint): Promise<GrowingTree> {
  if (before.size === 0n) return GrowingTree.empty()
  const edge: Uint8Array[][] = []
  for (let level = 0; before.size >> BigInt(level * TILE_HEIGHT) > 0n; level++) {
    const number = before.size >> BigInt((level + 1) * TILE_HEIGHT)
    const width = tileWidth(before.size, level, number)
    edge.push(width === 0 ? [] : hashesOf(await source.tile({ kind: 'hashes', level, number, width })))
  }
  const tree = GrowingTree.restore(before.size, (level) => edge[level] ?? [])
  if (equalBytes(tree.root(), before.root)) return tree
  throw new SealstoneError('LOG_FORKED', `this log of ${next.size} entries does not extend the published one of ${before.size}`, {
    hint: 'keep both as evidence: the log was changed or replaced since it was published',
  })
}

/** Entries of the bundle that are in the tree already must be those of the tree: they are written down again with the new ones. */
function addEntries(tree: GrowingTree, number: bigint, entries: readonly Uint8Array[]): Tile[] {
  const start = number * BigInt(TILE_WIDTH)
  const known = Number(tree.size - start)
  return entries.flatMap((entry, at) => {
    const hash = leafHash(entry)
    if (at >= known) return tree.appendHash(hash)
    const index = start + BigInt(at)
    if (!equalBytes(hash, tree.edgeNode(0, index) ?? NO_HASH))
      throw new SealstoneError('AUDIT_CORRUPT', `entry ${index} was changed since it was published`)
    return []
  })
}

function partialTiles(tree: GrowingTree, sizeBefore: bigint): Part[] {
  const parts: Part[] = []
  for (let level = 0; tree.size >> BigInt(level * TILE_HEIGHT) > 0n; level++) {
    const number = tree.size >> BigInt((level + 1) * TILE_HEIGHT)
    const width = tileWidth(tree.size, level, number)
    if (width === 0 || width === tileWidth(sizeBefore, level, number)) continue
    const hashes = Array.from({ length: width }, (_, at) => {
      const hash = tree.edgeNode(level * TILE_HEIGHT, number * BigInt(TILE_WIDTH) + BigInt(at))
      if (hash === undefined) throw new SealstoneError('INTERNAL', `tile ${level}/${number} is not at the edge of a tree of ${tree.size}`)
      return hash
    })
    parts.push({ path: tilePath({ kind: 'hashes', level, number, width }), bytes: concatBytes(...hashes) })
  }
  return parts
}

function asPart({ level, number, hashes }: Tile): Part {
  return { path: tilePath({ kind: 'hashes', level, number, width: TILE_WIDTH }), bytes: hashes }
}

function hashesOf(tile: Uint8Array): Uint8Array[] {
  return Array.from({ length: tile.length / HASH_BYTES }, (_, at) => tile.slice(at * HASH_BYTES, (at + 1) * HASH_BYTES))
}

const NO_HASH = new Uint8Array(HASH_BYTES)
