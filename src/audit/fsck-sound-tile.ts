/**
 * Finds out quickly that a full tile and its leaves are as they should be, which nearly all are: SQLite hands over many leaves in one piece, and they are
 * recognised where they stand. At the least doubt it has no answer, and the strict check in fsck-range.ts looks at each leaf and says what is wrong.
 */
import { concatBytes, equalBytes } from '#core'
import type { Database } from '#db'
import { HASH_BYTES, type LeafFacts, LeafScanner, parseLeaf, prefixedLeafHash, TILE_HEIGHT, TILE_WIDTH, tileNode } from '#tlog'
import { IS_BOUNDED, MOST_TILE_BYTES, upTo } from './bounded.ts'
import type { ColdBundles } from './cold-bundles.ts'

export interface SoundTile {
  readonly root: Uint8Array
  readonly hashes: Uint8Array
  readonly firstTime: string
  readonly lastTime: string
  /** Intents and outcomes, in the order of the log. */
  readonly steps: readonly { readonly index: number; readonly kind: 'intent' | 'outcome'; readonly operationId: string }[]
}

export class SoundTiles {
  readonly #db: Database
  readonly #cold: ColdBundles
  readonly #scanner = new LeafScanner()
  #bundle: { readonly start: number; readonly leaves: readonly Uint8Array[] } = { start: -1, leaves: [] }

  constructor(db: Database, cold: ColdBundles) {
    this.#db = db
    this.#cold = cold
  }

  /** @param start the index of its first leaf @param notBefore the time of the leaf before */
  read(start: number, notBefore: string): SoundTile | undefined {
    const stored = this.#db.prepare(TILE).get(start / TILE_WIDTH)
    const leaves: LeafFacts[] = []
    const computed = Buffer.alloc(TILE_WIDTH * HASH_BYTES)
    for (let from = start; stored !== undefined && from < start + TILE_WIDTH; from += PART) {
      const part = this.#readPart(from, computed.subarray((from - start) * HASH_BYTES))
      if (part === undefined) return undefined
      leaves.push(...part)
    }
    const [root, hashes] = [stored?.['root'] as Uint8Array | null, stored?.['hashes'] as Uint8Array | null]
    if (stored === undefined || root === null || hashes === null || !computed.equals(hashes) || !equalBytes(tileNode(hashes, TILE_HEIGHT, 0), root))
      return undefined
    if (leaves.some(({ time }, at) => time < (leaves[at - 1]?.time ?? notBefore))) return undefined
    const steps = leaves.flatMap(({ kind, operationId }, at) =>
      kind === 'intent' || kind === 'outcome' ? [{ index: start + at, kind, operationId } as const] : [],
    )
    return { root, hashes, firstTime: leaves[0]?.time ?? '', lastTime: leaves.at(-1)?.time ?? '', steps }
  }

  /** Leaves that parse and have the columns that they should; their hashes are written down. */
  #readPart(from: number, hashes: Uint8Array): LeafFacts[] | undefined {
    const row = this.#db.prepare(LEAVES).get(from, from + PART)
    if (row?.['count'] !== PART || row['leaves'] === null || row['columns'] === null) return undefined
    const bytes = row['archived'] === 0 ? (row['leaves'] as Uint8Array) : this.#fetchArchived(row['leaves'] as Uint8Array, from)
    if (bytes === undefined) return undefined
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
    const leaves: LeafFacts[] = []
    for (let at = 0; at < bytes.length; ) {
      const scanned = this.#scanner.scan(text, at + 1)
      const end = scanned !== undefined && isEnd(bytes, scanned.end) ? scanned.end : endOf(bytes, at + 1)
      const leaf = scanned?.end === end ? scanned : parsed(bytes.subarray(at + 1, end))
      if (leaf === undefined || leaves.length === PART) return undefined
      hashes.set(prefixedLeafHash(bytes.subarray(at, end)), leaves.length * HASH_BYTES)
      leaves.push(leaf)
      at = end
    }
    return leaves.length === PART && Buffer.from(columnsOf(leaves)).equals(row['columns'] as Uint8Array) ? leaves : undefined
  }

  /** Puts the leaves that were moved out of the database where nothing stands between two prefixes. */
  #fetchArchived(bytes: Uint8Array, from: number): Uint8Array | undefined {
    const start = from - (from % TILE_WIDTH)
    try {
      if (this.#bundle.start !== start) this.#bundle = { start, leaves: this.#cold.read(BigInt(start / TILE_WIDTH)) }
    } catch {
      return undefined
    }
    const parts: Uint8Array[] = []
    for (let at = 0, index = from - start; at < bytes.length; index++) {
      const end = endOf(bytes, at + 1)
      parts.push(LEAF_PREFIX, end > at + 1 ? bytes.subarray(at + 1, end) : (this.#bundle.leaves[index] ?? NO_LEAF))
      at = end
    }
    return concatBytes(...parts)
  }
}

function parsed(bytes: Uint8Array): LeafFacts | undefined {
  try {
    const { time, kind, operationId, caller, key, modelName, result } = parseLeaf(bytes)
    return { time, timeMs: Date.parse(time), kind, operationId, caller, key, modelName, result }
  } catch {
    return undefined
  }
}

function isEnd(bytes: Uint8Array, at: number): boolean {
  return at === bytes.length || bytes[at] === 0
}

function endOf(bytes: Uint8Array, at: number): number {
  const end = bytes.indexOf(0, at)
  return end === -1 ? bytes.length : end
}

/**
 * What the statement below must have said. Between two columns and two rows stand characters of which a row of the database has more than the leaves
 * want as soon as a column holds one of them; so equal texts are equal columns, unless a leaf itself holds one.
 */
function columnsOf(leaves: readonly LeafFacts[]): string {
  let columns = ''
  for (const { timeMs, kind, operationId, caller, key, modelName, result } of leaves) {
    if (modelName?.includes(BETWEEN_COLUMNS) === true || modelName?.includes(BEHIND_ROW) === true) return ''
    columns += [timeMs, kind, operationId, caller, optional(key), optional(modelName), optional(result)].join(BETWEEN_COLUMNS) + BEHIND_ROW
  }
  return columns
}

/** An empty text is another thing than none. */
function optional(text: string | undefined): string {
  return text === undefined ? '' : `"${text}`
}

/** Of a tile, read at a time: some tens of kilobytes, which are soon used again. */
const PART = 32
const LEAF_PREFIX = Uint8Array.of(0)
const NO_LEAF = new Uint8Array()
const BETWEEN_COLUMNS = '\x1f'
const BEHIND_ROW = '\x1e'
const TILE = `SELECT ${upTo(HASH_BYTES, 'root')}, ${upTo(MOST_TILE_BYTES, 'hashes')} FROM audit_tile WHERE level = 0 AND number = ?`
/**
 * Before each leaf the 0x00 that RFC 9162 hashes with it. No leaf holds one: it is JSON. A row with anything that is longer than leaves and names can be
 * is none here: there are too few then.
 */
const LEAVES = `SELECT count(*) AS count, sum(octet_length(bytes) = 0) AS archived,
    CAST(group_concat(char(0) || CAST(bytes AS TEXT), '') AS BLOB) AS leaves,
    CAST(group_concat(time || char(31) || kind || char(31) || lower(hex(operation_id)) || char(31) || caller || char(31)
      || coalesce('"' || key, '') || char(31) || coalesce('"' || model_name, '') || char(31) || coalesce('"' || result, '') || char(30), '') AS BLOB) AS columns
  FROM (SELECT * FROM audit_leaf WHERE idx >= ? AND idx < ? AND ${IS_BOUNDED} ORDER BY idx)`
