/** The token's own wrapping keys, found by their labels and numbered: the highest one seals, older ones open what they sealed. */
import pkcs11js from 'pkcs11js'
import { SealstoneError } from '#core'
import { destroyObjects } from './key-pair.ts'
import { readAttribute, readProtection, type TokenProtection } from './protection.ts'
import type { Token } from './token.ts'

export interface WrappingKey {
  /** Lower-case hex. */
  readonly ckaId: string
  /** 1 for the first one. */
  readonly number: number
  readonly protection: TokenProtection
}

export type WrappingKeyKind = keyof typeof KINDS

/** Every one of a kind, oldest first. Throws TOKEN_KEY_MISMATCH for two with one number, and for one that is not guarded. */
export function findWrappingKeys(token: Token, kind: WrappingKeyKind): WrappingKey[] {
  return token.run('find the wrapping keys', ({ cryptoki, session, objects }) => {
    const handles = objects.wanted([...KINDS[kind], { type: pkcs11js.CKA_TOKEN, value: true }])
    const found = handles.flatMap((handle): WrappingKey[] => {
      const number = numberOf(readAttribute(cryptoki, session, handle, pkcs11js.CKA_LABEL).toString('utf8'))
      if (number === undefined) return []
      const ckaId = readAttribute(cryptoki, session, handle, pkcs11js.CKA_ID).toString('hex')
      // One that was not made in the token is never used: somebody may have put it there who knows its value and waits for seeds. And SoftHSM leaves
      // such a thing, sometimes without an id, when the process dies while it makes or destroys a key.
      if (ckaId === '' || readAttribute(cryptoki, session, handle, pkcs11js.CKA_LOCAL)[0] !== 1) {
        token.warn({ ckaId, label: wrappingKeyLabel(number) }, 'a wrapping key that was not made in the token is left alone')
        return []
      }
      const protection = readProtection(cryptoki, session, handle)
      return [{ ckaId, number, protection }]
    })
    found.sort((left, right) => left.number - right.number)
    const twice = found.find(({ number }, index) => found[index + 1]?.number === number)
    if (twice !== undefined)
      throw new SealstoneError('TOKEN_KEY_MISMATCH', `the token has two keys labelled ${wrappingKeyLabel(twice.number)}, want 1`)
    return found
  })
}

/** One that is gone already is no error. */
export function destroyWrappingKey(token: Token, { ckaId }: Pick<WrappingKey, 'ckaId'>): void {
  token.run('destroy a wrapping key', (on) => destroyObjects(on, ckaId))
  token.forget(ckaId)
}

export function wrappingKeyLabel(number: number): string {
  return number === 1 ? FIRST_LABEL : `${FIRST_LABEL} ${number}`
}

function numberOf(label: string): number | undefined {
  if (label === FIRST_LABEL) return 1
  const digits = label.startsWith(`${FIRST_LABEL} `) ? label.slice(FIRST_LABEL.length + 1) : ''
  return /^[1-9][0-9]{0,8}$/.test(digits) && digits !== '1' ? Number(digits) : undefined
}

const KINDS = {
  aes: [
    { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_SECRET_KEY },
    { type: pkcs11js.CKA_KEY_TYPE, value: pkcs11js.CKK_AES },
  ],
  rsa: [
    { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_PRIVATE_KEY },
    { type: pkcs11js.CKA_KEY_TYPE, value: pkcs11js.CKK_RSA },
  ],
} as const
const FIRST_LABEL = 'sealstone wrapping key'
