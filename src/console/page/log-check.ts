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
  verifyConsistency,
  verifyInclusion,
  withTileNodes,
} from '#tlog'
import type { EntryJudgement, Fault, LogJudgement, PinnedKeys, ProofDrawing } from './judgement.ts'
import type { Memory } from './memory.ts'
import { proofPath } from './proof-path.ts'
import { ProvenTiles } from './proven-tiles.ts'
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
  readonly #proven: ProvenTiles

  constructor(parts: {
    readonly tiles: ServerTiles
    readonly memory: Memory
    readonly pinned: PinnedKeys
    readonly verifier: LogSignatureVerifier
  }) {
    this.#tiles = parts.tiles
    this.#proven = new ProvenTiles(parts.tiles)
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
    const judged = entries.map(async ({ index, bytes }): Promise<EntryJudgement> => {
      const place = BigInt(index)
      if (place >= checked.size) return { index, state: 'not-covered', reason: 'newer than the checkpoint' }
      try {
        const tile = await this.#proven.read(0, place / BigInt(TILE_WIDTH), checked)
        const hash = tile.subarray(Number(place % BigInt(TILE_WIDTH)) * HASH_BYTES).subarray(0, HASH_BYTES)
        return equalBytes(leafHash(bytes), hash)
          ? { index, state: 'verified' }
          : { index, state: 'forged', reason: 'this entry is not the one in the signed log' }
      } catch (thrown) {
        // A server that does not answer has not lied: it can be asked again.
        const { code, message } = toSealstoneError(thrown)
        if (code === 'VERIFICATION_FAILED') this.#tiles.forget()
        return { index, state: code === 'VERIFICATION_FAILED' ? 'forged' : 'unknown', reason: message }
      }
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
