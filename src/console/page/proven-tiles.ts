/** Tiles of hashes that are proven to be in the tree of a signed root: those at its right edge by the root itself, every other by the tile above it. */
import { equalBytes, SealstoneError, toSealstoneError } from '#core'
import { HASH_BYTES, rootOf, TILE_HEIGHT, TILE_WIDTH, tileNode, tileOf, tileWidth } from '#tlog'
import type { ServerTiles } from './server-tiles.ts'

export interface SignedTree {
  readonly size: bigint
  readonly root: Uint8Array
}

export class ProvenTiles {
  readonly #tiles: ServerTiles
  // Full tiles: what is proven stays so in every tree that extends this one.
  readonly #proven = new Map<string, Uint8Array>()
  readonly #running = new Map<string, Promise<Uint8Array>>()
  #edge: { readonly root: Uint8Array; readonly tiles: Promise<ReadonlyMap<string, Uint8Array>> } | undefined

  constructor(tiles: ServerTiles) {
    this.#tiles = tiles
  }

  /** The hashes of a tile of the tree. Throws VERIFICATION_FAILED where they do not lead to its root, and what the server's silence throws. */
  read(level: number, number: bigint, tree: SignedTree): Promise<Uint8Array> {
    const width = tileWidth(tree.size, level, number)
    const kept = this.#proven.get(nameOf(level, number))
    if (kept !== undefined && width === TILE_WIDTH) return Promise.resolve(kept)
    // Many ask for one tile at a time: it is proven once.
    const name = `${nameOf(level, number)} of ${tree.size}`
    const running = this.#running.get(name) ?? this.#prove(level, number, width, tree).finally(() => this.#running.delete(name))
    this.#running.set(name, running)
    return running
  }

  async #prove(level: number, number: bigint, width: number, tree: SignedTree): Promise<Uint8Array> {
    if (width < TILE_WIDTH) return (await this.#readEdge(tree)).get(nameOf(level, number)) ?? fail(level, number)
    const [hashes, above] = await Promise.all([this.#fetch(level, number, width), this.read(level + 1, number / WIDTH, tree)])
    const place = Number(number % WIDTH) * HASH_BYTES
    if (!equalBytes(tileNode(hashes, TILE_HEIGHT, 0), above.subarray(place, place + HASH_BYTES))) return fail(level, number)
    if (this.#proven.size >= MOST_PROVEN) this.#proven.clear()
    this.#proven.set(nameOf(level, number), hashes)
    return hashes
  }

  /** One edge is kept: that of the tree asked for last. */
  async #readEdge(tree: SignedTree): Promise<ReadonlyMap<string, Uint8Array>> {
    if (this.#edge === undefined || !equalBytes(this.#edge.root, tree.root)) this.#edge = { root: tree.root, tiles: this.#proveEdge(tree) }
    const { tiles } = this.#edge
    try {
      return await tiles
    } catch (thrown) {
      if (this.#edge?.tiles === tiles) this.#edge = undefined
      throw thrown
    }
  }

  /** RFC 9162 §2.1.1: the root is made from the hashes that no full tile holds, every one of them. */
  async #proveEdge({ size, root }: SignedTree): Promise<ReadonlyMap<string, Uint8Array>> {
    const edge = new Map<string, Uint8Array>()
    for (let level = 0; size >> BigInt(level * TILE_HEIGHT) > 0n; level++) {
      const number = size >> BigInt((level + 1) * TILE_HEIGHT)
      const width = tileWidth(size, level, number)
      if (width > 0) edge.set(nameOf(level, number), await this.#fetch(level, number, width))
    }
    const made = rootOf(size, (height, index) => {
      const place = tileOf(height, index)
      return tileNode(edge.get(nameOf(place.level, place.number)) ?? fail(place.level, place.number), place.height, place.index)
    })
    if (!equalBytes(made, root)) throw new SealstoneError('VERIFICATION_FAILED', 'the hashes at the end of the tree do not lead to the signed root')
    return edge
  }

  async #fetch(level: number, number: bigint, width: number): Promise<Uint8Array> {
    const hashes = await this.#tiles.tile({ kind: 'hashes', level, number, width }).catch((cause: unknown) => {
      throw new SealstoneError('LOG_UNREACHABLE', `tile ${nameOf(level, number)} could not be read: ${toSealstoneError(cause).message}`, { cause })
    })
    return hashes.length === width * HASH_BYTES ? hashes : fail(level, number)
  }
}

function nameOf(level: number, number: bigint): string {
  return `${level}/${number}`
}

function fail(level: number, number: bigint): never {
  throw new SealstoneError('VERIFICATION_FAILED', `the hashes of tile ${nameOf(level, number)} do not lead to the signed root`)
}

const WIDTH = BigInt(TILE_WIDTH)
/** 16 MiB; a search through more begins anew. */
const MOST_PROVEN = 2048
