/** A log as files, wherever they are: what each may weigh, and the full tile in place of a partial one that is gone. */
import { LIMITS, SealstoneError, utf8Text } from '#core'
import { decodeEntryBundle, encodeEntryBundle, HASH_BYTES, TILE_WIDTH, type TileName, type TileSource, tilePath } from '#tlog'

/** Files by their path below the log's prefix. */
export interface LogParts {
  /** Undefined if it is not there. Throws FORMAT_INVALID if it is longer than `mostBytes`, and never holds more of it than that. */
  read(path: string, mostBytes: number): Promise<Uint8Array | undefined>
}

export class PublishedLog implements TileSource {
  readonly #parts: LogParts
  readonly #place: string

  constructor(parts: LogParts, place: string) {
    this.#parts = parts
    this.#place = place
  }

  async checkpoint(): Promise<string> {
    const bytes = await this.#parts.read('checkpoint', LIMITS.checkpointBytes)
    if (bytes === undefined) {
      throw new SealstoneError('LOG_UNREACHABLE', `there is no checkpoint at ${this.#place}`, {
        hint: 'name the prefix of the log: the URL or directory that has `checkpoint` and `tile` in it',
      })
    }
    return utf8Text(bytes)
  }

  async tile(name: TileName): Promise<Uint8Array> {
    const found = (await this.#read(name)) ?? (name.width < TILE_WIDTH ? await this.#fromFullTile(name) : undefined)
    if (found === undefined) throw new SealstoneError('TILE_MISSING', `${tilePath(name)} is not at ${this.#place}`)
    return found
  }

  /** c2sp.org/tlog-tiles, Partial Tiles: a log may delete a partial tile once the full one is there. */
  async #fromFullTile(name: TileName): Promise<Uint8Array | undefined> {
    const full = await this.#read({ ...name, width: TILE_WIDTH })
    if (full === undefined) return undefined
    if (name.kind === 'hashes') return full.slice(0, name.width * HASH_BYTES)
    return encodeEntryBundle(decodeEntryBundle(full, TILE_WIDTH).slice(0, name.width))
  }

  #read(name: TileName): Promise<Uint8Array | undefined> {
    return this.#parts.read(tilePath(name), name.width * (name.kind === 'hashes' ? HASH_BYTES : LENGTH_BYTES + LIMITS.leafBytes))
  }
}

/** Of an entry in its bundle. */
const LENGTH_BYTES = 2
