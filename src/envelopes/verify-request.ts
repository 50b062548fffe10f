/** What a verifier brings: signatures, what it trusts, what it demands, what is on disk. */
import type { Manifest } from '#hashing'
import type { Engine, PublicKey } from '#suites'
import type { RequiredProtection } from './key-protection.ts'
import type { TrustFile } from './trust/trust-file.ts'

export type TrustPolicy =
  | { readonly kind: 'trust-file'; readonly trust: TrustFile }
  | { readonly kind: 'public-key'; readonly keys: readonly PublicKey[] }
  /** DER certificates. */
  | { readonly kind: 'trust-root'; readonly roots: readonly Uint8Array[] }

/**
 * `key`: a key that is quantum-safe must have made its own signature. `hybrid`: a quantum-safe key must have signed. `classical`: `model.sig` is
 * enough, and the verdict warns of it.
 */
export type Requirement = 'key' | 'hybrid' | 'classical'

export interface VerifyModelRequest {
  readonly engine: Engine
  /** The content of `model.sig`, or of any OMS bundle. */
  readonly bundle?: Uint8Array
  /** The content of `model.hybrid.sig`. */
  readonly hybrid?: Uint8Array
  readonly trust: TrustPolicy
  readonly require: Requirement
  /** How the halves that made `model.hybrid.sig` must be guarded, by the logged statement; default: in any way. */
  readonly requireProtection?: RequiredProtection
  /** What is on disk, hashed by the plan of `hashingPlan`; without it the files are not compared. */
  readonly manifest?: Manifest
  /** Files that no signature names are accepted, with a warning. Default false. */
  readonly ignoreUnsignedFiles?: boolean
  /**
   * `model`, the default: only a statement of a model's files counts. `any`: other in-toto statements are verified too; read `verdict.statement`.
   * With a predicate type only statements of that one count.
   */
  readonly statement?: 'model' | 'any' | { readonly predicateType: string }
  readonly now: Date
}
