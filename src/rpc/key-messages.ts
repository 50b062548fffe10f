/** Keys as callers see them. */
import type { HalfProtection, KeyProtection } from '#core'
import type { KeyView } from '#operations'
import {
  HALF_LOCATIONS,
  HALF_ROLES,
  type HalfProtectionInit,
  type KeyInit,
  type KeyPolicyInit,
  type KeyProtectionInit,
  type KeyTimesInit,
  SEALINGS,
  type TimestampInit,
  toTimestamp,
} from '#wire'

export function keyMessage({ record, policy, fingerprint, companionFingerprint, protection, actions }: KeyView): KeyInit {
  const { name, version, state, createdAt, hybrid, companion, times, notBefore, notAfter, origin, reason, destroyAt, quarantine } = record
  return {
    name,
    version,
    state,
    createdAt: toTimestamp(createdAt),
    hybrid: { suite: hybrid.suite, spki: hybrid.spki, fingerprint },
    companion: companion === undefined ? null : { suite: companion.suite, spki: companion.spki, fingerprint: companionFingerprint ?? '' },
    protection: protectionMessage(protection),
    times: timesMessage(times),
    notBefore: timeMessage(notBefore),
    notAfter: timeMessage(notAfter),
    origin,
    reason: reason ?? '',
    destroyAt: timeMessage(destroyAt),
    quarantine: quarantine ?? '',
    policy: policyMessage(policy),
    actions: [...actions],
  }
}

function timesMessage(times: KeyView['record']['times']): KeyTimesInit {
  return Object.fromEntries(Object.entries(times).map(([state, time]) => [state, toTimestamp(new Date(time))]))
}

function timeMessage(time: Date | undefined): TimestampInit | null {
  return time === undefined ? null : toTimestamp(time)
}

function policyMessage({ rotationDays, ...policy }: KeyView['policy']): KeyPolicyInit {
  return { ...policy, rotationDays: rotationDays ?? 0 }
}

function protectionMessage({
  module,
  tokenModel,
  tokenSerial,
  halves,
  origin,
  recoverable,
  firmware,
  validations = [],
}: KeyProtection): KeyProtectionInit {
  return {
    module,
    tokenModel,
    tokenSerial,
    halves: halves.map(halfMessage),
    origin: origin ?? '',
    recoverable: recoverable === true,
    firmware: firmware ?? '',
    validations: validations.map(({ version = '', certificate = '', ...told }) => ({ ...told, version, certificate })),
  }
}

function halfMessage({ role, location, sealing, ...attributes }: HalfProtection): HalfProtectionInit {
  return {
    role: HALF_ROLES[role],
    location: HALF_LOCATIONS[location],
    sealing: sealing === undefined ? 'SEALING_UNSPECIFIED' : SEALINGS[sealing],
    ...attributes,
  }
}
