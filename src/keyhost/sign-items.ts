/** Signs whole messages: the suite says how, the token signs what it holds, an unsealed seed signs the rest and is wiped. */
import { SealstoneError } from '#core'
import { type Engine, findSuite, mlDsaPrimitive, type RawSigner, sign } from '#suites'
import { signInToken, type Token } from '#token'
import type { KeyMaterial } from './key-material.ts'
import { KEY_HOST_LIMITS, type SignItem } from './protocol.ts'
import type { ReadyKeys } from './ready-keys.ts'
import { missingHalf, openSeed, signEd25519 } from './sealed-seeds.ts'

export interface KeyHostParts {
  readonly token: Token
  readonly engine: Engine
  /** Protection statements name the token by a hash of its serial. */
  readonly hashSerial?: boolean
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
    using seed = openSeed(parts, key, 'ml-dsa')
    return parts.engine.signMlDsa(set, seed.bytes, bytes, ctx)
  })
}

function signWith(parts: KeyHostParts, key: KeyMaterial, message: Uint8Array, mlDsa: RawSigner['mlDsa']): Uint8Array {
  const { token, engine } = parts
  const classical: RawSigner['classical'] = (primitive, bytes) => {
    if (key.ckaId !== undefined) return signInToken(token, primitive, key.ckaId, bytes)
    if (primitive !== 'ed25519') throw missingHalf(key, primitive)
    using seed = openSeed(parts, key, 'ed25519')
    return signEd25519(seed, bytes)
  }
  const held = key.mlDsaCkaId
  const inToken: RawSigner['mlDsa'] = (set, bytes, ctx) => signInToken(token, mlDsaPrimitive(set), held ?? '', bytes, ctx)
  return sign(engine, findSuite(key.suite), { mlDsa: held === undefined ? mlDsa : inToken, classical }, message)
}
