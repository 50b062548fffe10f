/** Key pairs that live in the token: make, read the public half, sign, and ask the token how it guards the private half. */
import { randomBytes } from 'node:crypto'
import pkcs11js from 'pkcs11js'
import { SealstoneError } from '#core'
import { type AlgorithmRow, findAlgorithm } from './algorithms.ts'
import { GUARDED, readAttribute, readProtection, type TokenProtection } from './protection.ts'
import { isUnusable } from './quirks.ts'
import type { Token, TokenSession } from './token.ts'

export interface TokenKeyPair {
  /** CKA_ID as lower-case hex: 16 random bytes, so a repeated creation never meets an earlier one. */
  readonly ckaId: string
  readonly publicKey: Uint8Array
  readonly protection: TokenProtection
}

/**
 * Makes a key pair in the token. Throws TOKEN_UNSUPPORTED before anything is made where the token says that it cannot, TOKEN_KEY_MISMATCH when
 * it does not guard the key as it was told to; nothing is left in the token then.
 */
export function generateKeyPair(token: Token, algorithm: string, label: string): TokenKeyPair {
  const row = findAlgorithm(algorithm)
  requireAlgorithm(token, algorithm)
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

/** Whether the token says that it makes such keys and signs with them. */
export function supportsKeyPair(token: Token, algorithm: string): boolean {
  try {
    requireAlgorithm(token, algorithm)
    return true
  } catch (error) {
    if (error instanceof SealstoneError && error.code === 'TOKEN_UNSUPPORTED') return false
    throw error
  }
}

/** Throws TOKEN_UNSUPPORTED. */
function requireAlgorithm(token: Token, algorithm: string): void {
  const { generate, sign, keyBits } = findAlgorithm(algorithm)
  token.require(generate.mechanism, `make ${algorithm} keys`)
  token.require(sign.mechanism, `sign with ${algorithm} keys`)
  const isTooLarge = keyBits !== undefined && !token.supportsKeySize(generate.mechanism, keyBits)
  if (isTooLarge || isUnusable(token.info, algorithm))
    throw new SealstoneError('TOKEN_UNSUPPORTED', `the token ${token.info.label} cannot make ${algorithm} keys that sign`)
}

/** Of a key that nobody was told of. Does its best and never throws: an object that stays is used by nobody, and the log names it. */
export function removeKeyPair(token: Token, ckaId: string): void {
  try {
    token.run('remove an unfinished key', (on) => destroyObjects(on, ckaId))
  } catch (error) {
    token.warn({ ckaId, error: String(error) }, 'an unfinished key may have left objects in the token')
  }
  token.forget(ckaId)
}

/** Every object with that CKA_ID. */
export function destroyObjects({ cryptoki, session, objects }: TokenSession, ckaId: string): void {
  const found = objects.all([
    { type: pkcs11js.CKA_ID, value: Buffer.from(ckaId, 'hex') },
    { type: pkcs11js.CKA_TOKEN, value: true },
  ])
  for (const handle of found) cryptoki.C_DestroyObject(session, handle)
}

/** The raw public key: `04‖X‖Y`, the Ed25519 point, PKCS#1 RSAPublicKey, or FIPS 204 `pk`. */
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

/** A signature in the standard's form: DER for ECDSA, else raw. The whole message is given. `ctx` is for ML-DSA (FIPS 204 §5.2). */
export function signInToken(token: Token, algorithm: string, ckaId: string, message: Uint8Array, ctx: Uint8Array = new Uint8Array()): Uint8Array {
  const row: AlgorithmRow = findAlgorithm(algorithm)
  const input = nonNullBuffer(row.input(message))
  return token.run('sign', ({ cryptoki, session, objects }) => {
    cryptoki.C_SignInit(session, signMechanism(row, algorithm, ctx), objects.one(pkcs11js.CKO_PRIVATE_KEY, ckaId))
    // Synchronous on purpose: the callback form does not pin its input (wrong signatures under memory pressure).
    return Uint8Array.from(row.signature(cryptoki.C_Sign(session, input, Buffer.alloc(row.signatureBytes))))
  })
}

function signMechanism({ sign, context }: AlgorithmRow, algorithm: string, ctx: Uint8Array): pkcs11js.Mechanism {
  if (ctx.length === 0) return sign
  if (context === undefined) throw new SealstoneError('INPUT_INVALID', `${algorithm} takes no context`)
  return { ...sign, parameter: context(ctx) }
}

/** Removes both halves of a pair. One that is gone already is no error. */
export function destroyKeyPair(token: Token, ckaId: string): void {
  token.run('destroy a key', (on) => destroyObjects(on, ckaId))
  token.forget(ckaId)
}

/** A copy whose pointer is not NULL even if it is empty: SoftHSM answers CKR_ARGUMENTS_BAD to an empty message at NULL. */
function nonNullBuffer(bytes: Uint8Array): Buffer {
  const copy = Buffer.alloc(bytes.length + 1)
  copy.set(bytes)
  return copy.subarray(0, bytes.length)
}

export function newObjectId(): string {
  return randomBytes(16).toString('hex')
}
