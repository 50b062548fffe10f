/** The trust file: whose keys a verifier believes, in which state each version is, and the two keys of the audit log. docs/trust-file.schema.json */
import { type JsonObject, type KeyName, type KeyOrigin, type KeyState, type KeyTimes, toBase64 } from '#core'
import type { SuiteId } from '#suites'

export interface TrustFile {
  readonly version: 2
  /** Grows with every issue of this log's trust file; a smaller one is older. */
  readonly serial: number
  /** RFC 3339 in UTC. */
  readonly issuedAt: string
  /** It speaks for nobody from then on. */
  readonly expiresAt: string
  readonly log: {
    readonly origin: string
    /** Two vkeys: one Ed25519, one ML-DSA-44, both with the origin as their name. */
    readonly keys: readonly string[]
    /** Who cosigns its checkpoints (c2sp.org/tlog-witness). */
    readonly witnesses?: readonly TrustedWitness[]
    /** So many of them must have cosigned the checkpoint of a receipt; 0 or absent: none. */
    readonly quorum?: number
    /** Whose timestamps (RFC 3161) are believed. */
    readonly authorities?: readonly TrustedAuthority[]
  }
  /** One entry a key version. */
  readonly keys: readonly TrustedKey[]
  /** At most one entry a key name; a key without one has the defaults. */
  readonly policies: readonly TrustedPolicy[]
}

export interface TrustedWitness {
  readonly name: string
  /** One or two vkeys (types 04 and 06); it counts only with all of them. */
  readonly keys: readonly string[]
}

export interface TrustedAuthority {
  /** As it stands below checkpoints. */
  readonly name: string
  /** Certificates, DER in base64. */
  readonly roots: readonly string[]
}

export interface TrustedPublicKey {
  readonly suite: SuiteId
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array
}

export interface TrustedKey extends TrustedPublicKey {
  readonly name: KeyName
  /** 1 for the first one. */
  readonly version: number
  /** The classical key that signs `model.sig`. */
  readonly companion?: TrustedPublicKey
  readonly state: KeyState
  /** When the version came into each state; RFC 3339 in UTC. */
  readonly times?: KeyTimes
  readonly origin?: KeyOrigin
  /** RFC 3339 in UTC. */
  readonly notBefore?: string
  readonly notAfter?: string
  /** What the operator said at the last change of its state. */
  readonly reason?: string
}

export interface TrustedPolicy {
  readonly name: KeyName
  /** Older versions do not sign. Informs; what they signed is judged by their states. */
  readonly minSignVersion: number
  /** What older versions signed does not verify. */
  readonly minVerifyVersion: number
  readonly rotationDays?: number
  readonly deletionAllowed: boolean
}

/** The members that are signed: all but the signatures. */
export function trustJson(trust: TrustFile): JsonObject {
  const { version, serial, issuedAt, expiresAt, log } = trust
  return {
    version,
    serial,
    issuedAt,
    expiresAt,
    log: {
      origin: log.origin,
      keys: log.keys,
      ...(log.witnesses === undefined ? {} : { witnesses: log.witnesses.map(({ name, keys }) => ({ name, keys })) }),
      ...(log.quorum === undefined ? {} : { quorum: log.quorum }),
      ...(log.authorities === undefined ? {} : { authorities: log.authorities.map(({ name, roots }) => ({ name, roots })) }),
    },
    keys: trust.keys.map(({ spki, companion, times, ...key }) => ({
      ...key,
      spki: toBase64(spki),
      ...(companion === undefined ? {} : { companion: { suite: companion.suite, spki: toBase64(companion.spki) } }),
      ...(times === undefined ? {} : { times: { ...times } }),
    })),
    policies: trust.policies.map((policy) => ({ ...policy })),
  }
}
