/** Classical key pairs that live in the token: make, read the public half, sign, and ask the token how it guards the private half. */
import { randomBytes } from 'node:crypto'
import pkcs11js from 'pkcs11js'
import { SealstoneError } from '#core'
import { findAlgorithm } from './algorithms.ts'
import type { Cryptoki, Handle } from './cryptoki-module.ts'
import type { Token } from './token.ts'

/** What the token itself says about a secret or private key (PKCS#11 2.40 §4.9). */
export interface TokenProtection {
  readonly sensitive: boolean
  readonly extractable: boolean
  readonly alwaysSensitive: boolean
  readonly neverExtractable: boolean
  readonly local: boolean
}

export interface TokenKeyPair {
  /** CKA_ID as lower-case hex: 16 random bytes, so a repeated creation never meets an earlier one. */
  readonly ckaId: string
  readonly publicKey: Uint8Array
  readonly protection: TokenProtection
}

/** Makes a key pair in the token. Throws TOKEN_UNSUPPORTED, or TOKEN_KEY_MISMATCH when the token does not guard it as it was told to. */
export function generateKeyPair(token: Token, algorithm: string, label: string): TokenKeyPair {
  const row = findAlgorithm(algorithm)
  token.require(row.generate.mechanism, `make ${algorithm} keys`)
  const ckaId = newObjectId()
  const name = [
    { type: pkcs11js.CKA_TOKEN, value: true },
    { type: pkcs11js.CKA_LABEL, value: label },
    { type: pkcs11js.CKA_ID, value: Buffer.from(ckaId, 'hex') },
  ]
  token.run(`make an ${algorithm} key`, ({ cryptoki, session }) =>
    cryptoki.C_GenerateKeyPair(
      session,
      row.generate,
      [...name, { type: pkcs11js.CKA_KEY_TYPE, value: row.keyType }, { type: pkcs11js.CKA_VERIFY, value: true }, ...row.publicTemplate],
      [
        ...name,
        { type: pkcs11js.CKA_KEY_TYPE, value: row.keyType },
        { type: pkcs11js.CKA_PRIVATE, value: true },
        { type: pkcs11js.CKA_SENSITIVE, value: true },
        { type: pkcs11js.CKA_EXTRACTABLE, value: false },
        { type: pkcs11js.CKA_SIGN, value: true },
      ],
    ),
  )
  return { ckaId, publicKey: readPublicKey(token, algorithm, ckaId), protection: readKeyPairProtection(token, ckaId) }
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
