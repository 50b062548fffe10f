/** How secret and private keys are guarded: what the token is told when they are made, and what it says of them afterwards. */
import pkcs11js from 'pkcs11js'
import { SealstoneError } from '#core'
import type { Cryptoki, Handle } from './cryptoki-module.ts'

/** What the token itself says about a secret or private key (PKCS#11 2.40 §4.9). */
export interface TokenProtection {
  readonly sensitive: boolean
  readonly extractable: boolean
  readonly alwaysSensitive: boolean
  readonly neverExtractable: boolean
  readonly local: boolean
}

/** How every secret and private key is made. */
export const GUARDED: pkcs11js.Template = [
  { type: pkcs11js.CKA_PRIVATE, value: true },
  { type: pkcs11js.CKA_SENSITIVE, value: true },
  { type: pkcs11js.CKA_EXTRACTABLE, value: false },
]

/** Throws TOKEN_KEY_MISMATCH unless the key is sensitive and not extractable. */
export function readProtection(cryptoki: Cryptoki, session: Handle, handle: Handle): TokenProtection {
  const flag = (type: number): boolean => readAttribute(cryptoki, session, handle, type)[0] === 1
  const protection = {
    sensitive: flag(pkcs11js.CKA_SENSITIVE),
    extractable: flag(pkcs11js.CKA_EXTRACTABLE),
    alwaysSensitive: flag(pkcs11js.CKA_ALWAYS_SENSITIVE),
    neverExtractable: flag(pkcs11js.CKA_NEVER_EXTRACTABLE),
    local: flag(pkcs11js.CKA_LOCAL),
  }
  if (!protection.sensitive || protection.extractable) {
    throw new SealstoneError('TOKEN_KEY_MISMATCH', `a key in the token is ${JSON.stringify(protection)}, want sensitive and not extractable`)
  }
  return protection
}

// One attribute per call: C_GetAttributeValue fails for the whole batch if one of them is unknown to the token.
export function readAttribute(cryptoki: Cryptoki, session: Handle, handle: Handle, type: number): Buffer {
  const [result] = cryptoki.C_GetAttributeValue(session, handle, [{ type }])
  if (result === undefined) throw new SealstoneError('TOKEN_UNAVAILABLE', `the token gave no value for attribute 0x${type.toString(16)}`)
  return result.value
}
