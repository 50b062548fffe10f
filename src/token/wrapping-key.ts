/** The token's own wrapping key, found by its label: two of them, or one that is not guarded, are refused. */
import pkcs11js from 'pkcs11js'
import { SealstoneError } from '#core'
import { readAttribute, readProtection, type TokenProtection } from './protection.ts'
import type { Token } from './token.ts'

export interface WrappingKey {
  /** Lower-case hex. */
  readonly ckaId: string
  readonly protection: TokenProtection
}

/** Undefined when there is none yet. Throws TOKEN_KEY_MISMATCH. */
export function findWrappingKey(token: Token, objectClass: number, keyType: number): WrappingKey | undefined {
  return token.run('find the wrapping key', ({ cryptoki, session, objects }) => {
    const found = objects.wanted([
      { type: pkcs11js.CKA_CLASS, value: objectClass },
      { type: pkcs11js.CKA_KEY_TYPE, value: keyType },
      { type: pkcs11js.CKA_LABEL, value: WRAPPING_KEY_LABEL },
      { type: pkcs11js.CKA_TOKEN, value: true },
    ])
    const [handle] = found
    if (handle === undefined) return undefined
    if (found.length > 1) throw new SealstoneError('TOKEN_KEY_MISMATCH', `the token has ${found.length} keys labelled ${WRAPPING_KEY_LABEL}, want 1`)
    const ckaId = readAttribute(cryptoki, session, handle, pkcs11js.CKA_ID).toString('hex')
    return { ckaId, protection: readProtection(cryptoki, session, handle) }
  })
}

export const WRAPPING_KEY_LABEL = 'sealstone wrapping key'
