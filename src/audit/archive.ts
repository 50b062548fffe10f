/**
 * Takes the bytes of old leaves out of the database, once they are in cold storage: whole bundles, from the first one on. Nothing is taken out that was
 * not read back from there, byte for byte, and that does not lead to a checkpoint that the log keys signed.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { cancelled, equalBytes, SealstoneError } from '#core'
import type { Database, Row } from '#db'
import { encodeEntryBundle, HASH_BYTES, leafHash, type NodeReader, nodeHash, rootOf, TILE_HEIGHT, TILE_WIDTH, tileNode } from '#tlog'
import { IS_BOUNDED } from './bounded.ts'
import { ColdBundles, isArchived } from './cold-bundles.ts'
import { firstAtOrAfter } from './entries.ts'
import { LogStore } from './store.ts'

export interface ArchiveOptions {
  /** A connection of its own where somebody else writes to the log meanwhile. */
  readonly db: Database
  /** Where the bundles are by now, on the disk. */
  readonly cold: string
  /** Signed by the log keys; who calls has checked that. */
  readonly signed: { readonly size: bigint; readonly root: Uint8Array }
  /** Leaves before it may go. */
  readonly end: bigint
  /** Beside a daemon 1: nobody waits for the database longer than one takes. Default 8. */
  readonly bundlesAtOnce?: number
  /** Between two commits: what others wait for is theirs meanwhile. Default: nothing. */
  readonly rest?: () => Promise<unknown>
  /** `moved` leaves were taken out so far. */
  readonly onProgress?: (done: number, total: number, moved: number) => void
  readonly signal?: AbortSignal
}

export interface ArchiveReport {
  /** Leaves before it are in cold storage. */
  readonly end: bigint
  /** How many were taken out now. */
  readonly moved: number
}

/** What a run would move: leaves from `start` on, before `end`. */
export interface ArchivePlan {
  readonly start: bigint
  readonly end: bigint
  /** Of the tree of the leaves before `end`. */
  readonly root: Uint8Array
}

/** Throws AUDIT_CORRUPT if the tiles are not those that were signed, CANCELLED. */
export async function planArchive(
  db: Database,
  signed: ArchiveOptions['signed'],
  wanted: Parameters<typeof archivableEnd>[2],
  signal?: AbortSignal,
): Promise<ArchivePlan> {
  const end = archivableEnd(db, signed.size, wanted)
  const { node } = await proveTiles(db, signed, signal)
  return { start: archivedEnd(db, end), end, root: rootOf(end, node) }
}

/** Leaves that may go: whole bundles under the checkpoint, and never the last ones. @param wanted an index, or the time before which they were written */
export function archivableEnd(db: Database, signedSize: bigint, wanted: { readonly before?: bigint; readonly olderThan?: Date }): bigint {
  const bundles = signedSize / WIDTH - KEPT_BUNDLES
  const most = bundles < 0n ? 0n : bundles * WIDTH
  const store = new LogStore(db)
  const byTime = wanted.olderThan === undefined ? most : firstAtOrAfter(store, 0n, most, wanted.olderThan.getTime())
  const byIndex = wanted.before ?? most
  const end = byTime < byIndex ? byTime : byIndex
  return ((end < most ? end : most) / WIDTH) * WIDTH
}

/**
 * A crash at any point leaves each bundle in the database, or in cold storage and read back; the next run goes on. Throws COLD_STORAGE_UNREADABLE,
 * AUDIT_CORRUPT if database, cold storage and checkpoint do not agree, DATABASE_UNAVAILABLE, CANCELLED; a bundle that it names is then still in the database.
 */
export async function archiveBundles({ db, cold, signed, end, bundlesAtOnce = BUNDLES_AT_ONCE, ...options }: ArchiveOptions): Promise<ArchiveReport> {
  const bundles = new ColdBundles(db, cold)
  const { roots } = await proveTiles(db, signed, options.signal)
  const step = WIDTH * BigInt(bundlesAtOnce)
  let moved = 0
  for (let start = archivedEnd(db, end); start < end; start += step) {
    await options.rest?.()
    if (options.signal?.aborted === true) throw cancelled(options.signal)
    const numbers = Array.from({ length: bundlesAtOnce }, (_, at) => start / WIDTH + BigInt(at)).filter((number) => number * WIDTH < end)
    const checked = numbers.map((number) => readBack(db, bundles, number, roots[Number(number)]))
    // Durable when it returns. A crash before it leaves these bundles in both places. A daemon that appends meanwhile waits for no more than this: neither
    // its head nor anything that it compares the head with is touched, and no leaf is ever changed by it.
    db.transaction(() => {
      for (const rows of checked) moved += takeOut(db, rows)
    })
    options.onProgress?.(Number(start + step < end ? start + step : end), Number(end), moved)
  }
  return { end, moved }
}

/** How many were moved, all from the first one on. */
export function archivedEntries(db: Database): bigint {
  return archivedEnd(db, (new LogStore(db).countLeaves() / WIDTH) * WIDTH)
}

/** Bundles go in order: where the first one begins that is still in the database. */
function archivedEnd(db: Database, end: bigint): bigint {
  const isIn = db.prepare('SELECT 1 FROM audit_leaf WHERE idx >= ? AND idx < ? AND octet_length(bytes) = 0 LIMIT 1')
  let [low, high] = [0n, end / WIDTH]
  while (low < high) {
    const middle = (low + high) / 2n
    if (isIn.get(middle * WIDTH, (middle + 1n) * WIDTH) === undefined) high = middle
    else low = middle + 1n
  }
  return low * WIDTH
}

/** The rows of a bundle whose leaves may go; none if they went before, all in one step. */
function readBack(db: Database, bundles: ColdBundles, number: bigint, root: Uint8Array | undefined): Row[] {
  const start = number * WIDTH
  const rows = db.prepare(ROWS).all(start, start + WIDTH)
  const leaves = rows.map((row) => row['bytes'] as Uint8Array)
  if (leaves.length === TILE_WIDTH && leaves.some(isArchived)) return []
  const hashes = new Uint8Array(TILE_WIDTH * HASH_BYTES)
  for (const [at, leaf] of leaves.slice(0, TILE_WIDTH).entries()) hashes.set(leafHash(leaf), at * HASH_BYTES)
  if (leaves.length !== TILE_WIDTH || root === undefined || !equalBytes(tileNode(hashes, TILE_HEIGHT, 0), root))
    throw new SealstoneError('AUDIT_CORRUPT', `leaves ${start} to ${start + WIDTH - 1n} are not those that the log keys signed`, { hint: FSCK })
  if (!equalBytes(bundles.readBytes(number), encodeEntryBundle(leaves))) {
    throw new SealstoneError('AUDIT_CORRUPT', `${bundles.pathOf(number)} is not what the database has: it was changed since it was written`, {
      hint: 'nothing of it was taken out of the database; put that file aside as evidence, remove the file `checkpoint` beside `tile`, and run this again',
    })
  }
  return rows
}

/** Removed and put in again, so that SQLite joins the pages that are nearly empty by then: a row that only gets shorter leaves its page as it is. */
function takeOut(db: Database, rows: readonly Row[]): number {
  const [first] = rows
  if (first === undefined) return 0
  const start = first['idx'] as number
  const removed = db.prepare('DELETE FROM audit_leaf WHERE idx >= ? AND idx < ?').run(start, start + TILE_WIDTH)
  if (removed !== TILE_WIDTH)
    throw new SealstoneError('AUDIT_CORRUPT', `something else wrote to the log: bundle ${start / TILE_WIDTH} is another one`)
  const insert = db.prepare('INSERT INTO audit_leaf VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)')
  for (const row of rows) insert.run(...COLUMNS.map((column) => row[column] ?? null), row['stays'] === 1 ? (row['bytes'] ?? null) : NO_BYTES)
  return rows.length
}

interface ProvenTiles {
  /** Of the full tiles of leaves. */
  readonly roots: readonly Uint8Array[]
  /** Knows what is above them. */
  readonly node: NodeReader
}

/**
 * The full tiles, which together with the leaves behind them have the root that was signed. A log of a billion leaves has four million: whoever waits may
 * call it off between any two steps.
 */
async function proveTiles(db: Database, signed: ArchiveOptions['signed'], signal: AbortSignal | undefined): Promise<ProvenTiles> {
  const store = new LogStore(db)
  const breathe = async (): Promise<void> => {
    await nextTurn()
    if (signal?.aborted === true) throw cancelled(signal)
  }
  const count = Number(signed.size / WIDTH)
  const roots: Uint8Array[] = []
  while (roots.length < count) {
    await breathe()
    const some = store.readTileRoots(0, BigInt(roots.length), Math.min(ROOTS_AT_ONCE, count - roots.length))
    if (some.length === 0) throw new SealstoneError('AUDIT_CORRUPT', `tile 0/${roots.length} is missing`, { hint: FSCK })
    roots.push(...some)
  }
  // rows[n] are the nodes of height TILE_HEIGHT + n.
  const rows = [roots]
  for (let below = roots; below.length > 1; ) {
    const row: Uint8Array[] = []
    for (let at = 0; at + 1 < below.length; at += 2) {
      if (at % ROOTS_AT_ONCE === 0) await breathe()
      row.push(nodeHash(below[at] as Uint8Array, below[at + 1] as Uint8Array))
    }
    rows.push(row)
    below = row
  }
  const padded = edgeHashes(store, signed.size)
  const node: NodeReader = (height, index) =>
    height < TILE_HEIGHT
      ? tileNode(padded, height, Number(index % BigInt(TILE_WIDTH >> height)))
      : (rows[height - TILE_HEIGHT]?.[Number(index)] as Uint8Array)
  await breathe()
  if (equalBytes(rootOf(signed.size, node), signed.root)) return { roots, node }
  throw new SealstoneError('AUDIT_CORRUPT', `the tiles do not have the root over ${signed.size} leaves that the log keys signed`, { hint: FSCK })
}

/** Of the leaves behind the full tiles, as much as a full one has. */
function edgeHashes(store: LogStore, size: bigint): Uint8Array {
  const edge = store.readLeaves((size / WIDTH) * WIDTH, Number(size % WIDTH)).map(({ bytes }) => leafHash(bytes))
  const padded = new Uint8Array(TILE_WIDTH * HASH_BYTES)
  for (const [at, hash] of edge.entries()) padded.set(hash, at * HASH_BYTES)
  return padded
}

const WIDTH = BigInt(TILE_WIDTH)
/** What was written last stays at hand, and is what a start looks at. */
const KEPT_BUNDLES = 2n
/** In one transaction: two megabytes, held for some milliseconds. */
const BUNDLES_AT_ONCE = 8
/** Some milliseconds of work. */
const ROOTS_AT_ONCE = 4096
const COLUMNS = ['idx', 'time', 'kind', 'operation_id', 'caller', 'key', 'model_name', 'result'] as const
const NO_BYTES = new Uint8Array()
/** A start of the daemon reads when it ran last and which operations it had open: it must not depend on cold storage. */
const ROWS = `SELECT ${COLUMNS.join(', ')}, bytes,
    kind IN ('daemon-start', 'daemon-stop') OR (kind = 'intent' AND operation_id IN (SELECT operation_id FROM audit_open_intent)) AS stays
  FROM audit_leaf WHERE idx >= ? AND idx < ? AND ${IS_BOUNDED} ORDER BY idx`
const FSCK = 'nothing of it was taken out of the database; run: sealstone audit fsck'
