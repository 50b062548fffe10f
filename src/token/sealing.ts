/** Seals short secrets under an AES-256 key that never leaves the token: AES-GCM, bound to whom the secret belongs by the AAD. */
import { randomBytes } from 'node:crypto'
import pkcs11js from 'pkcs11js'
import { SealstoneError } from '#core'
import { faultClass } from './cryptoki-errors.ts'
import { newObjectId, readAttribute, readProtection, type TokenProtection } from './key-pair.ts'
import type { Token } from './token.ts'

/** A secret that only the token can open. Public: it is worthless without the token. */
export interface SealedBlob {
  readonly sealing: 'aes-256-gcm'
  /** CKA_ID of the wrapping key, lower-case hex. */
  readonly wrappingKey: string
  /** 12 random bytes. */
  readonly iv: Uint8Array
  /** Ciphertext ‖ 16-byte tag. */
  readonly ciphertext: Uint8Array
}

export interface WrappingKey {
  readonly ckaId: string
  readonly protection: TokenProtection
}

/** The token's wrapping key, made on first use. Two of them, or one that is not guarded, are refused: TOKEN_KEY_MISMATCH. */
export function wrappingKey(token: Token): WrappingKey {
  token.require(pkcs11js.CKM_AES_GCM, 'seal with AES-GCM')
  return findWrappingKey(token) ?? makeWrappingKey(token)
}

/** NIST SP 800-38D §8.2.2: a random 96-bit IV; a wrapping key seals a few thousand seeds in its life, far below 2^32. */
export function seal(token: Token, secret: Uint8Array, aad: Uint8Array): { readonly blob: SealedBlob; readonly protection: TokenProtection } {
  const { ckaId, protection } = wrappingKey(token)
  const iv = randomBytes(IV_BYTES)
  using input = borrowedCopy(secret)
  const ciphertext = token.run('seal a secret', ({ cryptoki, session, objects }) => {
    cryptoki.C_EncryptInit(session, gcm(iv, aad), objects.one(pkcs11js.CKO_SECRET_KEY, ckaId))
    return Uint8Array.from(cryptoki.C_Encrypt(session, input.bytes, Buffer.alloc(secret.length + TAG_BYTES)))
  })
  return { blob: { sealing: 'aes-256-gcm', wrappingKey: ckaId, iv: Uint8Array.from(iv), ciphertext }, protection }
}

/** Wipe the result after use: `using`. Throws SEALED_SEED_INVALID when blob and AAD do not belong together. */
export function unseal(token: Token, blob: SealedBlob, aad: Uint8Array): Borrowed {
  const { iv, ciphertext } = blob
  if (iv.length !== IV_BYTES || ciphertext.length <= TAG_BYTES)
    throw new SealstoneError('SEALED_SEED_INVALID', 'the sealed seed has the wrong length')
  try {
    return openBlob(token, blob, aad)
  } catch (error) {
    // SoftHSM answers GENERAL_ERROR to a wrong tag, as it would if it were broken. A fresh blob tells which: if that opens, this one is wrong.
    if (faultClass(error) === 'module') openBlob(token, seal(token, new Uint8Array(32), aad).blob, aad)[Symbol.dispose]()
    else if (faultClass(error) !== 'caller') throw error
    throw new SealstoneError('SEALED_SEED_INVALID', 'the sealed seed does not open for this key', { cause: error })
  }
}

/** Bytes that are wiped when their scope ends. */
export interface Borrowed extends Disposable {
  readonly bytes: Buffer
}

/** The token's random generator. */
export function tokenRandom(token: Token, byteLength: number): Borrowed {
  return token.run('draw random bytes', ({ cryptoki, session }) => borrowed(cryptoki.C_GenerateRandom(session, Buffer.alloc(byteLength))))
}

function openBlob(token: Token, { wrappingKey: ckaId, iv, ciphertext }: SealedBlob, aad: Uint8Array): Borrowed {
  return token.run('open a sealed secret', ({ cryptoki, session, objects }) => {
    const key = objects.one(pkcs11js.CKO_SECRET_KEY, ckaId)
    using output = borrowed(Buffer.alloc(ciphertext.length))
    cryptoki.C_DecryptInit(session, gcm(iv, aad), key)
    return borrowedCopy(cryptoki.C_Decrypt(session, Buffer.from(ciphertext), output.bytes))
  })
}

function findWrappingKey(token: Token): WrappingKey | undefined {
  return token.run('find the wrapping key', ({ cryptoki, session, objects }) => {
    const found = objects.all([
      { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_SECRET_KEY },
      { type: pkcs11js.CKA_KEY_TYPE, value: pkcs11js.CKK_AES },
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

function makeWrappingKey(token: Token): WrappingKey {
  token.require(pkcs11js.CKM_AES_KEY_GEN, 'make AES keys')
  const ckaId = newObjectId()
  const protection = token.run('make the wrapping key', ({ cryptoki, session }) => {
    const handle = cryptoki.C_GenerateKey(session, { mechanism: pkcs11js.CKM_AES_KEY_GEN }, [
      { type: pkcs11js.CKA_TOKEN, value: true },
      { type: pkcs11js.CKA_LABEL, value: WRAPPING_KEY_LABEL },
      { type: pkcs11js.CKA_ID, value: Buffer.from(ckaId, 'hex') },
      { type: pkcs11js.CKA_VALUE_LEN, value: 32 },
      { type: pkcs11js.CKA_PRIVATE, value: true },
      { type: pkcs11js.CKA_SENSITIVE, value: true },
      { type: pkcs11js.CKA_EXTRACTABLE, value: false },
      { type: pkcs11js.CKA_ENCRYPT, value: true },
      { type: pkcs11js.CKA_DECRYPT, value: true },
    ])
    return readProtection(cryptoki, session, handle)
  })
  return { ckaId, protection }
}

function gcm(iv: Uint8Array, aad: Uint8Array): pkcs11js.Mechanism {
  const parameter: pkcs11js.GcmParams = {
    type: pkcs11js.CK_PARAMS_AES_GCM_v240,
    iv: Buffer.from(iv),
    ivBits: IV_BYTES * 8,
    aad: Buffer.from(aad),
    tagBits: TAG_BYTES * 8,
  }
  return { mechanism: pkcs11js.CKM_AES_GCM, parameter }
}

function borrowed(bytes: Buffer): Borrowed {
  return { bytes, [Symbol.dispose]: () => bytes.fill(0) }
}

/** Buffer.alloc, never Buffer.from: that would put a secret into Node's shared pool. */
function borrowedCopy(bytes: Uint8Array): Borrowed {
  const copy = Buffer.alloc(bytes.length)
  copy.set(bytes)
  return borrowed(copy)
}

const WRAPPING_KEY_LABEL = 'sealstone wrapping key'
const IV_BYTES = 12
const TAG_BYTES = 16
