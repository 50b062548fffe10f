/** What a review reads from: the log, through a daemon or another reader, and whom to believe. `client` has both. */
import type { EntryFilter, LogEntry, LogSignatureVerifier, LogVerifierKey, Receipt, Witness } from '#tlog'

export interface LogReader {
  listEntries(filter: EntryFilter, options: ReadOptions): AsyncIterable<LogEntry>
  getReceipt(index: bigint, options: ReadOptions): Promise<Receipt>
}

export interface ReadOptions {
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
  /** Much is read, and nobody waits for the first entry. */
  readonly inBulk?: boolean
}

/** The two keys of the log, and its witnesses. */
export interface LogIdentity {
  readonly origin: string
  readonly keys: readonly LogVerifierKey[]
  readonly verifier: LogSignatureVerifier
  readonly witnesses: readonly Witness[]
  /** So many of them must have cosigned what a review is proven by; 0: none. */
  readonly quorum: number
}

export interface KeyHistory {
  /**
   * Whether a key version could sign at a time, and its state now.
   * @param checkpoints signed ones that the signature's entry was proven to be in: what others say of their time counts too
   */
  judgeKey(
    name: string,
    version: number,
    signedAt: string,
    checkpoints: readonly string[],
  ): Promise<{ readonly usable: boolean; readonly reason: string; readonly state: string; readonly since?: string } | undefined>
}
