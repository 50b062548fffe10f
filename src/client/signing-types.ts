/** What is signed and verified, and what comes back. */
import type { OperationId, SealstoneError } from '#core'
import type { HashModelOptions, HashProgress, Manifest } from '#hashing'
import type { RegistrySignature } from '#suites'
import type { Receipt } from '#tlog'

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

export interface RegistryChallenge extends RegistrySignature {
  readonly domain: string
  /** Of the outcome in the audit log. */
  readonly leafIndex: bigint
}
