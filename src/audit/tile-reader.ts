/** Reads tree nodes out of full tiles; the tiles read last are kept. */
import { SealstoneError } from '#core'
import { HASH_BYTES, type NodeReader, TILE_WIDTH, type Tile, tileNode, tileOf } from '#tlog'
import type { LogStore } from './store.ts'

export class TileReader {
  readonly #store: LogStore
  readonly #kept = new Map<string, Uint8Array>()

  constructor(store: LogStore) {
    this.#store = store
  }

  /** @param staged tiles of a batch that is not in the database yet; they are looked at first and not kept. */
  reader(staged: readonly Tile[] = []): NodeReader {
    return (height, index) => {
      const place = tileOf(height, index)
      const fresh = staged.find(({ level, number }) => level === place.level && number === place.number)
      return tileNode(fresh?.hashes ?? this.#read(place.level, place.number), place.height, place.index)
    }
  }

  #read(level: number, number: bigint): Uint8Array {
    const name = `${level}/${number}`
    const hashes = this.#kept.get(name) ?? this.#store.readTile(level, number)
    if (hashes?.length !== TILE_WIDTH * HASH_BYTES) {
      throw new SealstoneError(
        'AUDIT_CORRUPT',
        `tile ${name} is ${hashes === undefined ? 'missing' : `${hashes.length} bytes`}, want ${TILE_WIDTH} hashes`,
      )
    }
    this.#kept.delete(name)
    this.#kept.set(name, hashes) // a Map keeps its order: the oldest is first
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > KEPT_TILES && oldest !== undefined) this.#kept.delete(oldest)
    return hashes
  }
}

const KEPT_TILES = 256 // 2 MiB
