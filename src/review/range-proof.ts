/** Proves, while entries go by, that they are all entries of a period: nothing changed, left out or put in between, up to a checkpoint that the log signed. */
import { SealstoneError, toSealstoneError } from '#core'
import { CompactRange, judgeQuorum, leafHash, type LogEntry, parseLeaf, parseTlogProof, type Receipt, verifyTlogProof } from '#tlog'
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

/** Milliseconds since 1970: not before, and before; and when it is looked at. */
export interface Period {
  readonly since: number
  readonly until: number
  readonly now: number
}

interface Proven {
  readonly range: CompactRange
  readonly size: bigint
  readonly signedAt: string
  readonly checkpoint: string
  /** Of the entry, milliseconds since 1970. */
  readonly time: number
}

/**
 * The receipt of the first entry says what lies before it; that of the last one must say of what lies before it the same that came out of hashing
 * everything in between. The entries on both sides of these must be outside of the period, or the log must end there. Each receipt is verified under
 * both log keys, and must have the quorum of witnesses that the trust file demands.
 */
export class RangeProof {
  readonly #log: LogReader
  readonly #trust: LogIdentity
  readonly #options: ReadOptions
  readonly #period: Period
  #range: CompactRange | undefined
  #before: TreeName | undefined
  #last: LogEntry | undefined
  #fault: string | undefined

  constructor(log: LogReader, trust: LogIdentity, period: Period, options: ReadOptions) {
    this.#log = log
    this.#trust = trust
    this.#options = options
    this.#period = period
  }

  /** Asks the log at the first entry alone. */
  async begin(entry: LogEntry): Promise<void> {
    try {
      this.#range = entry.index === 0n ? CompactRange.empty() : (await this.#verified(entry.index, entry.bytes)).range
      if (entry.index > 0n) this.#refuseLeftOut(entry.index - 1n, (await this.#verified(entry.index - 1n)).time, this.#period.until)
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
    else if (!this.#isWithin(Date.parse(entry.leaf.time), this.#period.until))
      this.#fault = `entry ${entry.index} is of ${entry.leaf.time}, outside of the period`
    this.#last = entry
  }

  async finish(): Promise<RangeEvidence> {
    const last = this.#last
    const before = this.#before
    if (this.#fault !== undefined) return { proven: false, text: this.#fault, ...(before && { before }) }
    try {
      if (last === undefined || this.#range === undefined) return { proven: true, text: await this.#proveNone() }
      const receipt = await this.#verified(last.index, last.bytes)
      if (!receipt.range.equals(this.#range))
        throw new SealstoneError('VERIFICATION_FAILED', `the entries before ${last.index} are not those that the log signed`)
      this.#range.append(leafHash(last.bytes))
      const after = nameTree(this.#range)
      const text = `every entry was hashed; together with what was before them they lead to the checkpoint of ${receipt.size} entries, signed by both log keys at ${receipt.signedAt}; ${await this.#proveEnd(last.index, receipt)}`
      return { proven: true, text, ...(before && { before }), ...(after && { after }), checkpoint: receipt.checkpoint }
    } catch (thrown) {
      return { proven: false, text: messageOf(thrown), ...(before && { before }) }
    }
  }

  /** In words. Throws VERIFICATION_FAILED for an entry of the period that was not among those that came. */
  async #proveEnd(last: bigint, { size, signedAt }: Proven): Promise<string> {
    const next = await this.#verified(last + 1n).catch((thrown: unknown) => {
      if (size > last + 1n || toSealstoneError(thrown).code !== 'ENTRY_UNKNOWN') throw thrown
      return undefined
    })
    // The log goes on while it is read: what came in the last minutes may be too new to be listed.
    const until = Math.min(this.#period.until, this.#period.now - GOING_ON_MS)
    if (next !== undefined) this.#refuseLeftOut(last + 1n, next.time, until)
    return next === undefined ? `the log ended there when it was signed at ${signedAt}` : 'the next entry is of a later time'
  }

  /** In words. As `proveEnd`: the last entry before the period, and the next one, show that there is none in it. */
  async #proveNone(): Promise<string> {
    const { since, until } = this.#period
    const bound = new Date(since).toISOString()
    const [before] = await Array.fromAsync(this.#log.listEntries({ until: bound, reverse: true, limit: 1 }, this.#options))
    const none = 'there is no entry in the period'
    if (before === undefined) {
      const first = await this.#verified(0n)
      if (first.time < since) throw new SealstoneError('VERIFICATION_FAILED', 'the entries before the period were left out')
      this.#refuseLeftOut(0n, first.time, until)
      return `${none}; the log began later`
    }
    const receipt = await this.#verified(before.index)
    this.#refuseLeftOut(before.index, receipt.time, until)
    return `${none}: entry ${before.index} is of an earlier time, and ${await this.#proveEnd(before.index, receipt)}`
  }

  #refuseLeftOut(index: bigint, time: number, until: number): void {
    if (this.#isWithin(time, until)) throw new SealstoneError('VERIFICATION_FAILED', `entry ${index} is of the period and was left out`)
  }

  #isWithin(time: number, until: number): boolean {
    return time >= this.#period.since && time < until
  }

  /** @param bytes as they came; absent: as the receipt has them. */
  async #verified(index: bigint, bytes?: Uint8Array): Promise<Proven> {
    const { proof, leaf }: Receipt = await this.#log.getReceipt(index, this.#options)
    const parsed = parseTlogProof(proof)
    if (parsed.index !== index) throw new SealstoneError('VERIFICATION_FAILED', `the receipt of entry ${index} is that of ${parsed.index}`)
    const proven = bytes ?? leaf
    const { size, timestampSeconds } = verifyTlogProof(parsed, proven, this.#trust.keys, this.#trust.verifier)
    const cosigned = this.#demandQuorum(parsed.checkpoint, index)
    const signedAt = `${new Date(Number(timestampSeconds) * 1000).toISOString()}${cosigned}`
    const range = CompactRange.before(parsed.index, size, parsed.hashes)
    return { range, size, signedAt, checkpoint: parsed.checkpoint, time: Date.parse(parseLeaf(proven).time) }
  }

  /** In words, for behind the time of the signature. A period that ended a while ago has had its cosignatures; the newest entries may still wait for theirs. */
  #demandQuorum(checkpoint: string, index: bigint): string {
    const quorum = judgeQuorum(checkpoint, this.#trust)
    if (quorum === undefined) return ''
    if (quorum.isEnough) return ` with ${quorum.cosigned}`
    throw new SealstoneError(
      'VERIFICATION_FAILED',
      `the receipt of entry ${index} has ${quorum.cosigned}, the trust file wants ${this.#trust.quorum}`,
    )
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

const GOING_ON_MS = 5 * 60_000
