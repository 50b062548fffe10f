/** A Merkle tree that grows at its right edge, in memory only as far as the tiles that are not full yet (c2sp.org/tlog-tiles). */
import { concatBytes, SealstoneError } from '#core'
import { HASH_BYTES, joinHashes, leafHash, type NodeReader, nodeHash, rootOf } from './merkle.ts'

/** c2sp.org/tlog-tiles: a tile holds 256 hashes, and a tile of the next level holds the roots of 256 tiles. */
export const TILE_HEIGHT = 8
export const TILE_WIDTH = 256

/** A full tile: `TILE_WIDTH` hashes of subtrees that are `level * TILE_HEIGHT` high. */
export interface Tile {
  readonly level: number
  /** Position within the level, from the left. */
  readonly number: bigint
  readonly hashes: Uint8Array
  /** Root of the tile: one hash of the next level. */
  readonly root: Uint8Array
}

export class GrowingTree {
  #size: bigint
  // rows[h] are the nodes of height h since the start of the tile that is not full yet; height 8 begins the next level's tile.
  readonly #rows: Uint8Array[][]

  private constructor(size: bigint, rows: Uint8Array[][]) {
    this.#size = size
    this.#rows = rows
  }

  static empty(): GrowingTree {
    return new GrowingTree(0n, [])
  }

  /** @param edge for each level, from the leaves up, the hashes of the tile that is not full yet: as many as the size says. */
  static restore(size: bigint, edge: (level: number, count: number) => readonly Uint8Array[]): GrowingTree {
    const rows: Uint8Array[][] = []
    for (let level = 0; size >> BigInt(level * TILE_HEIGHT) > 0n; level++) {
      const count = Number((size >> BigInt(level * TILE_HEIGHT)) % BigInt(TILE_WIDTH))
      const hashes = edge(level, count)
      if (hashes.length !== count) throw new SealstoneError('AUDIT_CORRUPT', `tree edge at level ${level} has ${hashes.length} hashes, want ${count}`)
      for (const hash of hashes) pushNode(rows, level * TILE_HEIGHT, hash)
    }
    return new GrowingTree(size, rows)
  }

  get size(): bigint {
    return this.#size
  }

  /** An independent copy; costs a few hundred references. */
  clone(): GrowingTree {
    return new GrowingTree(
      this.#size,
      this.#rows.map((row) => row.slice()),
    )
  }

  append(leaf: Uint8Array): Tile[] {
    return this.appendHash(leafHash(leaf))
  }

  /** Adds a leaf by its hash and returns the tiles that it filled: none, or one per level from the leaves up. */
  appendHash(hash: Uint8Array): Tile[] {
    this.#size += 1n
    const full: Tile[] = []
    let carried = hash
    for (let level = 0; ; level++) {
      const bottom = level * TILE_HEIGHT
      pushNode(this.#rows, bottom, carried)
      const row = this.#rows[bottom] as Uint8Array[]
      if (row.length < TILE_WIDTH) return full
      const root = tileRoot(this.#rows, bottom)
      full.push({ level, number: (this.#size >> BigInt(bottom + TILE_HEIGHT)) - 1n, hashes: concatBytes(...row), root })
      for (let height = bottom; height < bottom + TILE_HEIGHT; height++) this.#rows[height] = []
      carried = root
    }
  }

  /** A node at the right edge, or undefined where a full tile holds it. */
  edgeNode(height: number, index: bigint): Uint8Array | undefined {
    const start = (this.#size >> BigInt(tileBottom(height) + TILE_HEIGHT)) << BigInt(TILE_HEIGHT - (height - tileBottom(height)))
    return index < start ? undefined : this.#rows[height]?.[Number(index - start)]
  }

  /** @param fullTiles reads nodes that are inside full tiles. */
  reader(fullTiles: NodeReader): NodeReader {
    return (height, index) => this.edgeNode(height, index) ?? fullTiles(height, index)
  }

  /** The root needs nodes of the right edge only: the roots of full tiles are the next level's hashes. */
  root(): Uint8Array {
    return rootOf(
      this.#size,
      this.reader((height, index) => {
        throw new SealstoneError('INTERNAL', `node ${index} at height ${height} is not at the edge of a tree of ${this.#size}`)
      }),
    )
  }
}

/** A node inside a full tile, from the tile's hashes: `index` counts within the tile, `height` from the tile's own hashes up. */
export function tileNode(hashes: Uint8Array, height: number, index: number): Uint8Array {
  const width = 1 << height
  const row = new Uint8Array(width * HASH_BYTES)
  row.set(hashes.subarray(index * row.length, (index + 1) * row.length))
  return height === 0 ? row : joinHashes(row)
}

/** Which full tile holds a node, and where in it. */
export function tileOf(height: number, index: bigint): { level: number; number: bigint; height: number; index: number } {
  const within = height - tileBottom(height)
  const width = BigInt(TILE_WIDTH >> within)
  return { level: tileBottom(height) / TILE_HEIGHT, number: index / width, height: within, index: Number(index % width) }
}

function tileBottom(height: number): number {
  return height - (height % TILE_HEIGHT)
}

/** Adds a node and joins pairs upwards, within one tile. */
function pushNode(rows: Uint8Array[][], height: number, hash: Uint8Array): void {
  const row = rowAt(rows, height)
  row.push(hash)
  const isTop = height % TILE_HEIGHT === TILE_HEIGHT - 1
  if (isTop || row.length % 2 === 1) return
  pushNode(rows, height + 1, nodeHash(row.at(-2) as Uint8Array, hash))
}

function tileRoot(rows: readonly Uint8Array[][], bottom: number): Uint8Array {
  const [left, right] = rows[bottom + TILE_HEIGHT - 1] as Uint8Array[]
  return nodeHash(left as Uint8Array, right as Uint8Array)
}

function rowAt(rows: Uint8Array[][], height: number): Uint8Array[] {
  while (rows.length <= height) rows.push([])
  return rows[height] as Uint8Array[]
}
