/** Keys as the client shows them, and the changes that can be asked of the daemon. */
import type { KeyProtection } from '#core'
import type { CallOptions } from './options.ts'

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

/** Of one key, or of all; `identityFile` is a path on the daemon's machine, of which this program reads nothing. */
export type RestoreKeysRequest = { readonly identityFile: string } & ({ readonly name: string; readonly version?: number } | { readonly all: true })

export interface RestoredKeyInfo {
  /** Absent for the audit log's own keys. */
  readonly name?: string
  readonly version?: number
  /** `present`: the token has it. `lost`: it has no recovery blob. `failed`: the blob could not be put back. `left`: its state does not allow it. */
  readonly outcome: 'restored' | 'present' | 'lost' | 'failed' | 'left'
  readonly detail: string
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
  /** Writes a backup to the daemon's disk. Default deadline: a day. */
  backupKeys(options?: CallOptions): Promise<BackupInfo>
  /** Puts versions that the token has no longer back into it. The log's own keys are looked at too, and told of first. Default deadline: a day. */
  restoreKeys(request: RestoreKeysRequest, options?: CallOptions): Promise<readonly RestoredKeyInfo[]>
  /** Seals every seed anew under a new wrapping key. `destroyOld`: backups from before, and other daemons on this token, lose theirs. Default deadline: a day. */
  rewrapKeys(request: { readonly destroyOld?: boolean }, options?: CallOptions): Promise<RewrapInfo>
  /** `uri` as RFC 7512 has it, with `id` or `object`. */
  adoptKey(request: KeyValidity & { readonly name: string; readonly uri: string }, options?: CallOptions): Promise<KeyInfo>
  /** `file` is the name of a file in the folder `import` of the daemon's state directory. */
  importKey(request: KeyValidity & { readonly name: string; readonly file: string }, options?: CallOptions): Promise<KeyInfo>
}
