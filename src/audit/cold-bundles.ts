/**
 * Leaves that were moved out of the database, read from where they are now: entry bundles of c2sp.org/tlog-tiles in a directory. Their rows stay, with
 * all that filters look at and no bytes, which no leaf is without; so do the tiles of hashes, which a bundle must fit. A few leaves of a bundle keep theirs.
 */
import { closeSync, constants, existsSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { equalBytes, LIMITS, SealstoneError, toSealstoneError } from '#core'
import type { Database } from '#db'
import { decodeEntryBundle, HASH_BYTES, leafHash, TILE_WIDTH, tilePath } from '#tlog'
import { bounded, MOST_TILE_BYTES, upTo } from './bounded.ts'

/** Whether a leaf of these bytes is somewhere else. */
export function isArchived(bytes: Uint8Array): boolean {
  return bytes.length === 0
}

export class ColdBundles {
  readonly #db: Database
  readonly #directory: string | undefined
  readonly #kept = new Map<bigint, readonly Uint8Array[]>()

  /** @param directory absolute; undefined where nothing was moved */
  constructor(db: Database, directory: string | undefined) {
    this.#db = db
    this.#directory = directory
  }

  /** One leaf; its whole bundle fits the tile of the database. Throws COLD_STORAGE_UNREADABLE, AUDIT_CORRUPT. */
  leaf(index: bigint): Uint8Array {
    const number = index / BigInt(TILE_WIDTH)
    const leaves = this.#kept.get(number) ?? this.#readProven(number)
    this.#kept.delete(number)
    this.#kept.set(number, leaves)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > KEPT_BUNDLES && oldest !== undefined) this.#kept.delete(oldest)
    return leaves[Number(index % BigInt(TILE_WIDTH))] as Uint8Array
  }

  /** As it is there: nothing is compared. Throws COLD_STORAGE_UNREADABLE, and AUDIT_CORRUPT for what is no bundle. */
  read(number: bigint): Uint8Array[] {
    const bytes = this.readBytes(number)
    try {
      return decodeEntryBundle(bytes, TILE_WIDTH)
    } catch (cause) {
      throw changed(this.pathOf(number), toSealstoneError(cause).message, cause)
    }
  }

  /** Throws COLD_STORAGE_UNREADABLE, which names the file. */
  readBytes(number: bigint): Uint8Array {
    const path = this.pathOf(number)
    try {
      return readRegularFile(path)
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException
      throw new SealstoneError('COLD_STORAGE_UNREADABLE', `${rangeOf(number)} are in ${path}, which cannot be read (${code ?? message})`, { cause })
    }
  }

  /**
   * After a bundle could not be read: whether cold storage is away as a whole, or fails, which says nothing of the log. False where it is there without that
   * bundle, and where there is none. The checkpoint was written last, so it is there as long as the storage is; looked at before and after, because a mount may come and go.
   */
  isAway(number: bigint): boolean {
    if (this.#directory === undefined) return false
    const checkpoint = join(this.#directory, 'checkpoint')
    return !existsSync(checkpoint) || !isGone(this.pathOf(number)) || !existsSync(checkpoint)
  }

  /** Throws COLD_STORAGE_UNREADABLE where no directory is known. */
  pathOf(number: bigint): string {
    if (this.#directory === undefined) {
      throw new SealstoneError('COLD_STORAGE_UNREADABLE', `${rangeOf(number)} were moved to cold storage, and audit.cold of config.toml names none`, {
        hint: 'name the directory that they were moved to: cold = "/path" under [audit]',
      })
    }
    return join(this.#directory, tilePath({ kind: 'entries', number, width: TILE_WIDTH }))
  }

  #readProven(number: bigint): readonly Uint8Array[] {
    const leaves = this.read(number)
    const row = this.#db.prepare(`SELECT ${upTo(MOST_TILE_BYTES, 'hashes')} FROM audit_tile WHERE level = 0 AND number = ?`).get(number)
    const hashes = row && bounded<Uint8Array>(row, 'hashes', `tile 0/${number}`, MOST_TILE_BYTES)
    const bad = leaves.findIndex((leaf, at) => !equalBytes(leafHash(leaf), hashes?.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES) ?? NO_HASH))
    if (bad >= 0) throw changed(this.pathOf(number), `its leaf ${number * BigInt(TILE_WIDTH) + BigInt(bad)} is not the one in the tree`)
    return leaves
  }
}

/** Beside a slow file system or none: regular files of the size that a bundle can have, and nothing that would hold us. */
function readRegularFile(path: string): Uint8Array {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const stats = fstatSync(file)
    if (!stats.isFile() || stats.size > MOST_BUNDLE_BYTES) throw new Error('it is no entry bundle')
    return readFileSync(file)
  } finally {
    closeSync(file)
  }
}

/** Nothing is there, or something else; not a disk that fails, or refuses. */
function isGone(path: string): boolean {
  try {
    readRegularFile(path)
    return false
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === undefined || GONE.has(code)
  }
}

function changed(path: string, what: string, cause?: unknown): SealstoneError {
  return new SealstoneError('AUDIT_CORRUPT', `${path} was changed: ${what}`, {
    hint: 'keep that file as evidence and put it back from a copy of the cold storage; run: sealstone audit fsck',
    ...(cause === undefined ? {} : { cause }),
  })
}

function rangeOf(number: bigint): string {
  return `leaves ${number * BigInt(TILE_WIDTH)} to ${(number + 1n) * BigInt(TILE_WIDTH) - 1n}`
}

const GONE: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP'])
const NO_HASH = new Uint8Array()
/** A length of two bytes before each leaf. */
const MOST_BUNDLE_BYTES = TILE_WIDTH * (2 + LIMITS.leafBytes)
/** Of some hundreds of kilobytes each. */
const KEPT_BUNDLES = 4
