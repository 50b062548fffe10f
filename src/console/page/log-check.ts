/** Judges what the server shows: the checkpoint against the log keys and the last one known, entries against the tree of that checkpoint. */
import { equalBytes, fromHex, SealstoneError, toHex, toSealstoneError } from '#core'
import {
  consistencyProof,
  decodeCheckpoint,
  formatTlogProof,
  HASH_BYTES,
  inclusionProof,
  leafHash,
  type LogSignatureVerifier,
  type LogVerifierKey,
  type OpenedCheckpoint,
  openCheckpoint,
  parseNote,
  parseVerifierKey,
  TILE_WIDTH,
  tileWidth,
  verifyConsistency,
  verifyInclusion,
  withTileNodes,
} from '#tlog'
import type { EntryJudgement, Fault, LogJudgement, PinnedKeys, ProofDrawing } from './judgement.ts'
import type { Memory } from './memory.ts'
import { proofPath } from './proof-path.ts'
import type { ServerTiles } from './server-tiles.ts'

export interface ShownEntry {
  readonly index: string
  readonly bytes: Uint8Array
}

/** The newest checkpoint that was checked. */
interface Remembered {
  readonly note: string
  readonly size: string
  readonly root: string
  readonly seenAt: string
}

export class LogCheck {
  readonly #tiles: ServerTiles
  readonly #memory: Memory
  readonly #keys: readonly LogVerifierKey[]
  readonly #pinned: PinnedKeys
  readonly #verifier: LogSignatureVerifier
  #checked: { readonly checkpoint: OpenedCheckpoint; readonly note: string } | undefined
  #lie: (LogJudgement & { readonly kind: 'refused' }) | undefined
  // Hashes of level-0 tiles that are proven to be in the tree; they stay so in every tree that extends it.
  readonly #proven = new Map<bigint, Uint8Array>()

  constructor(parts: {
    readonly tiles: ServerTiles
    readonly memory: Memory
    readonly pinned: PinnedKeys
    readonly verifier: LogSignatureVerifier
  }) {
    this.#tiles = parts.tiles
    this.#memory = parts.memory
    this.#pinned = parts.pinned
    this.#keys = parts.pinned.keys.map(parseVerifierKey)
    this.#verifier = parts.verifier
  }

  /** A lie stays said: whoever showed one false checkpoint is not believed again until the page is loaded anew. */
  async follow(note: string): Promise<LogJudgement> {
    if (this.#lie !== undefined) return this.#lie
    if (note === this.#checked?.note) return this.#judgement(this.#checked.checkpoint)
    const judgement = await this.#judge(note).catch((thrown: unknown) => refused('unreachable', toSealstoneError(thrown).message, note))
    if (judgement.kind === 'refused' && judgement.fault !== 'unreachable') this.#lie = judgement
    return judgement
  }

  /** In the order of the entries. One tile is proven for all entries in it. */
  async check(entries: readonly ShownEntry[]): Promise<EntryJudgement[]> {
    const checked = this.#checked?.checkpoint
    if (checked === undefined || this.#lie !== undefined) {
      return entries.map(({ index }) => ({ index, state: 'unknown', reason: this.#lie?.message ?? 'the log has no checked checkpoint' }))
    }
    const tiles = new Map<bigint, Promise<Uint8Array | string>>()
    const judged = entries.map(async ({ index, bytes }): Promise<EntryJudgement> => {
      const place = BigInt(index)
      if (place >= checked.size) return { index, state: 'not-covered', reason: 'newer than the checkpoint' }
      const number = place / BigInt(TILE_WIDTH)
      const tile = tiles.get(number) ?? this.#prove(number, checked)
      tiles.set(number, tile)
      return judgeEntry(index, bytes, Number(place % BigInt(TILE_WIDTH)), await tile)
    })
    const judgements = await Promise.all(judged)
    this.#tiles.trim()
    return judgements
  }

  /** The proof of one entry, made from tiles here. Throws where it does not lead to the root that was signed. */
  async draw(index: string, bytes: Uint8Array): Promise<ProofDrawing> {
    if (this.#checked === undefined || this.#lie !== undefined) throw new SealstoneError('VERIFICATION_FAILED', 'there is no checked checkpoint')
    const { checkpoint, note } = this.#checked
    const place = BigInt(index)
    const proof = await withTileNodes(this.#tiles, checkpoint.size, (node) => inclusionProof(place, checkpoint.size, node))
    const hash = leafHash(bytes)
    if (!verifyInclusion({ index: place, size: checkpoint.size, leafHash: hash, proof, root: checkpoint.root }))
      throw new SealstoneError('VERIFICATION_FAILED', 'the proof does not lead from this entry to the signed root')
    return {
      index,
      size: String(checkpoint.size),
      leafHash: toHex(hash),
      steps: proofPath(place, checkpoint.size, hash, proof),
      root: toHex(checkpoint.root),
      receipt: formatTlogProof({ index: place, hashes: proof, checkpoint: note, extra: bytes }),
    }
  }

  async #judge(note: string, isNewest = false): Promise<LogJudgement> {
    let opened: OpenedCheckpoint
    try {
      opened = openCheckpoint(note, this.#keys, this.#verifier)
    } catch (thrown) {
      return refused('not-signed', toSealstoneError(thrown).message, note)
    }
    if (opened.origin !== this.#pinned.origin) return refused('other-log', `the checkpoint is of ${opened.origin}, want ${this.#pinned.origin}`, note)

    const known = await this.#memory.read<Remembered>(this.#memoryName())
    if (known !== undefined && opened.size < BigInt(known.size)) {
      // Another window may have seen a newer one while this one was on its way: then the server has that one too.
      const newest = isNewest ? note : await this.#tiles.checkpoint()
      return newest === note ? refused('rolled-back', rolledBack(opened, known), note) : await this.#judge(newest, true)
    }
    if (known !== undefined && !(await this.#isExtension(known, opened))) return refused('forked', forked(opened, known), note)

    this.#checked = { checkpoint: opened, note }
    const remembered: Remembered = { note, size: String(opened.size), root: toHex(opened.root), seenAt: new Date().toISOString() }
    await this.#memory.write(this.#memoryName(), remembered)
    return this.#judgement(opened, known)
  }

  async #isExtension(known: Remembered, { size, root }: OpenedCheckpoint): Promise<boolean> {
    const oldSize = BigInt(known.size)
    if (oldSize === 0n) return true
    const proof = oldSize === size ? [] : await withTileNodes(this.#tiles, size, (node) => consistencyProof(oldSize, size, node))
    return verifyConsistency({ oldSize, newSize: size, oldRoot: fromHex(known.root), newRoot: root, proof })
  }

  /** The level-0 hashes of a tile if they are in the tree, else why not. */
  async #prove(number: bigint, { size, root }: OpenedCheckpoint): Promise<Uint8Array | string> {
    const width = tileWidth(size, 0, number)
    const proven = this.#proven.get(number)
    if (proven !== undefined && proven.length >= width * HASH_BYTES) return proven
    try {
      const hashes = await this.#tiles.tile({ kind: 'hashes', level: 0, number, width })
      const index = number * BigInt(TILE_WIDTH)
      // The siblings of its first leaf are made from every other hash of the tile: the root stands for all of them.
      const proof = await withTileNodes(this.#tiles, size, (node) => inclusionProof(index, size, node))
      if (!verifyInclusion({ index, size, leafHash: hashes.subarray(0, HASH_BYTES), proof, root }))
        return `the hashes of entries ${index} to ${index + BigInt(width) - 1n} do not lead to the signed root`
      if (this.#proven.size >= MOST_PROVEN) this.#proven.clear()
      this.#proven.set(number, hashes)
      return hashes
    } catch (thrown) {
      throw new SealstoneError('VERIFICATION_FAILED', `the tree could not be read: ${toSealstoneError(thrown).message}`, { cause: thrown })
    }
  }

  #judgement({ origin, size, root, timestampSeconds }: OpenedCheckpoint, known?: Remembered): LogJudgement {
    return {
      kind: 'checked',
      origin,
      size: String(size),
      root: toHex(root),
      signedAt: Number(timestampSeconds) * 1000,
      ...(known === undefined ? {} : { extends: { size: known.size, seenAt: known.seenAt } }),
    }
  }

  #memoryName(): string {
    return `checkpoint ${this.#pinned.origin} ${this.#pinned.fingerprint}`
  }
}

function judgeEntry(index: string, bytes: Uint8Array, place: number, tile: Uint8Array | string): EntryJudgement {
  if (typeof tile === 'string') return { index, state: 'forged', reason: tile }
  if (equalBytes(leafHash(bytes), tile.subarray(place * HASH_BYTES, (place + 1) * HASH_BYTES))) return { index, state: 'verified' }
  return { index, state: 'forged', reason: 'this entry is not the one in the signed log' }
}

function refused(fault: Fault, message: string, note: string): LogJudgement & { readonly kind: 'refused' } {
  return { kind: 'refused', fault, message, claimedSize: claimedSize(note) }
}

function claimedSize(note: string): string {
  try {
    return String(decodeCheckpoint(parseNote(note).text).size)
  } catch {
    return '0'
  }
}

function rolledBack({ size }: OpenedCheckpoint, known: Remembered): string {
  return `the server shows ${size} entries; this browser has seen ${known.size} of the same log, signed, on ${known.seenAt.slice(0, 10)}`
}

function forked({ size }: OpenedCheckpoint, known: Remembered): string {
  return `the ${size} entries that the server shows do not begin with the ${known.size} that this browser has seen, signed: the log was rewritten`
}

const MOST_PROVEN = 2048
