/** Seals short secrets so that only this token opens them, bound to whom they belong (AAD). AES-GCM in the token, else RSA-OAEP. */
import pkcs11js from 'pkcs11js'
import { SealstoneError } from '#core'
import { type Borrowed, borrowed, secretBuffer } from './borrowed.ts'
import { faultClass } from './cryptoki-errors.ts'
import type { TokenProtection } from './protection.ts'
import { aesGcm, type AesGcmBlob } from './sealing-aes.ts'
import { rsaOaep, type RsaOaepBlob } from './sealing-rsa.ts'
import type { Token } from './token.ts'

/** A secret that only the token can open. Public: it is worthless without the token. */
export type SealedBlob = AesGcmBlob | RsaOaepBlob

export interface Sealed {
  readonly blob: SealedBlob
  /** What the token says of the key that seals. */
  readonly protection: TokenProtection
}

/** One way of sealing. */
export interface Sealing<Blob extends SealedBlob> {
  seal(token: Token, secret: Uint8Array, aad: Uint8Array): { readonly blob: Blob; readonly protection: TokenProtection }
  /** Throws SEALED_SEED_INVALID, or what the token answered. */
  open(token: Token, blob: Blob, aad: Uint8Array): Borrowed
}

/** With AES-GCM where the token has it: it is quantum-safe, RSA is not. The wrapping key is made on first use. */
export function seal(token: Token, secret: Uint8Array, aad: Uint8Array): Sealed {
  const hasAes = token.supports(pkcs11js.CKM_AES_GCM) && token.supports(pkcs11js.CKM_AES_KEY_GEN)
  return hasAes ? aesGcm.seal(token, secret, aad) : rsaOaep.seal(token, secret, aad)
}

/** Wipe the result after use: `using`. Throws SEALED_SEED_INVALID when blob and AAD do not belong together. */
export function unseal(token: Token, blob: SealedBlob, aad: Uint8Array): Borrowed {
  try {
    return open(token, blob, aad)
  } catch (error) {
    // SoftHSM answers GENERAL_ERROR to a wrong tag, as it would if it were broken. A fresh blob tells which: if that opens, this one is wrong.
    if (faultClass(error) === 'module') open(token, sealLike(token, blob, aad), aad)[Symbol.dispose]()
    else if (faultClass(error) !== 'caller') throw error
    throw new SealstoneError('SEALED_SEED_INVALID', 'the sealed seed does not open for this key', { cause: error })
  }
}

/** The token's random generator. */
export function tokenRandom(token: Token, byteLength: number): Borrowed {
  return token.run('draw random bytes', ({ cryptoki, session }) => borrowed(cryptoki.C_GenerateRandom(session, secretBuffer(byteLength))))
}

function open(token: Token, blob: SealedBlob, aad: Uint8Array): Borrowed {
  switch (blob.sealing) {
    case 'aes-256-gcm':
      return aesGcm.open(token, blob, aad)
    case 'rsa-oaep':
      return rsaOaep.open(token, blob, aad)
  }
}

function sealLike(token: Token, { sealing }: SealedBlob, aad: Uint8Array): SealedBlob {
  const way = sealing === 'aes-256-gcm' ? aesGcm : rsaOaep
  return way.seal(token, new Uint8Array(32), aad).blob
}
