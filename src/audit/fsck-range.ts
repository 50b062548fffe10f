/** Checks a range of leaves: each against its tile, its columns and the one before it. Whole tiles at a time, so that ranges can be checked in parallel. */
import { equalBytes, toHex, toSealstoneError } from '#core'
import type { Database, Row } from '#db'
import { HASH_BYTES, leafHash, TILE_WIDTH, tileNode, tilePath } from '#tlog'
import { excess, MOST_LEAF_BYTES, MOST_TILE_BYTES, tooLong, upTo } from './bounded.ts'
import { ColdBundles, isArchived } from './cold-bundles.ts'
import { type CheckedRange, type Finding, Findings, type UnreadBundle } from './fsck-findings.ts'
import { differingColumn, LEAVES, readLeaf } from './fsck-leaf.ts'
import { type SoundTile, SoundTiles } from './fsck-sound-tile.ts'

/** @param start a multiple of 256. @param end the size of the log, or another multiple of 256 @param coldDirectory of the leaves that were moved out of the database */
export function checkRange(db: Database, start: number, end: number, coldDirectory?: string): CheckedRange {
  const cold = new ColdBundles(db, coldDirectory)
  const range = new RangeCheck(start, end, cold)
  const sound = new SoundTiles(db, cold)
  for (let at = start; at < end; at += TILE_WIDTH) {
    const tile = end - at < TILE_WIDTH ? undefined : sound.read(at, range.lastTime)
    if (tile === undefined) range.checkTile(db, at, Math.min(end, at + TILE_WIDTH))
    else range.addSound(at, tile)
  }
  return range.result()
}

class RangeCheck {
  readonly #start: number
  readonly #cold: ColdBundles
  readonly #hashes: Uint8Array
  readonly #roots: Uint8Array[] = []
  readonly #findings = new Findings()
  readonly #unread: UnreadBundle[] = []
  readonly #opened = new Map<string, number>()
  readonly #closed: string[] = []
  /** Where the leaves of this tile are, if not in the database. */
  #place = ''
  #firstTime = ''
  #lastTime = ''

  constructor(start: number, end: number, cold: ColdBundles) {
    this.#start = start
    this.#cold = cold
    this.#hashes = new Uint8Array((end - start) * HASH_BYTES)
  }

  get lastTime(): string {
    return this.#lastTime
  }

  addSound(start: number, { root, hashes, firstTime, lastTime, steps }: SoundTile): void {
    this.#hashes.set(hashes, (start - this.#start) * HASH_BYTES)
    this.#roots.push(root)
    if (this.#firstTime === '') this.#firstTime = firstTime
    this.#lastTime = lastTime
    for (const step of steps) this.#step(step)
  }

  checkTile(db: Database, start: number, end: number): void {
    const rows = new Map(
      db
        .prepare(LEAVES)
        .all(start, end)
        .map((row) => [row['idx'] as number, row]),
    )
    const overlong = this.#findOverlong(rows)
    if (!this.#fetchArchived(start, end, rows)) {
      this.#addUnread(db, start, end, rows)
      return
    }
    const hashes = new Uint8Array((end - start) * HASH_BYTES)
    for (let index = start; index < end; index++) {
      const row = rows.get(index)
      if (row !== undefined) hashes.set(leafHash(row['bytes'] as Uint8Array), (index - start) * HASH_BYTES)
    }
    const bad = end - start === TILE_WIDTH ? this.#compareTile(db, start, hashes, rows) : new Set<number>()
    for (let index = start; index < end; index++) {
      const row = rows.get(index)
      if (overlong.has(index)) continue
      if (row === undefined)
        this.#findings.add({ where: `leaf ${index}`, index: BigInt(index), changed: 'missing', detail: `leaf ${index} is missing` })
      else this.#checkLeaf(index, row, bad.has(index))
    }
    this.#hashes.set(hashes, (start - this.#start) * HASH_BYTES)
  }

  /** They are told, and looked at no more: whose bytes those are nobody has to know. */
  #findOverlong(rows: Map<number, Row>): Set<number> {
    const overlong = new Set<number>()
    for (const [index, row] of rows) {
      const length = excess(row, 'bytes')
      if (length === undefined) continue
      const where = `leaf ${index}`
      this.#findings.add({ where, index: BigInt(index), changed: 'bytes', detail: tooLong(where, length, MOST_LEAF_BYTES) })
      overlong.add(index)
      rows.delete(index)
    }
    return overlong
  }

  /** Leaves that were moved out of the database get their bytes from where they are. False if they cannot be had, which is told. */
  #fetchArchived(start: number, end: number, rows: ReadonlyMap<number, Row>): boolean {
    const archived = Array.from(rows.values()).filter((row) => isArchived(row['bytes'] as Uint8Array))
    const number = BigInt(start / TILE_WIDTH)
    this.#place = ''
    if (archived.length === 0) return true
    try {
      const leaves = this.#cold.read(number)
      this.#place = ` in ${this.#cold.pathOf(number)}`
      for (const row of archived) row['bytes'] = (leaves[(row['idx'] as number) - start] ?? new Uint8Array()) as Uint8Array<ArrayBuffer>
      return true
    } catch (error) {
      const { code, message } = toSealstoneError(error)
      // Whole bundles are moved and no others: to know that one emptied leaf is missing needs no look at the storage.
      const isMoved = end - start === TILE_WIDTH && rows.values().every((row) => isArchived(row['bytes'] as Uint8Array) || STAYS.has(row['kind']))
      if (code === 'COLD_STORAGE_UNREADABLE' && isMoved && this.#cold.isAway(number)) {
        this.#unread.push({ number: Number(number), detail: message })
        return false
      }
      const where = tilePath({ kind: 'entries', number, width: TILE_WIDTH })
      const changed = code === 'COLD_STORAGE_UNREADABLE' ? 'missing' : 'bytes'
      this.#findings.add({ where, index: BigInt(start), changed, detail: message })
      return false
    }
  }

  /** What is above is judged by the tile; who had which operation open, by the columns. */
  #addUnread(db: Database, start: number, end: number, rows: ReadonlyMap<number, Row>): void {
    const hashes = new Uint8Array((end - start) * HASH_BYTES)
    if (end - start === TILE_WIDTH) {
      const stored = db.prepare(TILE).get(start / TILE_WIDTH)?.['hashes'] as Uint8Array | null | undefined
      hashes.set(stored?.subarray(0, hashes.length) ?? [])
      this.#compareTile(db, start, hashes, rows)
    }
    this.#hashes.set(hashes, (start - this.#start) * HASH_BYTES)
    for (const row of rows.values()) {
      const { idx, kind, operation_id: operationId } = row
      this.#step({ index: idx as number, kind: kind as string, operationId: toHex(operationId as Uint8Array) })
    }
  }

  result(): CheckedRange {
    return {
      start: this.#start,
      count: this.#hashes.length / HASH_BYTES,
      hashes: this.#hashes,
      roots: this.#roots,
      firstTime: this.#firstTime,
      lastTime: this.#lastTime,
      opened: this.#opened,
      closed: this.#closed.join(' '),
      findings: this.#findings.kept,
      findingCount: this.#findings.count,
      unread: this.#unread,
    }
  }

  /** Which leaves are not those of the tree. Where the tile fits its own root, its hashes go on up: then what is above is judged by what was there. */
  #compareTile(db: Database, start: number, hashes: Uint8Array, rows: ReadonlyMap<number, Row>): Set<number> {
    const number = start / TILE_WIDTH
    const where = `tile 0/${number}`
    const tile = db.prepare(TILE).get(number)
    if (tile === undefined) {
      this.#findings.add({ where, index: BigInt(start), changed: 'missing', detail: `${where} is missing` })
      this.#roots.push(tileNode(hashes, 8, 0))
      return new Set()
    }
    const length = excess(tile, 'hashes')
    if (length !== undefined) {
      this.#findings.add({ where, index: BigInt(start), changed: 'hash', detail: tooLong(where, length, MOST_TILE_BYTES) })
      this.#roots.push(tileNode(hashes, 8, 0))
      return new Set()
    }
    const [root, stored] = [(tile['root'] ?? NO_ROOT) as Uint8Array, tile['hashes'] as Uint8Array]
    const isSound = stored.length === hashes.length && equalBytes(tileNode(stored, 8, 0), root)
    this.#roots.push(isSound ? root : tileNode(hashes, 8, 0)) // where it is sound, its hashes are those that go on
    if (isSound && equalBytes(stored, hashes)) return new Set()
    const isTileToBlame = !isSound && equalBytes(tileNode(hashes, 8, 0), root)
    const bad = new Set<number>()
    for (let at = 0; at < TILE_WIDTH; at++) {
      if (equalBytes(hashAt(stored, at), hashAt(hashes, at))) continue
      const index = start + at
      if (!rows.has(index)) continue // told as missing
      if (isTileToBlame) {
        const detail = `the hash of leaf ${index} in ${where} was changed: the leaf fits the root of the tile`
        this.#findings.add({ where, index: BigInt(index), changed: 'hash', detail })
        continue
      }
      bad.add(index)
      const other = positionOf(stored, hashAt(hashes, at))
      const detail =
        other < 0
          ? `leaf ${index}${this.#place} was changed: it is not the one in the tree`
          : `leaf ${start + other}${this.#place} stands in the place of leaf ${index}`
      this.#findings.add({ where: `leaf ${index}`, index: BigInt(index), changed: other < 0 ? 'bytes' : 'order', detail })
    }
    if (isSound) hashes.set(stored)
    else if (bad.size === 0 && !isTileToBlame) {
      this.#findings.add({ where, index: BigInt(start), changed: 'hash', detail: `the root of ${where} was changed: its hashes fit the leaves` })
    }
    return bad
  }

  #checkLeaf(index: number, row: Row, isTold: boolean): void {
    const tell = (changed: Finding['changed'], detail: string): void => {
      if (!isTold) this.#findings.add({ where: `leaf ${index}`, index: BigInt(index), changed, detail })
    }
    const leaf = readLeaf(row['bytes'] as Uint8Array)
    if (typeof leaf === 'string') {
      tell('bytes', `leaf ${index} does not parse: ${leaf}`)
      return
    }
    const column = differingColumn(row, leaf)
    if (column !== undefined) tell('column', `the columns of leaf ${index} do not match it: ${column}`)
    if (leaf.time < this.#lastTime) tell('order', `leaf ${index} is older than the one before it`)
    if (!isTold) {
      if (this.#firstTime === '') this.#firstTime = leaf.time
      this.#lastTime = leaf.time
    }
    this.#step({ index, ...leaf })
  }

  #step({ index, kind, operationId }: { index: number; kind: string; operationId: string }): void {
    if (kind === 'intent') this.#opened.set(operationId, index)
    else if (kind === 'outcome' && !this.#opened.delete(operationId)) this.#closed.push(operationId)
  }
}

function hashAt(hashes: Uint8Array, at: number): Uint8Array {
  return hashes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES)
}

/** Where in the tile a hash stands; -1 where it does not. */
function positionOf(hashes: Uint8Array, hash: Uint8Array): number {
  for (let at = 0; at < TILE_WIDTH; at++) if (equalBytes(hashAt(hashes, at), hash)) return at
  return -1
}

const TILE = `SELECT ${upTo(HASH_BYTES, 'root')}, ${upTo(MOST_TILE_BYTES, 'hashes')} FROM audit_tile WHERE level = 0 AND number = ?`
/** Of a bundle that is moved these stay, see archive.ts: of intents those that were open then. */
const STAYS: ReadonlySet<unknown> = new Set(['daemon-start', 'daemon-stop', 'intent'])
/** What is too long to be one. */
const NO_ROOT = new Uint8Array()
