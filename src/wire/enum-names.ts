/** How the values of the domain are spelled as proto enums: one table each, read from both ends. */

export const HASH_TYPES = { sha256: 'HASH_TYPE_SHA256', blake2b: 'HASH_TYPE_BLAKE2B', blake3: 'HASH_TYPE_BLAKE3' } as const
export const METHODS = { files: 'METHOD_FILES', shards: 'METHOD_SHARDS' } as const
export const REQUIREMENTS = { key: 'REQUIREMENT_UNSPECIFIED', hybrid: 'REQUIREMENT_HYBRID', classical: 'REQUIREMENT_CLASSICAL' } as const
export const CHECK_STATUSES = { passed: 'STATUS_PASSED', failed: 'STATUS_FAILED', 'not-applicable': 'STATUS_NOT_APPLICABLE' } as const
export const DIFFERENCE_KINDS = { changed: 'KIND_CHANGED', missing: 'KIND_MISSING', extra: 'KIND_EXTRA' } as const
export const HALF_ROLES = { 'ml-dsa': 'ROLE_ML_DSA', classical: 'ROLE_CLASSICAL', companion: 'ROLE_COMPANION' } as const
export const HALF_LOCATIONS = { token: 'LOCATION_TOKEN', sealed: 'LOCATION_SEALED' } as const
export const SEALINGS = { 'aes-256-gcm': 'SEALING_AES_256_GCM', 'rsa-oaep': 'SEALING_RSA_OAEP' } as const
export const ENTRY_KINDS = {
  'log-start': 'ENTRY_KIND_LOG_START',
  intent: 'ENTRY_KIND_INTENT',
  outcome: 'ENTRY_KIND_OUTCOME',
  refused: 'ENTRY_KIND_REFUSED',
  'key-created': 'ENTRY_KIND_KEY_CREATED',
  'daemon-start': 'ENTRY_KIND_DAEMON_START',
  'daemon-stop': 'ENTRY_KIND_DAEMON_STOP',
  recovery: 'ENTRY_KIND_RECOVERY',
  verify: 'ENTRY_KIND_VERIFY',
  'verify-summary': 'ENTRY_KIND_VERIFY_SUMMARY',
  'login-refused': 'ENTRY_KIND_LOGIN_REFUSED',
  'config-changed': 'ENTRY_KIND_CONFIG_CHANGED',
  'crash-found': 'ENTRY_KIND_CRASH_FOUND',
  'clock-step': 'ENTRY_KIND_CLOCK_STEP',
  'log-export': 'ENTRY_KIND_LOG_EXPORT',
  decision: 'ENTRY_KIND_DECISION',
} as const
export const RESTORE_OUTCOMES = {
  restored: 'OUTCOME_RESTORED',
  present: 'OUTCOME_PRESENT',
  lost: 'OUTCOME_LOST',
  failed: 'OUTCOME_FAILED',
  left: 'OUTCOME_LEFT',
} as const
export const DECISIONS = { allowed: 'DECISION_ALLOWED', warned: 'DECISION_WARNED', blocked: 'DECISION_BLOCKED' } as const

/** The domain's value for an enum name, undefined for `…_UNSPECIFIED` and for what a newer program may send. */
export function fromEnum<Value extends string>(table: Readonly<Record<Value, string>>, name: string | number): Value | undefined {
  return (Object.keys(table) as Value[]).find((value) => table[value] === name)
}
