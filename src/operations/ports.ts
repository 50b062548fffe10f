/** What the daemon can be asked to do, in domain types. `rpc` maps bytes to these; nothing here knows of gRPC. */
import type { IdempotencyKey, Identity, JsonValue, KeyName, KeyProtection, OperationId, Span } from '#core'
import type { Requirement, Verdict } from '#envelopes'
import type { Manifest } from '#hashing'
import type { KeyAction, KeyPolicy, KeyRecord, RewrapResult } from '#keys'
import type { RegistrySignature } from '#suites'
import type { Decision, EntryFilter, LogEntry, Receipt } from '#tlog'
import type { WantedEntries } from './archive-entries.ts'
import type { CertifyKeyRequest } from './certify-key.ts'
import type { RestoredKey, RestoreKeysRequest } from './restore-keys.ts'
import type { ChangeKeyRequest, DestroyKeyRequest, VersionName } from './change-keys.ts'
import type { BatchResult } from './sign-batch.ts'
import type { AdoptKeyRequest, CreateKeyRequest, ImportKeyRequest, RotateKeyRequest } from './make-keys.ts'

export type { BatchResult } from './sign-batch.ts'
export type { Decision, EntryFilter, LogEntry } from '#tlog'
export type { ArchivePort, ArchiveRun, WantedEntries } from './archive-entries.ts'
export type { CertifyKeyRequest } from './certify-key.ts'
export type { RestoredKey, RestoreKeysRequest } from './restore-keys.ts'
export type { ChangeKeyRequest, DestroyKeyRequest, VersionName } from './change-keys.ts'
export type { AdoptKeyRequest, CreateKeyRequest, ImportKeyRequest, RotateKeyRequest } from './make-keys.ts'

/** Who calls, and whether they still wait. */
export interface CallContext {
  readonly identity: Identity
  /** Aborted when the caller cancels, vanishes, or the deadline passes. */
  readonly signal: AbortSignal
  /** Address for the log, for example `unix` or `10.0.0.7:41022`. */
  readonly peer: string
  /** Where the steps of this call are told. */
  readonly span: Span
}

/** A caller that waits for entries to come. */
export interface Following {
  /** Asked again and again. */
  isOver(): boolean
}

export interface ListOptions {
  /** Also entries that come, until it is over. */
  readonly following?: Following
  /** The caller says that this is an export: the log tells of it however many entries there are. */
  readonly isExport?: boolean
}

export interface Subject {
  readonly name: string
  /** 64 hex digits. */
  readonly sha256: string
}

export type SignContent =
  | { readonly kind: 'manifest'; readonly manifest: Manifest }
  | { readonly kind: 'statement'; readonly predicateType: string; readonly predicate: JsonValue; readonly subjects: readonly Subject[] }

export interface BackupReport {
  /** Absolute path on the daemon's machine. */
  readonly folder: string
  readonly treeSize: number
  /** `key default version 1` */
  readonly recoverable: readonly string[]
  readonly notRecoverable: readonly string[]
}

/** How far the move of old entries into cold storage is, and its end. */
export type ArchiveStep =
  | { readonly kind: 'progress'; readonly work: 'writing' | 'moving'; readonly done: number; readonly total: number; readonly moved: number }
  | { readonly kind: 'moved'; readonly moved: number; readonly bytesBefore: number; readonly bytesAfter: number }

export interface ArchiveReport {
  readonly kind: 'report'
  /** Absolute path on the daemon's machine. */
  readonly directory: string
  /** Entries from `start` on, before `end`, were to be moved; all before `end` are in cold storage now. */
  readonly start: bigint
  readonly end: bigint
  /** Entries in the log that a checkpoint covers. */
  readonly size: bigint
  readonly moved: number
  /** Of the database file; 0 where nothing was to be moved. */
  readonly bytesBefore: number
  readonly bytesAfter: number
}

export interface ConsoleLink {
  /** Opens one session, once. */
  readonly url: string
  /** How long it is good for. */
  readonly minutes: number
}

export interface SignRequest {
  readonly key: KeyName
  /** Default is the newest version that may sign. */
  readonly keyVersion?: number
  readonly idempotencyKey: IdempotencyKey
  readonly content: SignContent
  /** Tickets of HashService by the names of files in the manifest. */
  readonly hashTickets?: ReadonlyMap<string, Uint8Array>
  /** Digests that the caller took from its cache. */
  readonly cachedDigests?: { readonly count: number; readonly oldest: Date }
}

export interface SignAnswer {
  readonly operationId: OperationId
  /** The content of `model.sig`; absent for a key without a companion. */
  readonly modelSig?: Uint8Array
  /** The content of `model.hybrid.sig`. */
  readonly hybridSig: Uint8Array
  readonly receipt: Receipt
  /** Index of the outcome leaf. */
  readonly leafIndex: bigint
  /** This is the stored answer of an earlier request with the same idempotency key. */
  readonly replayed: boolean
}

export interface VerifyRequest {
  readonly bundle?: Uint8Array
  readonly hybrid?: Uint8Array
  /** What the caller has on disk; without it the files are not compared. */
  readonly manifest?: Manifest
  readonly require: Requirement
}

export interface RegistryRequest {
  readonly key: KeyName
  /** Default is the newest version that may sign. */
  readonly keyVersion?: number
  /** Whose login it is, for the log. */
  readonly domain: string
}

export interface RegistryAnswer extends RegistrySignature {
  readonly operationId: OperationId
  /** Index of the outcome leaf. */
  readonly leafIndex: bigint
}

export interface KeyView {
  readonly record: KeyRecord
  readonly policy: KeyPolicy
  /** Hex SHA-256 of the public key's SPKI DER. */
  readonly fingerprint: string
  readonly companionFingerprint?: string
  readonly protection: KeyProtection
  /** What may be done to this version now. */
  readonly actions: readonly KeyAction[]
}

/** Every method throws SealstoneError only. */
export interface Operations {
  /** Before a large request is read: throws PERMISSION_DENIED if there is no key with which the caller may do this. */
  admit(call: CallContext, operation: 'sign' | 'verify'): Promise<void>
  sign(call: CallContext, request: SignRequest): Promise<SignAnswer>
  /** In the order of the requests, each with its own answer or error. */
  signBatch(call: CallContext, requests: readonly SignRequest[]): Promise<readonly BatchResult[]>
  signRegistryChallenge(call: CallContext, request: RegistryRequest): Promise<RegistryAnswer>
  verify(call: CallContext, request: VerifyRequest): Promise<Verdict>
  listKeys(call: CallContext): Promise<readonly KeyView[]>
  /** The newest version unless one is named. */
  getKey(call: CallContext, name: KeyName, version?: number): Promise<KeyView>
  createKey(call: CallContext, request: CreateKeyRequest): Promise<KeyView>
  rotateKey(call: CallContext, request: RotateKeyRequest): Promise<KeyView>
  adoptKey(call: CallContext, request: AdoptKeyRequest): Promise<KeyView>
  importKey(call: CallContext, request: ImportKeyRequest): Promise<KeyView>
  changeKey(call: CallContext, request: ChangeKeyRequest): Promise<KeyView>
  /** Schedules it. */
  destroyKey(call: CallContext, request: DestroyKeyRequest): Promise<KeyView>
  cancelDestroyKey(call: CallContext, request: VersionName): Promise<KeyView>
  setKeyPolicy(call: CallContext, name: KeyName, changes: Partial<KeyPolicy>): Promise<KeyView>
  backupKeys(call: CallContext): Promise<BackupReport>
  restoreKeys(call: CallContext, request: RestoreKeysRequest): Promise<readonly RestoredKey[]>
  rewrapKeys(call: CallContext, destroyOld: boolean): Promise<RewrapResult>
  certifyKey(call: CallContext, request: CertifyKeyRequest): Promise<{ readonly der: Uint8Array; readonly pem: string }>
  /** The log is told what was counted of verifications and decisions since the last time. Never throws. */
  tellCounted(): Promise<void>
  /** Signings that were let in and have no outcome yet. */
  signingsUnderWay(): number
  /** Since a key was last tested; undefined before the first test. */
  canaryAgeSeconds(): number | undefined
  /** Before serving: tests keys for a while, those that fail go into quarantine. Never throws. */
  prepare(): Promise<void>
  /** Tests one version, the next in turn; one that fails goes into quarantine. Never throws. */
  testNextKey(): Promise<void>
  /** Does what is due by the clock, and issues the trust file anew where that is due. Never throws. */
  maintain(): Promise<void>
  /** The bytes of a trust file. */
  getTrust(call: CallContext): Promise<Uint8Array>
  getCheckpoint(call: CallContext): Promise<{ readonly note: string; readonly size: bigint }>
  listEntries(call: CallContext, filter: EntryFilter, options?: ListOptions): AsyncIterable<LogEntry>
  getReceipt(call: CallContext, index: bigint): Promise<Receipt>
  /** The index of its leaf; undefined where it was counted. */
  recordDecision(call: CallContext, request: Decision): Promise<bigint | undefined>
  /** How far it is, and at last a report. Whoever stops reading ends it; the next run goes on. */
  archiveEntries(call: CallContext, wanted: WantedEntries): AsyncIterable<Exclude<ArchiveStep, { kind: 'moved' }> | ArchiveReport>
  openConsole(call: CallContext): Promise<ConsoleLink>
}
