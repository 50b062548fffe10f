/** Reading a log that somebody else keeps, from its tiles: fetched where they are needed, believed only as far as a signed root goes. */
import { equalBytes, SealstoneError } from '#core'
import { TILE_WIDTH, tileNode, tileOf } from './growing-tree.ts'
import { HASH_BYTES, leafHash, type NodeReader, rootOf } from './merkle.ts'
import { checkHashTile, decodeEntryBundle, type TileName, tilePath, tileWidth } from './tiles.ts'

/** A published log, wherever it is: a server, a directory, a database. What it answers is not trusted. */
export interface TileSource {
  /** The signed note. */
  checkpoint(): Promise<string>
  /** The bytes of a tile or entry bundle. Throws if it is not there. */
  tile(name: TileName): Promise<Uint8Array>
}

/**
 * Does `work` with the nodes of a tree of `size` leaves. `work` must be pure, and which nodes it asks for must not depend on their
 * hashes, as in every proof: it runs twice, first to find out what to fetch. Nothing is verified here: judge what `work` made by a root
 * that was signed. Throws FORMAT_INVALID for a tile of the wrong length, INPUT_INVALID where `work` leaves the tree, and what the source throws.
 */
export async function withTileNodes<Result>(source: TileSource, size: bigint, work: (node: NodeReader) => Result): Promise<Result> {
  const wanted = new Map<string, TileName>()
  work((height, index) => {
    const name = tileOfNode(size, height, index)
    wanted.set(tilePath(name), name)
    return NO_HASH
  })
  const tiles = new Map<string, Uint8Array>()
  await Promise.all(Array.from(wanted, async ([path, name]) => tiles.set(path, checkHashTile(await source.tile(name), name.width))))
  return work((height, index) => {
    const place = tileOf(height, index)
    return tileNode(tiles.get(tilePath(tileOfNode(size, height, index))) ?? NO_HASH, place.height, place.index)
  })
}

/** The root as the tiles at the right edge have it. */
export function rootFromTiles(source: TileSource, size: bigint): Promise<Uint8Array> {
  return withTileNodes(source, size, (node) => rootOf(size, node))
}

/**
 * The entries of one bundle, each checked against the level-0 tile beside it. That tile is still to be proven against a signed root.
 * Throws FORMAT_INVALID, VERIFICATION_FAILED naming the first entry that is not the tree's, and what the source throws.
 */
export async function readEntryBundle(source: TileSource, size: bigint, number: bigint): Promise<{ entries: Uint8Array[]; hashes: Uint8Array }> {
  const width = tileWidth(size, 0, number)
  if (width === 0) throw new SealstoneError('INPUT_INVALID', `entry bundle is ${number}, the tree has ${size} entries`)
  const [bundle, tile] = await Promise.all([
    source.tile({ kind: 'entries', number, width }),
    source.tile({ kind: 'hashes', level: 0, number, width }),
  ])
  const entries = decodeEntryBundle(bundle, width)
  const hashes = checkHashTile(tile, width)
  for (const [at, entry] of entries.entries()) {
    if (equalBytes(leafHash(entry), hashes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES))) continue
    throw new SealstoneError(
      'VERIFICATION_FAILED',
      `entry ${number * BigInt(TILE_WIDTH) + BigInt(at)} is not the one in the tree: it or its hash was changed`,
    )
  }
  return { entries, hashes }
}

function tileOfNode(size: bigint, height: number, index: bigint): TileName {
  const { level, number } = tileOf(height, index)
  const width = tileWidth(size, level, number)
  if ((index + 1n) << BigInt(height) > size)
    throw new SealstoneError('INPUT_INVALID', `node ${index} at height ${height} is not in a tree of ${size}`)
  return { kind: 'hashes', level, number, width }
}

const NO_HASH = new Uint8Array(HASH_BYTES)
