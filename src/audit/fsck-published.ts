/** Compares a published copy of the log with the leaves of the database: its checkpoint, every tile of hashes, every entry. */
import { equalBytes, type SealstoneError, toSealstoneError } from '#core'
import {
  checkHashTile,
  decodeEntryBundle,
  HASH_BYTES,
  leafHash,
  openCheckpoint,
  TILE_HEIGHT,
  TILE_WIDTH,
  type TileName,
  type TileSource,
  tilePath,
} from '#tlog'
import type { CheckedRange, Findings } from './fsck-findings.ts'
import type { KnownLog, WholeTree } from './fsck-tree.ts'

export class PublishedCopy {
  readonly size: number
  readonly #source: TileSource
  readonly #note: string

  private constructor(source: TileSource, note: string, size: number) {
    this.#source = source
    this.#note = note
    this.size = size
  }

  /** Open it before the database is looked at: a log that goes on meanwhile is then ahead of its copy, never behind. Throws what the source throws. */
  static async open(source: TileSource, { keys, verifier }: KnownLog, findings: Findings): Promise<PublishedCopy> {
    const note = await source.checkpoint()
    try {
      return new PublishedCopy(source, note, Number(openCheckpoint(note, keys, verifier).size))
    } catch (error) {
      const detail = `the published checkpoint does not open: ${toSealstoneError(error).message}`
      findings.add({ where: 'published checkpoint', changed: 'signature', detail })
      return new PublishedCopy(source, note, 0)
    }
  }

  /** Hashes and entries of the lowest level. */
  async compareRange(range: CheckedRange, findings: Findings): Promise<void> {
    const end = Math.min(this.size, range.start + range.count)
    for (let from = range.start; from < end; from += TILES_AT_A_TIME * TILE_WIDTH) {
      const starts = Array.from({ length: TILES_AT_A_TIME }, (_, at) => from + at * TILE_WIDTH).filter((start) => start < end)
      await Promise.all(
        starts.map(async (start) => {
          const width = Math.min(TILE_WIDTH, this.size - start)
          const hashes = range.hashes.subarray((start - range.start) * HASH_BYTES, (start - range.start + width) * HASH_BYTES)
          if (hashes.length !== width * HASH_BYTES) return // the database has fewer leaves; told by `finish`
          const number = BigInt(start / TILE_WIDTH)
          await this.#compareHashes({ kind: 'hashes', level: 0, number, width }, hashes, findings)
          await this.#compareEntries({ kind: 'entries', number, width }, hashes, findings)
        }),
      )
    }
  }

  /** The levels above, and the checkpoint. After the tree's own `finish`. */
  async finish(tree: WholeTree, log: KnownLog): Promise<void> {
    if (this.size === 0) return
    tree.checkNote(this.#note, log, 'published checkpoint')
    for (let level = 1; this.#countAt(level) > 0; level++) {
      const count = this.#countAt(level)
      for (let start = 0; start < count; start += TILE_WIDTH) {
        const width = Math.min(TILE_WIDTH, count - start)
        const hashes = tree.hashesOf(level, start, width)
        if (hashes.length !== width * HASH_BYTES) return
        await this.#compareHashes({ kind: 'hashes', level, number: BigInt(start / TILE_WIDTH), width }, hashes, tree.findings)
      }
    }
  }

  /** Hashes of a level that are there in full. */
  #countAt(level: number): number {
    return Math.floor(this.size / TILE_WIDTH ** level)
  }

  async #compareHashes(name: TileName & { kind: 'hashes' }, hashes: Uint8Array, findings: Findings): Promise<void> {
    const tile = await this.#read(name, findings, (bytes) => checkHashTile(bytes, name.width))
    if (tile === undefined || equalBytes(tile, hashes)) return
    const at = firstDifference(tile, hashes)
    const index = (name.number * BigInt(TILE_WIDTH) + BigInt(at)) << BigInt(name.level * TILE_HEIGHT)
    const detail = `${tilePath(name)} of the published copy has another hash than the database, from leaf ${index} on`
    findings.add({ where: tilePath(name), index, changed: 'published', detail })
  }

  async #compareEntries(name: TileName & { kind: 'entries' }, hashes: Uint8Array, findings: Findings): Promise<void> {
    const entries = await this.#read(name, findings, (bytes) => decodeEntryBundle(bytes, name.width))
    for (const [at, entry] of (entries ?? []).entries()) {
      if (equalBytes(leafHash(entry), hashes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES))) continue
      const index = name.number * BigInt(TILE_WIDTH) + BigInt(at)
      findings.add({ where: `leaf ${index}`, index, changed: 'published', detail: `leaf ${index} of the published copy is not the one in the tree` })
    }
  }

  /** A copy that lacks a part, or has nonsense there, is a finding; a copy out of reach is an error. */
  async #read<Part>(name: TileName, findings: Findings, decode: (bytes: Uint8Array) => Part): Promise<Part | undefined> {
    try {
      return decode(await this.#source.tile(name))
    } catch (error) {
      const { code, message } = toSealstoneError(error)
      if (!FAULTS.has(code)) throw error
      // A copy on a disk that was unmounted meanwhile lacks everything, and says so by its checkpoint.
      if (code === 'TILE_MISSING') await this.#source.checkpoint()
      const index =
        name.kind === 'entries' ? name.number * BigInt(TILE_WIDTH) : (name.number * BigInt(TILE_WIDTH)) << BigInt(name.level * TILE_HEIGHT)
      findings.add({ where: tilePath(name), index, changed: 'published', detail: `the published copy: ${message}` })
      return undefined
    }
  }
}

function firstDifference(left: Uint8Array, right: Uint8Array): number {
  return Math.floor(left.findIndex((byte, at) => byte !== right[at]) / HASH_BYTES)
}

const FAULTS: ReadonlySet<SealstoneError['code']> = new Set(['TILE_MISSING', 'FORMAT_INVALID', 'INPUT_TOO_LARGE'])
/** Two requests each. */
const TILES_AT_A_TIME = 8
