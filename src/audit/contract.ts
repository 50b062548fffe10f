/** What the rest of the daemon sees of the audit log. */
import type { Identity, Logger, Timeline } from '#core'
import type { Database } from '#db'
import type { EntryFilter, LogEntry, LogSignatureVerifier, NewLeaf, Receipt } from '#tlog'
import type { AnswerRequest } from './batch.ts'
import type { CheckpointSigner } from './sequencer.ts'

export interface Completion {
  readonly index: bigint
  readonly receipt: Receipt
  /** What `answer.build` made and the database keeps. */
  readonly answer?: Uint8Array
}

export interface EntryPage {
  readonly entries: readonly LogEntry[]
  /** `from` of the next page; absent after the last one. */
  readonly next?: bigint
}

export interface AuditLog {
  /**
   * Durable when it resolves. Throws AUDIT_UNAVAILABLE, OVERLOADED or DAEMON_DRAINING; the leaf is then not in the log. An outcome is written
   * all the same, as soon as the log takes entries again.
   */
  append(leaf: NewLeaf): Promise<{ index: bigint }>
  /**
   * Durable, and covered by a checkpoint signed by both log keys, when it resolves; leaf, checkpoint and answer become durable in one
   * step. Throws as `append` does, IDEMPOTENCY_CONFLICT if the answer's key is taken, and what `answer.build` throws.
   */
  complete(leaf: NewLeaf, answer?: AnswerRequest): Promise<Completion>
  findAnswer(key: string): { requestDigest: string; answer: Uint8Array } | undefined
  /** How many were forgotten. */
  forgetAnswersBefore(time: Date): number
  /** Oldest first, or newest first with `reverse`; entries that come while listing are not in it. Throws AUDIT_CORRUPT at a leaf that was changed. */
  entries(filter?: EntryFilter): Generator<LogEntry>
  /**
   * A part of that list, found in a few milliseconds: up to 256 entries, from `filter.from` on, of those below `end`. An empty page may have a next one.
   * Default for `end`: the size of the log.
   */
  page(filter: EntryFilter, end?: bigint): EntryPage
  /** The newest signed checkpoint. */
  checkpoint(): string | undefined
  /** Leaves that are durable. */
  size(): bigint
  /** Signs a fresh checkpoint first if none covers the entry yet. Throws ENTRY_UNKNOWN or AUDIT_CORRUPT. */
  receipt(index: bigint): Promise<Receipt>
  /**
   * Signs a checkpoint if there are entries that none covers, or if the newest has been known for `maxAgeMs`: whoever watches the log sees every
   * entry soon, and that the log still lives. Whether it signed one. Throws AUDIT_UNAVAILABLE.
   */
  keepCovered(maxAgeMs: number): Promise<boolean>
  /** From an older tree to that of `newSize`, by default that of the newest checkpoint. Throws INPUT_INVALID. */
  consistencyProof(oldSize: bigint, newSize?: bigint): Uint8Array[]
  /** Closes the intents that the last run left without outcome, and says why; how many they were. Call it before serving. */
  recover(why?: string): Promise<number>
  /** Refuses new entries, waits for those accepted. The database stays open. */
  close(): Promise<void>
}

export interface AuditLogOptions {
  readonly db: Database
  /** Directory of the leaves that were moved out of the database. */
  readonly cold?: string
  /** The log's name; must stay the same for its life. */
  readonly origin: string
  readonly signer: CheckpointSigner
  readonly verifier: LogSignatureVerifier
  /** The same as the key store's. */
  readonly timeline: Timeline
  readonly logger: Logger
  /** Whether the next batch should wait, some milliseconds at most, for more than the `entries` that it would have now. Default: never. */
  readonly isWorthWaiting?: (entries: number) => boolean
  /** Told how many seconds a commit took, fsync included. */
  readonly onCommit?: (seconds: number) => void
  /** A signed checkpoint of this log that covers the entry and that witnesses cosigned: receipts have it rather than the newest one. */
  readonly cosigned?: (index: bigint) => string | undefined
  /** What stands for callers in the log. Default: their names. */
  readonly callers?: CallerNames
}

export interface CallerNames {
  /** For a new entry; of what it gave before it makes the same. */
  write(caller: Identity): Identity
  /** All by which the log may have this caller. */
  find(caller: string): readonly string[]
}
