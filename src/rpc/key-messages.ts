/** Keys as callers see them. */
import { type HalfProtection, type KeyName, type KeyProtection, parseKeyName } from '#core'
import type { KeyView } from '#operations'
import { HALF_LOCATIONS, HALF_ROLES, type HalfProtectionInit, type KeyInit, type KeyProtectionInit, SEALINGS, toTimestamp } from '#wire'
import { readWith } from './fields.ts'

/** Throws INPUT_INVALID. */
export function toKeyName(text: string, field: string): KeyName {
  return readWith(parseKeyName, text, field)
}

export function keyMessage({ name, version, state, suite, createdAt, spki, fingerprint, companion, protection }: KeyView): KeyInit {
  return {
    name,
    version,
    state,
    createdAt: toTimestamp(createdAt),
    hybrid: { suite, spki, fingerprint },
    companion: companion === undefined ? null : { ...companion },
    protection: protectionMessage(protection),
  }
}

function protectionMessage({ module, tokenModel, tokenSerial, halves }: KeyProtection): KeyProtectionInit {
  return { module, tokenModel, tokenSerial, halves: halves.map(halfMessage) }
}

function halfMessage({ role, location, sealing, ...attributes }: HalfProtection): HalfProtectionInit {
  return {
    role: HALF_ROLES[role],
    location: HALF_LOCATIONS[location],
    sealing: sealing === undefined ? 'SEALING_UNSPECIFIED' : SEALINGS[sealing],
    ...attributes,
  }
}
