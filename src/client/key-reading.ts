/** Keys: messages to domain types. */
import {
  defined,
  type HalfProtection,
  type KeyProtection,
  SealstoneError,
  type TokenValidation,
  VALIDATION_AUTHORITIES,
  VALIDATION_TYPES,
} from '#core'
import { publicKeyPem } from '#suites'
import {
  fromEnum,
  fromTimestamp,
  HALF_LOCATIONS,
  HALF_ROLES,
  type Key,
  type KeyPolicy,
  type KeyProtection as KeyProtectionMessage,
  type KeyTimes,
  type PublicKey,
  SEALINGS,
  type Timestamp,
} from '#wire'
import type { KeyInfo, KeyPolicyInfo, PublicKeyInfo } from './key-types.ts'

/** Throws INTERNAL for a daemon that leaves out what is always there. */
export function fromKey(key: Key | null): KeyInfo {
  if (key === null) throw new SealstoneError('INTERNAL', 'the daemon answered no key')
  const { name, version, state, createdAt, hybrid, companion, protection, policy, origin, reason, quarantine, actions } = key
  if (hybrid === null || createdAt === null || protection === null || policy === null)
    throw new SealstoneError('INTERNAL', `the daemon answered key ${name} without all its parts`)
  return {
    name,
    version,
    state,
    createdAt: fromTimestamp(createdAt),
    origin,
    times: fromTimes(key.times),
    ...defined({
      notBefore: fromTime(key.notBefore),
      notAfter: fromTime(key.notAfter),
      destroyAt: fromTime(key.destroyAt),
      reason: reason === '' ? undefined : reason,
      quarantine: quarantine === '' ? undefined : quarantine,
      companion: companion === null ? undefined : fromPublicKey(companion),
    }),
    policy: fromPolicy(policy),
    actions: [...actions],
    ...fromPublicKey(hybrid),
    protection: fromProtection(protection),
  }
}

function fromTimes(times: KeyTimes | null): KeyInfo['times'] {
  const { active = null, suspended = null, deactivated = null, compromised = null, destroyed = null } = times ?? {}
  return defined({
    active: fromTime(active),
    suspended: fromTime(suspended),
    deactivated: fromTime(deactivated),
    compromised: fromTime(compromised),
    destroyed: fromTime(destroyed),
  })
}

function fromTime(time: Timestamp | null): Date | undefined {
  return time === null ? undefined : fromTimestamp(time)
}

function fromPolicy({ minSignVersion, minVerifyVersion, rotationDays, deletionAllowed }: KeyPolicy): KeyPolicyInfo {
  return { minSignVersion, minVerifyVersion, deletionAllowed, ...defined({ rotationDays: rotationDays === 0 ? undefined : rotationDays }) }
}

function fromPublicKey({ suite, spki, fingerprint }: PublicKey): PublicKeyInfo {
  const der = Uint8Array.from(spki)
  return { suite, spki: der, pem: publicKeyPem({ spki: der }), fingerprint }
}

function fromProtection({
  module,
  tokenModel,
  tokenSerial,
  halves,
  origin,
  recoverable,
  firmware,
  validations,
}: KeyProtectionMessage): KeyProtection {
  const known = (['imported', 'adopted'] as const).find((name) => name === origin)
  return {
    module,
    tokenModel,
    tokenSerial,
    ...defined({ origin: known, firmware: firmware === '' ? undefined : firmware }),
    ...(recoverable ? { recoverable } : {}),
    ...(validations.length === 0 ? {} : { validations: validations.map(fromValidation) }),
    halves: halves.map(fromHalf),
  }
}

function fromValidation({ type, authority, level, version, certificate }: KeyProtectionMessage['validations'][number]): TokenValidation {
  return {
    // What a newer daemon knows and this client does not is as good as not said.
    type: VALIDATION_TYPES.find((known) => known === type) ?? 'unspecified',
    authority: VALIDATION_AUTHORITIES.find((known) => known === authority) ?? 'unspecified',
    ...defined({ level, version: orNone(version), certificate: orNone(certificate) }),
  }
}

function orNone(text: string): string | undefined {
  return text === '' ? undefined : text
}

function fromHalf(half: KeyProtectionMessage['halves'][number]): HalfProtection {
  const role = fromEnum<HalfProtection['role']>(HALF_ROLES, half.role)
  const location = fromEnum<HalfProtection['location']>(HALF_LOCATIONS, half.location)
  if (role === undefined || location === undefined)
    throw new SealstoneError('INTERNAL', 'the daemon answered a half of a key that this client does not know')
  const sealing = fromEnum<NonNullable<HalfProtection['sealing']>>(SEALINGS, half.sealing)
  const { sensitive, extractable, alwaysSensitive, neverExtractable, local } = half
  return { role, location, ...defined({ sealing, sensitive, extractable, alwaysSensitive, neverExtractable, local }) }
}
