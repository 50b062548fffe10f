/** For tokens without AES-GCM: a fresh AES key per secret, encrypted to an RSA key of the token; the token's part is one C_Decrypt. */
import { constants, createCipheriv, createDecipheriv, createPublicKey, publicEncrypt, randomBytes, randomFillSync } from 'node:crypto'
import pkcs11js from 'pkcs11js'
import { concatBytes, SealstoneError } from '#core'
import { type Borrowed, borrowed, borrowedCopy, secretBuffer } from './borrowed.ts'
import { faultClass } from './cryptoki-errors.ts'
import { derSequenceOfIntegers } from './der.ts'
import { destroyObjects, newObjectId } from './key-pair.ts'
import { GUARDED, readAttribute, readProtection } from './protection.ts'
import type { Sealing } from './sealing.ts'
import type { Token } from './token.ts'
import { type WrappingKey, wrappingKeyLabel } from './wrapping-key.ts'

export interface RsaOaepBlob {
  readonly sealing: 'rsa-oaep'
  /** CKA_ID of the wrapping key pair, lower-case hex. */
  readonly wrappingKey: string
  /** RFC 8017 §7.1, also for MGF1, with an empty label. SHA-1 only where the token knows no other (SoftHSM 2.6). */
  readonly oaepHash: OaepHash
  /** The AES-256 key, encrypted. */
  readonly encryptedKey: Uint8Array
  /** 12 random bytes. */
  readonly iv: Uint8Array
  /** AES-256-GCM: ciphertext ‖ 16-byte tag, bound to the same AAD as in a token that has GCM. */
  readonly ciphertext: Uint8Array
}

export type OaepHash = keyof typeof OAEP_HASHES

export const rsaOaep: Sealing<RsaOaepBlob> = {
  kind: 'rsa',
  make: makeWrappingKeyPair,
  seal: (token, ckaId, secret, aad) => {
    using key = borrowed(randomFillSync(secretBuffer(32)))
    const { oaepHash, encryptedKey } = encryptKey(token, ckaId, key.bytes)
    const iv = Uint8Array.from(randomBytes(IV_BYTES))
    const cipher = createCipheriv('aes-256-gcm', key.bytes, iv).setAAD(aad)
    const ciphertext = concatBytes(cipher.update(secret), cipher.final(), cipher.getAuthTag())
    return { sealing: 'rsa-oaep', wrappingKey: ckaId, oaepHash, encryptedKey, iv, ciphertext }
  },
  open: (token, { wrappingKey, oaepHash, encryptedKey, iv, ciphertext }, aad) => {
    if (iv.length !== IV_BYTES || ciphertext.length <= TAG_BYTES) {
      throw new SealstoneError('SEALED_SEED_INVALID', 'the sealed seed has the wrong length')
    }
    using key = decryptKey(token, wrappingKey, oaepHash, encryptedKey)
    try {
      const decipher = createDecipheriv('aes-256-gcm', key.bytes, iv).setAAD(aad).setAuthTag(ciphertext.subarray(-TAG_BYTES))
      using secret = borrowed(decipher.update(ciphertext.subarray(0, -TAG_BYTES)))
      decipher.final()
      return borrowedCopy(secret.bytes)
    } catch (cause) {
      throw new SealstoneError('SEALED_SEED_INVALID', 'the sealed seed does not open for this key', { cause })
    }
  },
}

/** With the strongest hash that the token really decrypts: what it claims about OAEP says nothing about hashes. */
function encryptKey(token: Token, ckaId: string, key: Buffer): { readonly oaepHash: OaepHash; readonly encryptedKey: Uint8Array } {
  const publicKey = createPublicKey({ key: readRsaPublicKey(token, ckaId), format: 'der', type: 'pkcs1' })
  for (const oaepHash of ['sha256', 'sha1'] as const) {
    const encryptedKey = Uint8Array.from(publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, key))
    try {
      decryptKey(token, ckaId, oaepHash, encryptedKey)[Symbol.dispose]()
      return { oaepHash, encryptedKey }
    } catch (error) {
      if (faultClass(error) !== 'caller') throw error
    }
  }
  throw new SealstoneError('TOKEN_UNSUPPORTED', `the token ${token.info.label} can seal neither with AES-GCM nor with RSA-OAEP`)
}

function decryptKey(token: Token, ckaId: string, oaepHash: OaepHash, encryptedKey: Uint8Array): Borrowed {
  return token.run('open a sealed secret', ({ cryptoki, session, objects }) => {
    const handle = objects.one(pkcs11js.CKO_PRIVATE_KEY, ckaId)
    using output = borrowed(secretBuffer(encryptedKey.length))
    cryptoki.C_DecryptInit(session, { mechanism: pkcs11js.CKM_RSA_PKCS_OAEP, parameter: OAEP_HASHES[oaepHash] }, handle)
    return borrowedCopy(cryptoki.C_Decrypt(session, Buffer.from(encryptedKey), output.bytes))
  })
}

function makeWrappingKeyPair(token: Token, number: number): WrappingKey {
  token.require(pkcs11js.CKM_RSA_PKCS_OAEP, 'seal with AES-GCM or RSA-OAEP')
  const ckaId = newObjectId()
  const name = [
    { type: pkcs11js.CKA_TOKEN, value: true },
    { type: pkcs11js.CKA_LABEL, value: wrappingKeyLabel(number) },
    { type: pkcs11js.CKA_ID, value: Buffer.from(ckaId, 'hex') },
  ]
  // Many TPMs go no further than 2048 bits, and tpm2-pkcs11 answers GENERAL_ERROR to more; so it is asked for its sizes and not tried.
  const bits = token.supportsKeySize(pkcs11js.CKM_RSA_PKCS_KEY_PAIR_GEN, 3072) ? 3072 : 2048
  token.run('make the wrapping key', (on) => {
    destroyObjects(on, ckaId) // as for the AES key
    on.cryptoki.C_GenerateKeyPair(
      on.session,
      { mechanism: pkcs11js.CKM_RSA_PKCS_KEY_PAIR_GEN },
      [
        ...name,
        { type: pkcs11js.CKA_MODULUS_BITS, value: bits },
        { type: pkcs11js.CKA_PUBLIC_EXPONENT, value: Buffer.from([1, 0, 1]) },
        { type: pkcs11js.CKA_ENCRYPT, value: true },
      ],
      [...name, { type: pkcs11js.CKA_DECRYPT, value: true }, ...GUARDED],
    )
  })
  const protection = token.run('read how the wrapping key is protected', ({ cryptoki, session, objects }) =>
    readProtection(cryptoki, session, objects.one(pkcs11js.CKO_PRIVATE_KEY, ckaId)),
  )
  return { ckaId, number, protection }
}

/** PKCS#1 RSAPublicKey, DER. */
function readRsaPublicKey(token: Token, ckaId: string): Buffer {
  return token.run('read a public key', ({ cryptoki, session, objects }) => {
    const handle = objects.one(pkcs11js.CKO_PUBLIC_KEY, ckaId)
    const read = (type: number): Buffer => readAttribute(cryptoki, session, handle, type)
    return Buffer.from(derSequenceOfIntegers([read(pkcs11js.CKA_MODULUS), read(pkcs11js.CKA_PUBLIC_EXPONENT)]))
  })
}

// PKCS#11 2.40 §2.1.8: source 1 is CKZ_DATA_SPECIFIED, here with no data.
export const OAEP_HASHES = {
  sha256: { type: pkcs11js.CK_PARAMS_RSA_OAEP, hashAlg: pkcs11js.CKM_SHA256, mgf: pkcs11js.CKG_MGF1_SHA256, source: 1 },
  sha1: { type: pkcs11js.CK_PARAMS_RSA_OAEP, hashAlg: pkcs11js.CKM_SHA_1, mgf: pkcs11js.CKG_MGF1_SHA1, source: 1 },
} as const satisfies Record<string, pkcs11js.RsaOAEP>
const IV_BYTES = 12
const TAG_BYTES = 16
