/** Proves, while entries go by, that they are all entries of a period: nothing changed, left out or put in between, up to a checkpoint that the log signed. */
import { SealstoneError, toSealstoneError } from '#core'
import { CompactRange, leafHash, type LogEntry, parseTlogProof, type Receipt, verifyTlogProof } from '#tlog'
import type { LogIdentity, LogReader, ReadOptions } from './sources.ts'

export interface RangeEvidence {
  /** Every entry was hashed and leads to the checkpoint. */
  readonly proven: boolean
  /** Why not, or what was done. */
  readonly text: string
  /** The tree before the first entry, and the one that ends with the last; root in base64. */
  readonly before?: TreeName
  readonly after?: TreeName
  /** The signed note. */
  readonly checkpoint?: string
}

export interface TreeName {
  readonly size: bigint
  readonly root: string
}

/**
 * The receipt of the first entry says what lies before it; that of the last one must say of what lies before it the same that came out of hashing
 * everything in between. Each receipt is verified under both log keys.
 */
export class RangeProof {
  readonly #log: LogReader
  readonly #trust: LogIdentity
  readonly #options: ReadOptions
  #range: CompactRange | undefined
  #before: TreeName | undefined
  #last: LogEntry | undefined
  #fault: string | undefined

  constructor(log: LogReader, trust: LogIdentity, options: ReadOptions) {
    this.#log = log
    this.#trust = trust
    this.#options = options
  }

  /** Asks the log at the first entry alone. */
  async begin(entry: LogEntry): Promise<void> {
    try {
      this.#range = entry.index === 0n ? CompactRange.empty() : (await this.#verified(entry)).range
      this.#before = nameTree(this.#range)
    } catch (thrown) {
      this.#fault = messageOf(thrown)
    }
  }

  /** The first one too. */
  add(entry: LogEntry): void {
    if (this.#fault !== undefined || this.#range === undefined) return
    if (this.#last !== undefined) this.#range.append(leafHash(this.#last.bytes)) // the last one stays out until the end
    if (entry.index !== this.#range.size) this.#fault = `entry ${entry.index} came where ${this.#range.size} was due`
    this.#last = entry
  }

  async finish(): Promise<RangeEvidence> {
    const last = this.#last
    const before = this.#before
    if (this.#fault !== undefined) return { proven: false, text: this.#fault, ...(before && { before }) }
    if (last === undefined || this.#range === undefined) return { proven: true, text: 'there is no entry in the period' }
    try {
      const receipt = await this.#verified(last)
      if (!receipt.range.equals(this.#range))
        throw new SealstoneError('VERIFICATION_FAILED', `the entries before ${last.index} are not those that the log signed`)
      this.#range.append(leafHash(last.bytes))
      const after = nameTree(this.#range)
      const text = `every entry was hashed; together with what was before them they lead to the checkpoint of ${receipt.size} entries, signed by both log keys at ${receipt.signedAt}`
      return { proven: true, text, ...(before && { before }), ...(after && { after }), checkpoint: receipt.checkpoint }
    } catch (thrown) {
      return { proven: false, text: messageOf(thrown), ...(before && { before }) }
    }
  }

  async #verified(entry: LogEntry): Promise<{ range: CompactRange; size: bigint; signedAt: string; checkpoint: string }> {
    const { proof }: Receipt = await this.#log.getReceipt(entry.index, this.#options)
    const parsed = parseTlogProof(proof)
    if (parsed.index !== entry.index)
      throw new SealstoneError('VERIFICATION_FAILED', `the receipt of entry ${entry.index} is that of ${parsed.index}`)
    const { size, timestampSeconds } = verifyTlogProof(parsed, entry.bytes, this.#trust.keys, this.#trust.verifier)
    const signedAt = new Date(Number(timestampSeconds) * 1000).toISOString()
    return { range: CompactRange.before(parsed.index, size, parsed.hashes), size, signedAt, checkpoint: parsed.checkpoint }
  }
}

function nameTree(range: CompactRange): TreeName | undefined {
  const root = range.root()
  return root && { size: range.size, root: root.toBase64() }
}

/** A daemon that cannot be asked any more is an error of the report, not a finding about the log. */
function messageOf(thrown: unknown): string {
  const error = toSealstoneError(thrown)
  if (error.entry.grpc === 'UNAVAILABLE' || error.code === 'CANCELLED' || error.code === 'DEADLINE_EXCEEDED') throw error
  return error.message
}
