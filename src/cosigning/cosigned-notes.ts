/** This log's checkpoints with the cosignatures that they have so far: the newest with a quorum, and those after it. */
import { SealstoneError, toHex } from '#core'
import { countCosignatures, formatNote, type LogSignatureVerifier, type NoteSignature, parseNote, type Witness } from '#tlog'

export interface CosignedNote {
  readonly size: bigint
  /** The signed checkpoint, the lines of witnesses below those of the log. */
  readonly note: string
  /** Enough witnesses have cosigned it. */
  readonly quorate: boolean
}

/** Where they outlive the process. */
export interface CosignatureKeeper {
  /** The size that a witness cosigned last, as far as is known. */
  witnessSize(name: string): bigint
  notes(): readonly CosignedNote[]
  /** Without `note` only the witness's size. A quorate note takes the place of all smaller ones. */
  save(witness: string, size: bigint, note: CosignedNote | undefined): void
  forget(size: bigint): void
  replace(notes: readonly CosignedNote[]): void
}

interface Kept extends CosignedNote {
  readonly by: ReadonlySet<string>
}

export interface NotesOptions {
  readonly keeper: CosignatureKeeper
  readonly witnesses: readonly Witness[]
  readonly quorum: number
  readonly verifier: LogSignatureVerifier
}

export class CosignedNotes {
  readonly #options: NotesOptions
  /** Newest first, and never many. */
  #kept: readonly Kept[] = []

  /** What was kept is judged anew, by the witnesses and the quorum of today. */
  constructor(options: NotesOptions) {
    this.#options = options
    const notes = options.keeper.notes()
    for (const { size, note } of notes) this.#keep(this.#judge(size, note))
    const isSame = this.#kept.length === notes.length && this.#kept.every(({ quorate }, at) => quorate === notes[at]?.quorate)
    if (!isSame) options.keeper.replace(this.#kept)
  }

  quorate(): CosignedNote | undefined {
    return this.#kept.find(({ quorate }) => quorate)
  }

  /** The newest with a quorum that covers the entry, or else the newest with any cosignature. */
  covering(index: bigint): CosignedNote | undefined {
    return this.#kept.find(({ quorate, size }) => quorate && size > index) ?? this.#kept.find(({ size }) => size > index)
  }

  isQuorate(note: string): boolean {
    return this.#judge(0n, note).quorate
  }

  hasQuorum(size: bigint): boolean {
    return (this.quorate()?.size ?? 0n) >= size
  }

  isCosignedBy(size: bigint, witness: string): boolean {
    return this.#kept.find((note) => note.size === size)?.by.has(witness) ?? false
  }

  /**
   * Of all lines only those of the witness's own keys; durable before they count. Throws WITNESS_FAILED unless every key of the witness
   * has signed this very checkpoint.
   */
  take(witness: Witness, size: bigint, checkpoint: string, lines: readonly NoteSignature[]): void {
    const own = lines.filter((line) => witness.keys.some((key) => key.name === line.name && toHex(key.keyId) === toHex(line.keyId)))
    const { text, signatures } = parseNote(this.#kept.find((note) => note.size === size)?.note ?? checkpoint)
    const others = signatures.filter((line) => !own.some(({ name, keyId }) => name === line.name && toHex(keyId) === toHex(line.keyId)))
    if (countCosignatures(formatNote({ text, signatures: own.length === 0 ? others : own }), [witness], this.#options.verifier).length === 0)
      throw new SealstoneError('WITNESS_FAILED', 'its cosignature does not verify under the keys that it is known by')
    const judged = this.#judge(size, formatNote({ text, signatures: [...others, ...own] }))
    const isLate = size < (this.quorate()?.size ?? 0n)
    this.#options.keeper.save(witness.name, size, isLate ? undefined : judged)
    if (!isLate) this.#keep(judged)
  }

  #judge(size: bigint, note: string): Kept {
    const { witnesses, quorum, verifier } = this.#options
    const by = new Set(countCosignatures(note, witnesses, verifier).map(({ witness }) => witness))
    return { size, note, by, quorate: by.size >= quorum }
  }

  #keep(added: Kept): void {
    const all = [...this.#kept.filter(({ size }) => size !== added.size), added].sort((left, right) => (left.size < right.size ? 1 : -1))
    const quorate = all.find((note) => note.quorate)
    const pending = all.filter(({ size }) => quorate === undefined || size > quorate.size)
    for (const { size } of pending.slice(MAX_PENDING)) this.#options.keeper.forget(size)
    this.#kept = [...pending.slice(0, MAX_PENDING), ...(quorate === undefined ? [] : [quorate])]
  }
}

const MAX_PENDING = 8
