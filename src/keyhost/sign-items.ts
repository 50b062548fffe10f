/** Signs whole messages: the suite says how, the token signs the classical half, the unsealed seed signs the ML-DSA half and is wiped. */
import { SealstoneError } from '#core'
import { type Engine, findSuite, type RawSigner, sign } from '#suites'
import { type Borrowed, signInToken, type Token, unseal } from '#token'
import { type KeyMaterial, sealingContext } from './key-material.ts'
import { KEY_HOST_LIMITS, type SignItem } from './protocol.ts'
import type { ReadyKeys } from './ready-keys.ts'

export interface KeyHostParts {
  readonly token: Token
  readonly engine: Engine
}

/** One signature per item, in order; all or nothing. */
export function signItems(parts: KeyHostParts, keys: ReadyKeys, items: readonly SignItem[]): Uint8Array[] {
  // The parent checks the same limits; this side does not rely on it.
  if (items.length > KEY_HOST_LIMITS.items)
    throw new SealstoneError('INPUT_INVALID', `${items.length} messages to sign, want at most ${KEY_HOST_LIMITS.items}`)
  const tooLong = items.find(({ message }) => message.length > KEY_HOST_LIMITS.messageBytes)
  if (tooLong !== undefined)
    throw new SealstoneError('MESSAGE_TOO_LARGE', `message is ${tooLong.message.length} bytes, want at most ${KEY_HOST_LIMITS.messageBytes}`)
  return items.map(({ key, message }) => {
    keys.test(key)
    return signWith(parts, key, message, (set, bytes, ctx) => keys.mlDsa(key, set)(bytes, ctx))
  })
}

/** Once, keeping nothing. */
export function signMessage(parts: KeyHostParts, key: KeyMaterial, message: Uint8Array): Uint8Array {
  return signWith(parts, key, message, (set, bytes, ctx) => {
    using seed = openSeed(parts, key)
    return parts.engine.signMlDsa(set, seed.bytes, bytes, ctx)
  })
}

function signWith({ token, engine }: KeyHostParts, key: KeyMaterial, message: Uint8Array, mlDsa: RawSigner['mlDsa']): Uint8Array {
  const classical: RawSigner['classical'] = (primitive, bytes) => {
    if (key.ckaId === undefined) throw missingHalf(key, primitive)
    return signInToken(token, primitive, key.ckaId, bytes)
  }
  return sign(engine, findSuite(key.suite), { mlDsa, classical }, message)
}

/** Wipe it after use: `using`. Throws SEALED_SEED_INVALID when the blob belongs to another key, version, suite or public key. */
export function openSeed({ token, engine }: KeyHostParts, key: KeyMaterial): Borrowed {
  if (key.sealedSeed === undefined) throw missingHalf(key, 'ml-dsa')
  return unseal(token, key.sealedSeed, sealingContext(engine, key))
}

function missingHalf(key: KeyMaterial, what: string): SealstoneError {
  return new SealstoneError('KEY_UNUSABLE', `key ${key.keyId} version ${key.version} has no ${what} half, its suite ${key.suite} needs one`)
}
