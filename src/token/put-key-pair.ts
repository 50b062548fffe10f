/** Puts a key pair that was made outside into the token, as well guarded from then on as any; the token says CKA_LOCAL false of it. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import pkcs11js from 'pkcs11js'
import { SealstoneError } from '#core'
import { findAlgorithm } from './algorithms.ts'
import { faultClass, returnValue } from './cryptoki-errors.ts'
import { destroyObjects, newObjectId, readKeyPairProtection, readPublicKey, removeKeyPair, type TokenKeyPair } from './key-pair.ts'
import { GUARDED } from './protection.ts'
import type { Token } from './token.ts'

/**
 * @param pkcs8 PrivateKeyInfo (RFC 5958), DER; stays the caller's to wipe. Copies of its numbers are wiped here where they are bytes.
 * Throws TOKEN_UNSUPPORTED where the token takes no private key from outside; nothing is left in it then.
 */
export function putKeyPair(token: Token, algorithm: string, pkcs8: Buffer, label: string): TokenKeyPair {
  const row = findAlgorithm(algorithm)
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  const ckaId = newObjectId()
  const { secret, open } = numbersOf(key)
  const name = [
    { type: pkcs11js.CKA_TOKEN, value: true },
    { type: pkcs11js.CKA_KEY_TYPE, value: row.keyType },
    { type: pkcs11js.CKA_LABEL, value: label },
    { type: pkcs11js.CKA_ID, value: Buffer.from(ckaId, 'hex') },
    // An RSA modulus has its length in itself: a template of a finished key must not say it.
    ...row.publicTemplate.filter(({ type }) => type === pkcs11js.CKA_EC_PARAMS),
  ]
  const isPublic = { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_PUBLIC_KEY }
  const isPrivate = { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_PRIVATE_KEY }
  try {
    token.run(`take an ${algorithm} key`, (on) => {
      destroyObjects(on, ckaId) // what a first attempt made although it was answered with an error
      on.cryptoki.C_CreateObject(on.session, [isPublic, ...name, { type: pkcs11js.CKA_VERIFY, value: true }, ...open])
      on.cryptoki.C_CreateObject(on.session, [isPrivate, ...name, { type: pkcs11js.CKA_SIGN, value: true }, ...GUARDED, ...secret])
    })
    return { ckaId, publicKey: readPublicKey(token, algorithm, ckaId), protection: readKeyPairProtection(token, ckaId) }
  } catch (cause) {
    removeKeyPair(token, ckaId)
    if (faultClass(cause) !== 'caller' && returnValue(cause) !== 'CKR_FUNCTION_NOT_SUPPORTED') throw cause
    throw new SealstoneError('TOKEN_UNSUPPORTED', `the token ${token.info.label} takes no ${algorithm} key from outside`, {
      cause,
      hint: "make the key without recovery (--not-recoverable), and keep the token by its vendor's own backup",
    })
  } finally {
    for (const { value } of secret) if (Buffer.isBuffer(value)) value.fill(0)
  }
}

/** The attributes that only the private object has, and those that only the public one has (PKCS#11 3.0 §2.1, §2.3). */
function numbersOf(key: KeyObject): { secret: pkcs11js.Template; open: pkcs11js.Template } {
  if (key.asymmetricKeyType === 'rsa') return rsaNumbers(key)
  const jwk = createPublicKey(key).export({ format: 'jwk' })
  const [x, y] = [jwk.x ?? '', jwk.y ?? ''].map((text) => Buffer.from(text, 'base64url')) as [Buffer, Buffer]
  const point = key.asymmetricKeyType === 'ed25519' ? x : Buffer.concat([Buffer.from([4]), x, y])
  return {
    open: [{ type: pkcs11js.CKA_EC_POINT, value: octetString(point) }],
    secret: [{ type: pkcs11js.CKA_VALUE, value: key.export({ format: 'raw-private' }) }],
  }
}

/** Node gives an RSA key's numbers as text only, which nobody can wipe; the collector takes it. */
function rsaNumbers(key: KeyObject): { secret: pkcs11js.Template; open: pkcs11js.Template } {
  const jwk = key.export({ format: 'jwk' })
  const number = (name: 'd' | 'n' | 'e' | 'p' | 'q' | 'dp' | 'dq' | 'qi'): Buffer => Buffer.from(jwk[name] ?? '', 'base64url')
  const shared = [
    { type: pkcs11js.CKA_MODULUS, value: number('n') },
    { type: pkcs11js.CKA_PUBLIC_EXPONENT, value: number('e') },
  ]
  return {
    open: shared,
    secret: [
      ...shared,
      { type: pkcs11js.CKA_PRIVATE_EXPONENT, value: number('d') },
      { type: pkcs11js.CKA_PRIME_1, value: number('p') },
      { type: pkcs11js.CKA_PRIME_2, value: number('q') },
      { type: pkcs11js.CKA_EXPONENT_1, value: number('dp') },
      { type: pkcs11js.CKA_EXPONENT_2, value: number('dq') },
      { type: pkcs11js.CKA_COEFFICIENT, value: number('qi') },
    ],
  }
}

/** DER; a P-521 point is 133 bytes, so the length takes one byte or two. */
function octetString(bytes: Buffer): Buffer {
  const length = bytes.length < 128 ? [bytes.length] : [0x81, bytes.length]
  return Buffer.concat([Buffer.from([4, ...length]), bytes])
}
