/** Judges what the server shows: the checkpoint against the log keys, the last one known and the witnesses, entries against the tree of that checkpoint. */
import { equalBytes, fromHex, SealstoneError, toHex, toSealstoneError } from '#core'
import {
  consistencyProof,
  countCosignatures,
  formatTlogProof,
  HASH_BYTES,
  inclusionProof,
  leafHash,
  type LogSignatureVerifier,
  type LogVerifierKey,
  type OpenedCheckpoint,
  openCheckpoint,
  parseVerifierKey,
  parseWitness,
  TILE_WIDTH,
  verifyConsistency,
  verifyInclusion,
  type Witness,
  withTileNodes,
} from '#tlog'
import type { Demand, EntryJudgement, LogJudgement, PinnedKeys, ProofDrawing, Witnessed } from './judgement.ts'
import { forked, refused, type Remembered, rolledBack } from './log-refusal.ts'
import type { Memory } from './memory.ts'
import { proofPath } from './proof-path.ts'
import { ProvenTiles } from './proven-tiles.ts'
import type { ServerTiles } from './server-tiles.ts'

export interface ShownEntry {
  readonly index: string
  readonly bytes: Uint8Array
}

interface Checked {
  readonly checkpoint: OpenedCheckpoint
  readonly note: string
}

export class LogCheck {
  readonly #tiles: ServerTiles
  readonly #memory: Memory
  readonly #keys: readonly LogVerifierKey[]
  readonly #pinned: PinnedKeys
  readonly #verifier: LogSignatureVerifier
  readonly #quorum: number
  readonly #witnesses: readonly Witness[]
  #checked: Checked | undefined
  /** The newest that enough witnesses cosigned; a part of the newest that was checked. */
  #witnessed: Checked | undefined
  #cosigners: readonly string[] = []
  #lie: (LogJudgement & { readonly kind: 'refused' }) | undefined
  readonly #proven: ProvenTiles

  constructor(parts: {
    readonly tiles: ServerTiles
    readonly memory: Memory
    readonly pinned: PinnedKeys
    readonly demand?: Demand | undefined
    readonly verifier: LogSignatureVerifier
  }) {
    this.#tiles = parts.tiles
    this.#proven = new ProvenTiles(parts.tiles)
    this.#memory = parts.memory
    this.#pinned = parts.pinned
    this.#keys = parts.pinned.keys.map(parseVerifierKey)
    this.#quorum = parts.demand?.quorum ?? 0
    this.#witnesses = parts.demand?.witnesses.map(parseWitness) ?? []
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

  /** Whether cosignatures are demanded; `witness` is called then with what the server shows of them. */
  get demandsQuorum(): boolean {
    return this.#quorum > 0
  }

  /**
   * The newest checkpoint that witnesses cosigned, as the server says. That there are too few is no lie: what it covers is not verified as long as
   * it is so. Undefined where nothing can be said yet.
   */
  async witness(note: string): Promise<LogJudgement | undefined> {
    if (this.#lie !== undefined || this.#checked === undefined || note === this.#witnessed?.note) return this.#lie
    const judgement = await this.#judgeWitnessed(note).catch((thrown: unknown) => refused('unreachable', toSealstoneError(thrown).message, note))
    if (judgement?.kind === 'refused' && judgement.fault !== 'unreachable') this.#lie = judgement
    return judgement
  }

  /** In the order of the entries. One tile is proven for all entries in it. */
  async check(entries: readonly ShownEntry[]): Promise<EntryJudgement[]> {
    const checked = this.#checked?.checkpoint
    if (checked === undefined || this.#lie !== undefined) {
      return entries.map(({ index }) => ({ index, state: 'unknown', reason: this.#lie?.message ?? 'the log has no checked checkpoint' }))
    }
    const believed = this.#believed()?.checkpoint ?? { size: 0n, root: checked.root }
    const judged = entries.map(async ({ index, bytes }): Promise<EntryJudgement> => {
      const place = BigInt(index)
      if (place >= checked.size) return { index, state: 'not-covered', reason: 'newer than the checkpoint' }
      if (place >= believed.size) return { index, state: 'no-quorum', reason: this.#quorumFault() }
      try {
        const tile = await this.#proven.read(0, place / BigInt(TILE_WIDTH), believed)
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
    const place = BigInt(index)
    const { checkpoint, note } = this.#believed() ?? this.#checked
    if (this.demandsQuorum && place >= (this.#witnessed?.checkpoint.size ?? 0n)) throw new SealstoneError('VERIFICATION_FAILED', this.#quorumFault())
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
    if (known !== undefined && !(await this.#isExtension({ size: BigInt(known.size), root: fromHex(known.root) }, opened)))
      return refused('forked', forked(opened, known), note)

    this.#checked = { checkpoint: opened, note }
    const remembered: Remembered = { note, size: String(opened.size), root: toHex(opened.root), seenAt: new Date().toISOString() }
    await this.#memory.write(this.#memoryName(), remembered)
    return this.#judgement(opened, known)
  }

  /** Its log signatures, its place in the newest tree, its cosignatures. */
  async #judgeWitnessed(note: string): Promise<LogJudgement | undefined> {
    let opened: OpenedCheckpoint
    try {
      opened = openCheckpoint(note, this.#keys, this.#verifier)
    } catch (thrown) {
      return refused('not-signed', toSealstoneError(thrown).message, note)
    }
    if (opened.size > (this.#checked?.checkpoint.size ?? 0n)) {
      const newest = await this.#judge(note)
      if (newest.kind === 'refused') return newest
    }
    const newest = this.#checked?.checkpoint
    if (newest === undefined) return undefined
    if (opened.origin !== newest.origin || !(await this.#isExtension(opened, newest)))
      return refused(
        'forked',
        `the ${opened.size} entries that witnesses were shown are not those that this page is shown: the log was rewritten`,
        note,
      )
    const cosigners = countCosignatures(note, this.#witnesses, this.#verifier).map(({ witness }) => witness)
    const isNewer = opened.size > (this.#witnessed?.checkpoint.size ?? 0n)
    if (isNewer && cosigners.length >= this.#quorum) this.#witnessed = { checkpoint: opened, note }
    if (isNewer) this.#cosigners = cosigners
    return this.#judgement(newest)
  }

  /** By which entries are judged: with a quorum demanded, no more than has it. */
  #believed(): Checked | undefined {
    return this.demandsQuorum ? this.#witnessed : this.#checked
  }

  #quorumFault(): string {
    return `quorum not reached: too few witnesses have cosigned a checkpoint that covers it, the trust file wants ${this.#quorum} of ${this.#witnesses.length}`
  }

  async #isExtension(old: { readonly size: bigint; readonly root: Uint8Array }, { size, root }: OpenedCheckpoint): Promise<boolean> {
    if (old.size === 0n) return true
    const proof = old.size === size ? [] : await withTileNodes(this.#tiles, size, (node) => consistencyProof(old.size, size, node))
    return verifyConsistency({ oldSize: old.size, newSize: size, oldRoot: old.root, newRoot: root, proof })
  }

  #judgement({ origin, size, root, timestampSeconds }: OpenedCheckpoint, known?: Remembered): LogJudgement {
    return {
      kind: 'checked',
      origin,
      size: String(size),
      root: toHex(root),
      signedAt: Number(timestampSeconds) * 1000,
      ...(known === undefined ? {} : { extends: { size: known.size, seenAt: known.seenAt } }),
      ...(this.demandsQuorum ? { witnessed: this.#witnessing() } : {}),
    }
  }

  #witnessing(): Witnessed {
    return { size: String(this.#witnessed?.checkpoint.size ?? 0n), by: this.#cosigners, of: this.#witnesses.length, quorum: this.#quorum }
  }

  #memoryName(): string {
    return `checkpoint ${this.#pinned.origin} ${this.#pinned.fingerprint}`
  }
}
