/** Moves sealed seeds to another wrapping key of the token: opened and sealed anew here, and opened again before anybody refers to the new form. */
import { timingSafeEqual } from 'node:crypto'
import { SealstoneError } from '#core'
import { destroyOldSealingKeys, renewSealingKey, seal, sealingKey, unseal } from '#token'
import { type KeyMaterial, sealingContext } from './key-material.ts'
import type { WrappingKeyName } from './protocol.ts'
import type { KeyHostParts } from './sign-items.ts'

/**
 * Which wrapping key is to seal from now on. One that seals already and that not everything sealed names is an earlier change that did not
 * end: it is carried on with, instead of making another.
 * @param named CKA_IDs of the wrapping keys that sealed seeds name
 */
export function beginReseal({ token }: KeyHostParts, named: readonly string[]): WrappingKeyName {
  const current = sealingKey(token)
  const isUnfinished = current !== undefined && named.some((ckaId) => ckaId !== current.ckaId)
  const { ckaId, number } = isUnfinished ? current : renewSealingKey(token)
  return { ckaId, number }
}

/** The same keys, sealed by the wrapping key that seals now. Throws SEALED_SEED_INVALID or TOKEN_*; the old forms stay as good as they were. */
export function resealKeys(parts: KeyHostParts, keys: readonly KeyMaterial[]): KeyMaterial[] {
  return keys.map((key) => reseal(parts, key))
}

/** CKA_IDs of the wrapping keys that are gone now: whatever is not named, and does not seal. */
export function endReseal({ token }: KeyHostParts, named: readonly string[]): string[] {
  return destroyOldSealingKeys(token, named)
}

function reseal({ token, engine }: KeyHostParts, key: KeyMaterial): KeyMaterial {
  if (key.sealedSeed === undefined) return key
  const context = sealingContext(engine, key)
  using secret = unseal(token, key.sealedSeed, context)
  const sealed = seal(token, secret.bytes, context)
  using again = unseal(token, sealed.blob, context)
  if (again.bytes.length !== secret.bytes.length || !timingSafeEqual(again.bytes, secret.bytes))
    throw new SealstoneError('SEALED_SEED_INVALID', `key ${key.keyId} version ${key.version}: what was sealed anew opens as something else`)
  const halves = key.protection.halves.map((half) =>
    half.location === 'sealed' ? { role: half.role, location: half.location, sealing: sealed.blob.sealing, ...sealed.protection } : half,
  )
  return { ...key, sealedSeed: sealed.blob, protection: { ...key.protection, halves } }
}
