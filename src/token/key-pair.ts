/** Classical key pairs that live in the token: make, read the public half, sign, and ask the token how it guards the private half. */
import { randomBytes } from 'node:crypto'
import pkcs11js from 'pkcs11js'
import { findAlgorithm } from './algorithms.ts'
import { GUARDED, readAttribute, readProtection, type TokenProtection } from './protection.ts'
import type { Token, TokenSession } from './token.ts'

export interface TokenKeyPair {
  /** CKA_ID as lower-case hex: 16 random bytes, so a repeated creation never meets an earlier one. */
  readonly ckaId: string
  readonly publicKey: Uint8Array
  readonly protection: TokenProtection
}

/**
 * Makes a key pair in the token. Throws TOKEN_UNSUPPORTED, or TOKEN_KEY_MISMATCH when the token does not guard it as it was told to; then
 * no object of it is left.
 */
export function generateKeyPair(token: Token, algorithm: string, label: string): TokenKeyPair {
  const row = findAlgorithm(algorithm)
  token.require(row.generate.mechanism, `make ${algorithm} keys`)
  const ckaId = newObjectId()
  const name = [
    { type: pkcs11js.CKA_TOKEN, value: true },
    { type: pkcs11js.CKA_LABEL, value: label },
    { type: pkcs11js.CKA_ID, value: Buffer.from(ckaId, 'hex') },
  ]
  const type = { type: pkcs11js.CKA_KEY_TYPE, value: row.keyType }
  try {
    token.run(`make an ${algorithm} key`, (on) => {
      destroyObjects(on, ckaId) // what a first attempt made although it was answered with an error
      on.cryptoki.C_GenerateKeyPair(
        on.session,
        row.generate,
        [...name, type, { type: pkcs11js.CKA_VERIFY, value: true }, ...row.publicTemplate],
        [...name, type, { type: pkcs11js.CKA_SIGN, value: true }, ...GUARDED],
      )
    })
    return { ckaId, publicKey: readPublicKey(token, algorithm, ckaId), protection: readKeyPairProtection(token, ckaId) }
  } catch (error) {
    removeKeyPair(token, ckaId)
    throw error
  }
}

/** Of a key that nobody was told of. Does its best and never throws: an object that stays is used by nobody, and the log names it. */
export function removeKeyPair(token: Token, ckaId: string): void {
  try {
    token.run('remove an unfinished key', (on) => destroyObjects(on, ckaId))
  } catch (error) {
    token.warn({ ckaId, error: String(error) }, 'an unfinished key may have left objects in the token')
  }
}

/** Every object with that CKA_ID. */
export function destroyObjects({ cryptoki, session, objects }: TokenSession, ckaId: string): void {
  const found = objects.all([
    { type: pkcs11js.CKA_ID, value: Buffer.from(ckaId, 'hex') },
    { type: pkcs11js.CKA_TOKEN, value: true },
  ])
  for (const handle of found) cryptoki.C_DestroyObject(session, handle)
}

/** The raw public key: `04‖X‖Y`, the Ed25519 point, or PKCS#1 RSAPublicKey. */
export function readPublicKey(token: Token, algorithm: string, ckaId: string): Uint8Array {
  const row = findAlgorithm(algorithm)
  return token.run('read a public key', ({ cryptoki, session, objects }) => {
    const handle = objects.one(pkcs11js.CKO_PUBLIC_KEY, ckaId)
    return row.publicKey(row.publicAttributes.map((type) => readAttribute(cryptoki, session, handle, type)))
  })
}

/** Throws TOKEN_KEY_MISMATCH unless the private key is sensitive and not extractable. */
export function readKeyPairProtection(token: Token, ckaId: string): TokenProtection {
  return token.run('read how a key is protected', ({ cryptoki, session, objects }) =>
    readProtection(cryptoki, session, objects.one(pkcs11js.CKO_PRIVATE_KEY, ckaId)),
  )
}

/** A signature in the standard's form: DER for ECDSA, raw for Ed25519 and RSA-PSS. The whole message is given. */
export function signInToken(token: Token, algorithm: string, ckaId: string, message: Uint8Array): Uint8Array {
  const row = findAlgorithm(algorithm)
  const input = Buffer.from(row.input(message))
  return token.run('sign', ({ cryptoki, session, objects }) => {
    cryptoki.C_SignInit(session, row.sign, objects.one(pkcs11js.CKO_PRIVATE_KEY, ckaId))
    // Synchronous on purpose: the callback form does not pin its input (wrong signatures under memory pressure).
    return Uint8Array.from(row.signature(cryptoki.C_Sign(session, input, Buffer.alloc(row.signatureBytes))))
  })
}

export function newObjectId(): string {
  return randomBytes(16).toString('hex')
}
