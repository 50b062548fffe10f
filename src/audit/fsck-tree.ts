/** Puts ranges that were checked together into one tree, and judges by it what the database and the log keys say of the whole. */
import { concatBytes, equalBytes, SealstoneError, toSealstoneError } from '#core'
import type { Database, Row } from '#db'
import {
  type Checkpoint,
  GrowingTree,
  HASH_BYTES,
  type LogSignatureVerifier,
  type LogVerifierKey,
  leafHash,
  type NodeReader,
  openCheckpoint,
  rootOf,
  TILE_WIDTH,
  tileNode,
  tileOf,
  tilePath,
} from '#tlog'
import { recordedEnd } from './archive-record.ts'
import { MOST_TILE_BYTES, upTo } from './bounded.ts'
import { isArchived } from './cold-bundles.ts'
import { keptNotes } from './cosignatures.ts'
import { type CheckedRange, Findings, type UnreadBundle } from './fsck-findings.ts'
import { type LogMoment, MOST_OPEN_INTENTS, readMoment } from './fsck-moment.ts'
import { LogStore } from './store.ts'

export interface KnownLog {
  readonly origin: string
  readonly keys: readonly LogVerifierKey[]
  readonly verifier: LogSignatureVerifier
}

export class WholeTree {
  readonly findings: Findings
  readonly #db: Database
  readonly #moment: LogMoment
  // levels[n] are the roots of the full tiles of level n, from the left.
  readonly #levels: Uint8Array[][] = []
  readonly #openIntents = new Map<string, number>()
  #node: NodeReader | undefined
  #edge: Uint8Array[] = []
  /** Leaves that the checkpoint of the head covers. */
  #signed = 0n
  #lastTime = ''
  /** What the log says of it, once somebody asked. */
  #moved: { readonly end: bigint | undefined } | undefined

  constructor(db: Database, moment: LogMoment, findings: Findings = new Findings()) {
    this.#db = db
    this.#moment = moment
    this.findings = findings
  }

  /** Called with every range, in order. */
  add(range: CheckedRange): void {
    const { findings } = this
    if (range.firstTime !== '' && range.firstTime < this.#lastTime) {
      const detail = `leaf ${range.start} is older than the one before it`
      findings.add({ where: `leaf ${range.start}`, index: BigInt(range.start), changed: 'order', detail })
    }
    if (range.lastTime !== '') this.#lastTime = range.lastTime
    findings.addAll(range.findings, range.findingCount)
    for (const bundle of range.unread) this.#addUnread(bundle)
    this.#follow(range)
    this.#rootsOf(0).push(...range.roots)
    const edge = range.hashes.subarray(range.roots.length * TILE_WIDTH * HASH_BYTES)
    if (edge.length > 0) this.#edge = split(edge)
  }

  /** Of the leaves, once every range was added. */
  finish(log: KnownLog): { size: bigint; root: Uint8Array; openIntents: number; checkpoints: number; unsigned: bigint } {
    const { findings } = this
    const { size, leaves } = this.#moment
    if (leaves !== size) {
      const detail = `the log has ${leaves} leaves, its head says ${size}`
      findings.add({ where: 'head', index: BigInt(Math.min(leaves, size)), changed: leaves < size ? 'missing' : 'surplus', detail })
    }
    if (this.#moment.hasStray) findings.add({ where: 'leaves', changed: 'surplus', detail: 'there is a leaf with an index below 0' })
    this.#checkUpperTiles()
    const tree = this.#tree()
    const root = tree.root()
    if (!equalBytes(root, this.#moment.root)) {
      findings.add({ where: 'head', changed: 'root', detail: `the root over ${size} leaves is not the stored one: a leaf or a hash was changed` })
    }
    if (this.#moment.origin !== log.origin) {
      findings.add({ where: 'head', changed: 'signature', detail: `the log is named ${this.#moment.origin}, the keys are those of ${log.origin}` })
    }
    this.#checkIntents()
    const checkpoints = this.#checkCheckpoints(tree, log)
    const unsigned = BigInt(size) - (this.#signed > BigInt(size) ? BigInt(size) : this.#signed)
    return { size: BigInt(size), root, openIntents: this.#openIntents.size, checkpoints, unsigned }
  }

  /** To know that what was never moved is not in cold storage needs no look at it. */
  #addUnread({ number, detail }: UnreadBundle): void {
    this.#moved ??= { end: recordedEnd(this.#db) }
    const start = BigInt(number) * BigInt(TILE_WIDTH)
    const { end } = this.#moved
    if (end === undefined || start < end) {
      this.findings.addUnread({ bundles: 1, detail })
      return
    }
    const where = tilePath({ kind: 'entries', number: BigInt(number), width: TILE_WIDTH })
    const told = end === 0n ? 'by the log nothing was ever moved' : `by the log only leaves before ${end} were moved`
    const missing = `leaves ${start} to ${start + BigInt(TILE_WIDTH - 1)} are not in the database, and ${told} to cold storage`
    this.findings.add({ where, index: start, changed: 'missing', detail: missing })
  }

  /** Once more are open than can be, nobody follows them any further. */
  #follow({ closed, opened }: CheckedRange): void {
    if (this.#openIntents.size > MOST_OPEN_INTENTS) return
    if (this.#openIntents.size > 0) for (const operation of closed.split(' ')) this.#openIntents.delete(operation)
    for (const [operation, index] of opened) this.#openIntents.set(operation, index)
  }

  /** For a published copy: a hash of a level above the leaves, once every range was added. */
  hashesOf(level: number, start: number, count: number): Uint8Array {
    return concatBytes(...this.#rootsOf(level - 1).slice(start, start + count))
  }

  #checkUpperTiles(): void {
    let expected = this.#rootsOf(0).length
    for (let level = 1; this.#rootsOf(level - 1).length >= TILE_WIDTH; level++) {
      const below = this.#rootsOf(level - 1)
      for (let number = 0; (number + 1) * TILE_WIDTH <= below.length; number++) {
        expected++
        const hashes = concatBytes(...below.slice(number * TILE_WIDTH, (number + 1) * TILE_WIDTH))
        const root = tileNode(hashes, 8, 0)
        this.#rootsOf(level).push(root)
        const where = `tile ${level}/${number}`
        const stored = this.#db.prepare(TILE).get(level, number)
        if (stored === undefined) this.findings.add({ where, changed: 'missing', detail: `${where} is missing` })
        else if (!isEqual(stored['hashes'], hashes) || !isEqual(stored['root'], root)) {
          this.findings.add({ where, changed: 'hash', detail: `${where} does not match its leaves: one of them, or the tile, was changed` })
        }
      }
    }
    if (this.#moment.tiles > expected) {
      const detail = `the log has ${this.#moment.tiles} tiles, ${this.#moment.size} leaves fill ${expected}`
      this.findings.add({ where: 'tiles', changed: 'surplus', detail })
    }
  }

  #checkIntents(): void {
    const [expected, listed, { openIntentCount }] = [this.#openIntents, this.#moment.openIntents, this.#moment]
    if (Math.max(expected.size, openIntentCount) > MOST_OPEN_INTENTS) {
      const [by, count] = openIntentCount > MOST_OPEN_INTENTS ? ['their list', openIntentCount] : ['the leaves', expected.size]
      const detail = `by ${by} ${count} intents are open, or more, want at most ${MOST_OPEN_INTENTS}: they were not compared`
      this.findings.add({ where: 'open intents', changed: 'surplus', detail })
      return
    }
    if (listed.size === expected.size && Array.from(expected).every(([operation, index]) => listed.get(operation) === index)) return
    const changed = listed.size === expected.size ? 'column' : listed.size < expected.size ? 'missing' : 'surplus'
    const detail = `the list of open intents does not match the leaves: it has ${listed.size}, the leaves have ${expected.size}`
    this.findings.add({ where: 'open intents', changed, detail: changed === 'column' ? `${detail}, and not the same ones` : detail })
  }

  /** Every signed checkpoint that the database keeps, each against the leaves that it speaks of. */
  #checkCheckpoints(tree: GrowingTree, log: KnownLog): number {
    const { checkpoint, size } = this.#moment
    this.#node = tree.reader(this.#fullTiles())
    let count = 0
    if (checkpoint !== undefined) {
      count++
      this.#signed = this.checkNote(checkpoint, log, 'checkpoint')?.size ?? 0n
    } else if (size > 0) this.findings.add({ where: 'head', changed: 'missing', detail: `the log has ${size} leaves and no checkpoint` })
    for (const { size: column, note, what } of keptNotes(this.#db)) {
      count++
      const signed = this.checkNote(note, log, what)
      if (signed !== undefined && signed.size !== column)
        this.findings.add({ where: what, changed: 'column', detail: `the ${what} listed at size ${column} is of size ${signed.size}` })
    }
    return count
  }

  /** A signed checkpoint against the leaves that it speaks of; after `finish`. Undefined for one that was not signed. */
  checkNote(note: string, { origin, keys, verifier }: KnownLog, what: string): Checkpoint | undefined {
    if (this.#node === undefined) throw new SealstoneError('INTERNAL', 'the tree is not finished')
    try {
      const signed = openCheckpoint(note, keys, verifier)
      const name = `${what} at size ${signed.size}`
      if (signed.origin !== origin)
        this.findings.add({ where: name, changed: 'signature', detail: `the ${what} is of another log, ${signed.origin}` })
      else if (signed.size > BigInt(this.#moment.size)) {
        // A checkpoint of witnesses can be newer than the moment that is looked at: then the leaves came while this was at work.
        const now = BigInt(readMoment(this.#db)?.size ?? 0)
        const detail = `the log has ${now} leaves, the log keys signed ${signed.size}: leaves were removed`
        if (signed.size > now) this.findings.add({ where: name, index: now, changed: 'missing', detail })
      } else if (!equalBytes(rootOf(signed.size, this.#node), signed.root)) {
        const detail = `the root over ${signed.size} leaves is not the one that the log keys signed: a leaf or a hash was changed`
        this.findings.add({ where: name, changed: 'root', detail })
      }
      return signed
    } catch (error) {
      this.findings.add({ where: what, changed: 'signature', detail: `the ${what} does not open: ${toSealstoneError(error).message}` })
      return undefined
    }
  }

  #tree(): GrowingTree {
    return GrowingTree.restore(BigInt(this.#moment.size), (level, count) => {
      if (level === 0) return this.#edge
      const roots = this.#rootsOf(level - 1)
      return roots.slice(roots.length - count)
    })
  }

  #fullTiles(): NodeReader {
    const store = new LogStore(this.#db)
    return (height, index) => {
      const place = tileOf(height, index)
      const start = place.number * BigInt(TILE_WIDTH)
      const hashes = place.level > 0 ? this.hashesOf(place.level, Number(start), TILE_WIDTH) : hashesOfTile(store, place.number)
      if (hashes.length !== TILE_WIDTH * HASH_BYTES) throw new SealstoneError('AUDIT_CORRUPT', `tile ${place.level}/${place.number} lacks a leaf`)
      return tileNode(hashes, place.height, place.index)
    }
  }

  #rootsOf(level: number): Uint8Array[] {
    while (this.#levels.length <= level) this.#levels.push([])
    return this.#levels[level] as Uint8Array[]
  }
}

/** A tile whose leaves are somewhere else stands for them: that they fit it was looked at with their range, and they may be away by now. */
function hashesOfTile(store: LogStore, number: bigint): Uint8Array {
  const leaves = store.readStored(number * BigInt(TILE_WIDTH), TILE_WIDTH)
  if (leaves.some(({ bytes }) => isArchived(bytes))) return store.readTile(0, number) ?? new Uint8Array()
  return concatBytes(...leaves.map(({ bytes }) => leafHash(bytes)))
}

/** What was too long to be read is not equal. */
function isEqual(stored: Row[string] | undefined, computed: Uint8Array): boolean {
  return stored instanceof Uint8Array && equalBytes(stored, computed)
}

function split(hashes: Uint8Array): Uint8Array[] {
  return Array.from({ length: hashes.length / HASH_BYTES }, (_, at) => hashes.slice(at * HASH_BYTES, (at + 1) * HASH_BYTES))
}

const TILE = `SELECT ${upTo(HASH_BYTES, 'root')}, ${upTo(MOST_TILE_BYTES, 'hashes')} FROM audit_tile WHERE level = ? AND number = ?`
