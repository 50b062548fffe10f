/** Seals short secrets so that only this token opens them, bound to whom they belong (AAD). AES-GCM in the token, else RSA-OAEP. */
import pkcs11js from 'pkcs11js'
import { SealstoneError } from '#core'
import { type Borrowed, borrowed, secretBuffer } from './borrowed.ts'
import { faultClass } from './cryptoki-errors.ts'
import type { TokenProtection } from './protection.ts'
import { aesGcm, type AesGcmBlob } from './sealing-aes.ts'
import { rsaOaep, type RsaOaepBlob } from './sealing-rsa.ts'
import type { Token } from './token.ts'
import { destroyWrappingKey, findWrappingKeys, type WrappingKey, type WrappingKeyKind } from './wrapping-key.ts'

/** A secret that only the token can open. Public: it is worthless without the token. */
export type SealedBlob = AesGcmBlob | RsaOaepBlob

export interface Sealed {
  readonly blob: SealedBlob
  /** What the token says of the key that seals. */
  readonly protection: TokenProtection
}

/** One way of sealing. */
export interface Sealing<Blob extends SealedBlob> {
  /** Of the token's own keys for it. */
  readonly kind: WrappingKeyKind
  make(token: Token, number: number): WrappingKey
  seal(token: Token, ckaId: string, secret: Uint8Array, aad: Uint8Array): Blob
  /** Throws SEALED_SEED_INVALID, or what the token answered. */
  open(token: Token, blob: Blob, aad: Uint8Array): Borrowed
}

/** With AES-GCM where the token has it: it is quantum-safe, RSA is not. */
export function seal(token: Token, secret: Uint8Array, aad: Uint8Array): Sealed {
  const way = bestWay(token)
  const { ckaId, protection } = findWrappingKeys(token, way.kind).at(-1) ?? way.make(token, 1)
  return { blob: way.seal(token, ckaId, secret, aad), protection }
}

/** Which key seals now; undefined before the first secret. */
export function sealingKey(token: Token): WrappingKey | undefined {
  return findWrappingKeys(token, bestWay(token).kind).at(-1)
}

/** A new key, which seals from now on; what older ones sealed, they open. */
export function renewSealingKey(token: Token): WrappingKey {
  return bestWay(token).make(token, (sealingKey(token)?.number ?? 0) + 1)
}

/** Destroys the wrapping keys of either kind that are neither the one that seals nor among `named`; their CKA_IDs. What they sealed is lost. */
export function destroyOldSealingKeys(token: Token, named: readonly string[]): string[] {
  const kept = new Set([...named, sealingKey(token)?.ckaId])
  const old = [aesGcm.kind, rsaOaep.kind].flatMap((kind) => findWrappingKeys(token, kind)).filter(({ ckaId }) => !kept.has(ckaId))
  for (const key of old) destroyWrappingKey(token, key)
  return old.map(({ ckaId }) => ckaId)
}

/**
 * Wipe the result after use: `using`. Throws SEALED_SEED_INVALID when blob and AAD do not belong together. SoftHSM answers GENERAL_ERROR to
 * a wrong tag, as it would if it were broken, and a broken token must not be taken for lost data. So a fresh blob tells which it is: this
 * one is wrong only if the token opens that one and then refuses this one again.
 */
export function unseal(token: Token, blob: SealedBlob, aad: Uint8Array): Borrowed {
  try {
    return open(token, blob, aad)
  } catch (error) {
    if (!mayBeTheBlob(error)) throw error
    open(token, sealLike(token, blob, aad), aad)[Symbol.dispose]()
    token.warn({ error: String(error) }, 'a sealed secret did not open although others do; it is tried once more')
  }
  try {
    return open(token, blob, aad)
  } catch (error) {
    if (!mayBeTheBlob(error)) throw error
    throw new SealstoneError('SEALED_SEED_INVALID', 'the sealed seed does not open for this key', { cause: error })
  }
}

/** The token's random generator. */
export function tokenRandom(token: Token, byteLength: number): Borrowed {
  const random = borrowed(secretBuffer(byteLength))
  try {
    token.run('draw random bytes', ({ cryptoki, session }) => cryptoki.C_GenerateRandom(session, random.bytes))
    return random
  } catch (error) {
    random[Symbol.dispose]()
    throw error
  }
}

function bestWay(token: Token): Sealing<AesGcmBlob> | Sealing<RsaOaepBlob> {
  return token.supports(pkcs11js.CKM_AES_GCM) && token.supports(pkcs11js.CKM_AES_KEY_GEN) ? aesGcm : rsaOaep
}

function open(token: Token, blob: SealedBlob, aad: Uint8Array): Borrowed {
  switch (blob.sealing) {
    case 'aes-256-gcm':
      return aesGcm.open(token, blob, aad)
    case 'rsa-oaep':
      return rsaOaep.open(token, blob, aad)
  }
}

/** Under the same key, which is never made here. */
function sealLike(token: Token, { sealing, wrappingKey }: SealedBlob, aad: Uint8Array): SealedBlob {
  return (sealing === 'aes-256-gcm' ? aesGcm : rsaOaep).seal(token, wrappingKey, new Uint8Array(32), aad)
}

function mayBeTheBlob(error: unknown): boolean {
  const fault = faultClass(error)
  return fault === 'module' || fault === 'caller'
}
