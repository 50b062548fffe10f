/** The log in the database as a published log has it: full tiles as they are kept, everything else computed from leaves and roots. */
import { concatBytes, SealstoneError } from '#core'
import type { Database } from '#db'
import {
  decodeCheckpoint,
  encodeEntryBundle,
  HASH_BYTES,
  leafHash,
  parseNote,
  TILE_WIDTH,
  type TileName,
  type TileSource,
  tilePath,
  tileWidth,
} from '#tlog'
import { CosignatureStore } from './cosignatures.ts'
import { LogStore } from './store.ts'

/**
 * Serves any width that the log keys have signed, and nothing beyond it. As checkpoint it has the newest with a quorum of witnesses, where the
 * log has any, and never one that is older than it gave before. `checkpoint` throws LOG_UNREACHABLE before the first one, `tile`
 * TILE_MISSING for what is not covered; both throw AUDIT_CORRUPT where the database has a hole. Safe beside the daemon that writes.
 * @param cold directory of the leaves that were moved out of the database
 */
export function databaseTiles(db: Database, cold?: string): TileSource {
  const store = new LogStore(db, cold)
  const cosigned = new CosignatureStore(db)
  const newest = (): string => {
    const note = store.readHead()?.checkpoint
    if (note === undefined) throw new SealstoneError('LOG_UNREACHABLE', 'the log has no checkpoint yet', { hint: 'start the daemon once' })
    return note
  }
  const edge = new EdgeTiles(store)
  let covered = 0n // a log only grows: what was covered once needs no second look at its checkpoint
  let given: { readonly note: string; readonly size: bigint } | undefined
  return {
    checkpoint: async () => {
      const note = cosigned.newestQuorate() ?? newest()
      const size = sizeOf(note)
      // Where witnesses were set up a moment ago, their first quorum is for a tree that is smaller than the newest.
      if (given === undefined || size >= given.size) given = { note, size }
      return given.note
    },
    tile: async (name) => {
      const isCovered = (): boolean => tileWidth(covered, name.kind === 'entries' ? 0 : name.level, name.number) >= name.width
      if (!isCovered()) covered = sizeOf(newest())
      if (!isCovered()) throw new SealstoneError('TILE_MISSING', `${tilePath(name)} is beyond the checkpoint of ${covered} entries`)
      return name.kind === 'entries' ? encodeEntryBundle(readLeaves(store, name)) : readHashes(store, edge, name)
    },
  }
}

function sizeOf(note: string): bigint {
  return decodeCheckpoint(parseNote(note).text).size
}

function readHashes(store: LogStore, edge: EdgeTiles, name: TileName & { kind: 'hashes' }): Uint8Array {
  const { level, number, width } = name
  return store.readTile(level, number)?.slice(0, width * HASH_BYTES) ?? edge.read(name)
}

/** Tiles that are not full, made of leaves and roots. Every proof asks for those of its tree's edge; one that was made is never another one. */
class EdgeTiles {
  readonly #store: LogStore
  readonly #kept = new Map<string, Uint8Array>()

  constructor(store: LogStore) {
    this.#store = store
  }

  read(name: TileName & { kind: 'hashes' }): Uint8Array {
    const path = tilePath(name)
    const hashes = this.#kept.get(path) ?? this.#make(name)
    this.#kept.set(path, hashes)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > KEPT_EDGE_TILES && oldest !== undefined) this.#kept.delete(oldest)
    return hashes.slice()
  }

  #make(name: TileName & { kind: 'hashes' }): Uint8Array {
    const { level, number, width } = name
    const hashes =
      level === 0 ? readLeaves(this.#store, name).map(leafHash) : this.#store.readTileRoots(level - 1, number * BigInt(TILE_WIDTH), width)
    if (width === TILE_WIDTH || hashes.length !== width) throw incomplete(name)
    return concatBytes(...hashes)
  }
}

function readLeaves(store: LogStore, name: TileName): Uint8Array[] {
  const start = name.number * BigInt(TILE_WIDTH)
  const leaves = store.readLeaves(start, name.width)
  if (leaves.length !== name.width || leaves.at(-1)?.index !== start + BigInt(name.width - 1)) throw incomplete(name)
  return leaves.map(({ bytes }) => bytes)
}

function incomplete(name: TileName): SealstoneError {
  return new SealstoneError('AUDIT_CORRUPT', `the database lacks a part of ${tilePath(name)}`)
}

/** Of two sizes, at each level. */
const KEPT_EDGE_TILES = 12
