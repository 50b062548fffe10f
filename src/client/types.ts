/** The client, with all that can be asked of a daemon: plain data, bytes as Uint8Array, 64-bit numbers as bigint. */
import type { Verdict } from '#envelopes'
import type { Decision, EntryFilter, LogEntry, Receipt } from '#tlog'
import type { FollowOptions } from './follow.ts'
import type { KeyInfo, KeyManagement } from './key-types.ts'
import type { CallOptions, ReadOptions } from './options.ts'
import type { BatchResult, RegistryChallenge, RegistryChallengeRequest, SignAnswer, SignRequest, VerifyRequest } from './signing-types.ts'

/** Which entries are old enough: those that are so by both. At least one is given. */
export interface ArchiveRequest {
  /** With a lower index. */
  readonly before?: bigint
  /** Written before. */
  readonly olderThan?: Date
}

export interface ArchiveOptions extends CallOptions {
  readonly onProgress?: (done: number, total: number) => void
}

export interface ArchiveInfo {
  /** On the daemon's machine. */
  readonly directory: string
  /** Entries before it are in cold storage. */
  readonly end: bigint
  /** Entries that were moved now. */
  readonly moved: number
  /** Entries in the log that a checkpoint covers. */
  readonly size: bigint
  /** Of the database file; 0 where nothing was to be moved. */
  readonly bytesBefore: number
  readonly bytesAfter: number
}

/** Every method throws SealstoneError with the daemon's code, or DAEMON_UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED. */
export interface Client extends KeyManagement, AsyncDisposable {
  sign(request: SignRequest, options?: CallOptions): Promise<SignAnswer>
  /** 1 to 256 in one call: faster than so many calls, each with its own answer or error, in the order of the requests. */
  signBatch(requests: readonly SignRequest[], options?: CallOptions): Promise<readonly BatchResult[]>
  /** The login of a domain's owner to an MCP registry: signs the time of the daemon's clock and nothing else. */
  signRegistryChallenge(request: RegistryChallengeRequest, options?: CallOptions): Promise<RegistryChallenge>
  /** Asks the daemon; `verifyModelFiles` of `#client/offline` asks nobody. */
  verifyRemote(request: VerifyRequest, options?: CallOptions): Promise<Verdict>
  listKeys(options?: CallOptions): Promise<readonly KeyInfo[]>
  /** The newest version unless one is named. */
  getKey(name: string, options?: CallOptions & { readonly version?: number }): Promise<KeyInfo>
  /** The bytes of a trust file. */
  getTrust(options?: CallOptions): Promise<Uint8Array>
  getCheckpoint(options?: CallOptions): Promise<{ readonly note: string; readonly size: bigint }>
  listEntries(filter?: EntryFilter, options?: ReadOptions): AsyncIterable<LogEntry>
  /** Those that are there, then those that come, across restarts of the daemon; ends when the signal aborts, with CANCELLED. */
  followEntries(filter?: EntryFilter, options?: FollowOptions): AsyncIterable<LogEntry>
  getReceipt(index: bigint, options?: CallOptions): Promise<Receipt>
  /** The index of its entry in the audit log; undefined where too many came and it was counted. Tried again, it may be there twice. */
  recordDecision(request: Decision, options?: CallOptions): Promise<bigint | undefined>
  /** Moves old entries of the log into cold storage while the daemon signs; over its Unix socket only. Ends with the signal; the next call goes on. Default for `timeoutMs`: a day. */
  archiveEntries(request: ArchiveRequest, options?: ArchiveOptions): Promise<ArchiveInfo>
  /** A link that opens the review console once; over the daemon's Unix socket only. */
  openConsole(options?: CallOptions): Promise<{ readonly url: string; readonly minutes: number }>
  /** Whether the daemon serves. */
  health(options?: CallOptions): Promise<'serving' | 'not-serving'>
  close(): Promise<void>
}
