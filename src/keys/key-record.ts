/** What is known of a key version: its state, its times, and how it may be used. Plain data; nothing secret that works without the token. */
import { type KeyName, type KeyOrigin, type KeyProtection, type KeyState, type KeyTimes, perObject } from '#core'
import type { KeyMaterial } from '#keyhost'

export interface KeyRecord {
  readonly name: KeyName
  /** 1 for the first one. */
  readonly version: number
  readonly state: KeyState
  readonly times: KeyTimes
  readonly createdAt: Date
  readonly origin: KeyOrigin
  /** It signs from then on; before, it is pre-active. */
  readonly notBefore?: Date
  /** It signs until then, exclusive; after, it is deactivated. */
  readonly notAfter?: Date
  /** What the operator said at the last change of state. */
  readonly reason?: string
  /** Its destruction was asked for and happens then, unless it is called off. */
  readonly destroyAt?: Date
  /** Why it may not sign although it is active: something that it made did not verify. */
  readonly quarantine?: string
  /** The key itself: hybrid, pure ML-DSA or classical, as its suite says. */
  readonly hybrid: KeyMaterial
  /** For `model.sig`: a classical key of its own, not the hybrid's half. Absent where the suite is classical itself. */
  readonly companion?: KeyMaterial
}

/** What holds for all versions of a key. */
export interface KeyPolicy {
  /** Older versions do not sign. */
  readonly minSignVersion: number
  /** What older versions signed does not verify. */
  readonly minVerifyVersion: number
  /** A new version is made when the newest one is this old; absent: by hand only. */
  readonly rotationDays?: number
  /** Whether a version may be destroyed at all. */
  readonly deletionAllowed: boolean
}

/** The audit log's own keys, apart from every signing key. */
export interface LogKeys {
  readonly ed25519: KeyMaterial
  readonly mlDsa44: KeyMaterial
}

export interface RecordSignatures {
  readonly hybrid: Uint8Array
  readonly companion?: Uint8Array
}

/** How the whole key is guarded, in one statement: every half, and the companion. The same object for the same record. */
export const recordProtection = perObject(
  ({ hybrid, companion, origin }: Pick<KeyRecord, 'hybrid' | 'companion' | 'origin'>): KeyProtection => ({
    ...hybrid.protection,
    ...(origin === 'generated' ? {} : { origin }),
    halves: [...hybrid.protection.halves, ...(companion?.protection.halves ?? [])],
  }),
)

/** `key default version 2`, as messages name it. */
export function describeVersion({ name, version }: Pick<KeyRecord, 'name' | 'version'>): string {
  return `key ${name} version ${version}`
}

export const DEFAULT_KEY_POLICY: KeyPolicy = { minSignVersion: 1, minVerifyVersion: 1, deletionAllowed: false }
