/** What the client takes and gives: plain data, bytes as Uint8Array, 64-bit numbers as bigint. */
import type { KeyProtection, OperationId, SealstoneError } from '#core'
import type { Verdict } from '#envelopes'
import type { HashModelOptions, HashProgress, Manifest } from '#hashing'
import type { DecidedOperation, EntryFilter, LeafDecision, LogEntry, Receipt } from '#tlog'
import type { FollowOptions } from './follow.ts'

export type { EntryFilter, LogEntry } from '#tlog'

export interface ConnectOptions {
  /** `unix:/path/to/sealstone.sock` or `host:port`. Without `tls` only a loopback host is accepted. */
  readonly address: string
  /** Mutual TLS 1.3, all three in PEM. */
  readonly tls?: { readonly ca: string | Uint8Array; readonly cert: string | Uint8Array; readonly key: string | Uint8Array }
  /** How long one call may take with all its attempts, in milliseconds; default 60,000. */
  readonly timeoutMs?: number
  /** How often one call is tried while the daemon answers UNAVAILABLE; default 4, 1 means no retry. */
  readonly attempts?: number
}

export interface CallOptions {
  readonly signal?: AbortSignal
  /** Instead of the connection's, in milliseconds. */
  readonly timeoutMs?: number
  /** W3C Trace Context of the caller, so that the daemon's spans continue its trace. What cannot be a `traceparent` is not sent, and then no `tracestate`. */
  readonly traceparent?: string
  readonly tracestate?: string
}

export interface ReadOptions extends CallOptions {
  /** What is read is kept elsewhere: the log tells so by an entry of its own, however few entries there are. */
  readonly forExport?: boolean
  /** Much is read, and nobody waits for the first entry: many come in one message, when it is full. */
  readonly inBulk?: boolean
}

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

export interface SignRequest {
  /** Name of the signing key; default `default`. */
  readonly key?: string
  /** Default is the newest version that may sign. */
  readonly keyVersion?: number
  /** 1–128 printable ASCII characters; a random UUID if absent. The same key with the same content gets the same answer, with other content IDEMPOTENCY_CONFLICT. */
  readonly idempotencyKey?: string
  readonly content: SignContent
  /** Tickets of HashService by the names of files in the manifest: proof that the daemon computed their digests. */
  readonly hashTickets?: Readonly<Record<string, Uint8Array>>
}

export type SignContent =
  /** Hashed here, never sent. */
  | { readonly kind: 'model'; readonly path: string; readonly hashing?: HashModelOptions; readonly onProgress?: (progress: HashProgress) => void }
  | { readonly kind: 'manifest'; readonly manifest: Manifest }
  | { readonly kind: 'statement'; readonly predicateType: string; readonly predicate: JsonPredicate; readonly subjects: readonly Subject[] }

/** What JSON.stringify writes without loss. */
export type JsonPredicate = { readonly [name: string]: unknown }

export interface Subject {
  readonly name: string
  /** 64 hex digits. */
  readonly sha256: string
}

export interface SignAnswer {
  readonly operationId: OperationId
  /** The content of `model.sig`; absent if the key has no companion. */
  readonly modelSig?: Uint8Array
  /** The content of `model.hybrid.sig`. */
  readonly hybridSig: Uint8Array
  readonly receipt: Receipt
  /** Of the outcome in the audit log. */
  readonly leafIndex: bigint
  /** The daemon had answered this idempotency key before. */
  readonly replayed: boolean
  /** The one that was sent. */
  readonly idempotencyKey: string
  /** What was signed, unless it was a statement. */
  readonly manifest?: Manifest
}

export type BatchResult = { readonly ok: true; readonly answer: SignAnswer } | { readonly ok: false; readonly error: SealstoneError }

export interface VerifyRequest {
  readonly modelSig?: Uint8Array
  readonly hybridSig?: Uint8Array
  /** What is on disk; without it the files are not compared. */
  readonly manifest?: Manifest
  readonly require?: 'hybrid' | 'classical'
}

export interface RegistryChallengeRequest {
  /** Of suite ed25519 or ecdsa-p384. */
  readonly key: string
  /** Default is the newest version that may sign. */
  readonly keyVersion?: number
  /** Whose login it is, such as `example.com`. */
  readonly domain: string
}

/** A registry takes it for 15 seconds, from anybody. */
export interface RegistryChallenge {
  readonly domain: string
  /** RFC 3339, UTC, whole seconds: the bytes that were signed. */
  readonly timestamp: string
  /** 64 bytes of Ed25519, or r‖s of P-384 in 48 bytes each. */
  readonly signature: Uint8Array
  /** As registries name it: `ed25519` or `ecdsap384`. */
  readonly algorithm: string
  /** Of the outcome in the audit log. */
  readonly leafIndex: bigint
}

/** What a program decided that stands where models and tools are used. */
export interface DecisionRequest {
  readonly operation: DecidedOperation
  /** What it was about: the name of a server, a tool, a model. What is over 1,024 characters is cut, as in `reason`. */
  readonly subject: string
  /** SHA-256 of it, 64 hex digits. */
  readonly digest?: string
  readonly decision: LeafDecision
  readonly reason?: string
}

export interface PublicKeyInfo {
  readonly suite: string
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array
  readonly pem: string
  /** Hex SHA-256 of `spki`. */
  readonly fingerprint: string
}

/** One version of a key. */
export interface KeyInfo extends PublicKeyInfo {
  readonly name: string
  readonly version: number
  /** NIST SP 800-57: `pre-active`, `active`, `suspended`, `deactivated`, `compromised` or `destroyed`. */
  readonly state: string
  readonly createdAt: Date
  readonly origin: string
  /** When it came into each state; of `compromised` since when it is not believed. */
  readonly times: { readonly [State in 'active' | 'suspended' | 'deactivated' | 'compromised' | 'destroyed']?: Date }
  readonly notBefore?: Date
  readonly notAfter?: Date
  readonly reason?: string
  readonly destroyAt?: Date
  /** Why it does not sign although it is active. */
  readonly quarantine?: string
  readonly policy: KeyPolicyInfo
  /** What may be done to it now. */
  readonly actions: readonly string[]
  /** The classical key that signs `model.sig`. */
  readonly companion?: PublicKeyInfo
  /** What the token says of the key. */
  readonly protection: KeyProtection
}

export interface KeyPolicyInfo {
  readonly minSignVersion: number
  readonly minVerifyVersion: number
  readonly rotationDays?: number
  readonly deletionAllowed: boolean
}

export interface KeyValidity {
  readonly notBefore?: Date
  readonly notAfter?: Date
}

export interface CreateKeyRequest extends KeyValidity {
  readonly name: string
  readonly suite?: string
  readonly rotationDays?: number
  readonly deletionAllowed?: boolean
  /** The ML-DSA half is made in the token, which must have CKM_ML_DSA. */
  readonly mlDsaInToken?: boolean
  /** Without a way back if the token is lost, although the daemon has recovery recipients. */
  readonly notRecoverable?: boolean
}

export interface RotateKeyRequest extends KeyValidity {
  readonly name: string
  readonly suite?: string
  /** The newest version as you know it; another one is KEY_STATE_REFUSED, so that a repeated call does not rotate twice. */
  readonly fromVersion?: number
  readonly keepPrevious?: boolean
  /** With a way back if the token is lost, although the version before has none. */
  readonly recoverable?: boolean
}

/** Without a version: the only one for which it is possible. */
export interface KeyChangeRequest {
  readonly name: string
  readonly version?: number
  readonly reason?: string
}

/** Absent members stay as they are; `rotationDays` 0 ends the rotation by age. */
export type KeyPolicyRequest = { readonly name: string } & Partial<KeyPolicyInfo>

export interface CertifyRequest {
  readonly name: string
  readonly version?: number
  readonly document: 'request' | 'self-signed'
  /** RFC 4514, such as `CN=release,O=Example`. */
  readonly subject: string
  /** Of the companion, and not of the key itself. */
  readonly companion?: boolean
  /** Of a certificate; default 365. */
  readonly days?: number
}

export interface BackupInfo {
  /** Absolute path of a folder on the daemon's machine. */
  readonly folder: string
  readonly treeSize: bigint
  /** `key default version 1`: those that can be put back into another token. */
  readonly recoverable: readonly string[]
  readonly notRecoverable: readonly string[]
}

export interface RewrapInfo {
  /** CKA_ID of the wrapping key that seals now, lower-case hex. */
  readonly wrappingKey: string
  /** 1 for the first one that the token had. */
  readonly wrappingKeyNumber: number
  /** How many seeds were sealed anew. */
  readonly seeds: number
  /** CKA_IDs of the wrapping keys that were destroyed. */
  readonly destroyed: readonly string[]
}

/** Changes of keys. Each answers with the version as it is then. */
export interface KeyManagement {
  createKey(request: CreateKeyRequest, options?: CallOptions): Promise<KeyInfo>
  rotateKey(request: RotateKeyRequest, options?: CallOptions): Promise<KeyInfo>
  enableKey(request: KeyChangeRequest, options?: CallOptions): Promise<KeyInfo>
  disableKey(request: KeyChangeRequest, options?: CallOptions): Promise<KeyInfo>
  retireKey(request: KeyChangeRequest, options?: CallOptions): Promise<KeyInfo>
  compromiseKey(request: KeyChangeRequest & { readonly since: Date; readonly reason: string }, options?: CallOptions): Promise<KeyInfo>
  /** Schedules it. `confirmName` is the name once more. */
  destroyKey(request: KeyChangeRequest & { readonly confirmName: string }, options?: CallOptions): Promise<KeyInfo>
  cancelDestroyKey(request: KeyChangeRequest, options?: CallOptions): Promise<KeyInfo>
  setKeyPolicy(request: KeyPolicyRequest, options?: CallOptions): Promise<KeyInfo>
  /** An X.509 certificate request, or a certificate that the key signs for itself. */
  certifyKey(request: CertifyRequest, options?: CallOptions): Promise<{ readonly der: Uint8Array; readonly pem: string }>
  /** Writes a backup to the daemon's disk. */
  backupKeys(options?: CallOptions): Promise<BackupInfo>
  /** Seals every seed anew under a new wrapping key. `destroyOld`: backups from before, and other daemons on this token, lose theirs. */
  rewrapKeys(request: { readonly destroyOld?: boolean }, options?: CallOptions): Promise<RewrapInfo>
  /** `uri` as RFC 7512 has it, with `id` or `object`. */
  adoptKey(request: KeyValidity & { readonly name: string; readonly uri: string }, options?: CallOptions): Promise<KeyInfo>
  /** `file` is the name of a file in the folder `import` of the daemon's state directory. */
  importKey(request: KeyValidity & { readonly name: string; readonly file: string }, options?: CallOptions): Promise<KeyInfo>
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
  recordDecision(request: DecisionRequest, options?: CallOptions): Promise<bigint | undefined>
  /** Moves old entries of the log into cold storage while the daemon signs; over its Unix socket only. Ends with the signal; the next call goes on. Default for `timeoutMs`: a day. */
  archiveEntries(request: ArchiveRequest, options?: ArchiveOptions): Promise<ArchiveInfo>
  /** A link that opens the review console once; over the daemon's Unix socket only. */
  openConsole(options?: CallOptions): Promise<{ readonly url: string; readonly minutes: number }>
  /** Whether the daemon serves. */
  health(options?: CallOptions): Promise<'serving' | 'not-serving'>
  close(): Promise<void>
}
