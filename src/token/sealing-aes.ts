/** AES-256-GCM inside the token, under a key that never leaves it. */
import { randomBytes } from 'node:crypto'
import pkcs11js from 'pkcs11js'
import { SealstoneError } from '#core'
import { borrowed, borrowedCopy, secretBuffer } from './borrowed.ts'
import { destroyObjects, newObjectId } from './key-pair.ts'
import { GUARDED, readProtection } from './protection.ts'
import type { Sealing } from './sealing.ts'
import type { Token } from './token.ts'
import { type WrappingKey, wrappingKeyLabel } from './wrapping-key.ts'

export interface AesGcmBlob {
  readonly sealing: 'aes-256-gcm'
  /** CKA_ID of the wrapping key, lower-case hex. */
  readonly wrappingKey: string
  /** 12 random bytes (NIST SP 800-38D §8.2.2): a wrapping key seals a few thousand secrets in its life, far below 2^32. */
  readonly iv: Uint8Array
  /** Ciphertext ‖ 16-byte tag. */
  readonly ciphertext: Uint8Array
}

export const aesGcm: Sealing<AesGcmBlob> = {
  kind: 'aes',
  make: makeWrappingKey,
  seal: (token, ckaId, secret, aad) => {
    const iv = Uint8Array.from(randomBytes(IV_BYTES))
    using input = borrowedCopy(secret)
    const ciphertext = token.run('seal a secret', ({ cryptoki, session, objects }) => {
      cryptoki.C_EncryptInit(session, gcmMechanism(iv, aad), objects.one(pkcs11js.CKO_SECRET_KEY, ckaId))
      return Uint8Array.from(cryptoki.C_Encrypt(session, input.bytes, Buffer.alloc(secret.length + TAG_BYTES)))
    })
    return { sealing: 'aes-256-gcm', wrappingKey: ckaId, iv, ciphertext }
  },
  open: (token, { wrappingKey, iv, ciphertext }, aad) => {
    if (iv.length !== IV_BYTES || ciphertext.length <= TAG_BYTES) {
      throw new SealstoneError('SEALED_SEED_INVALID', 'the sealed seed has the wrong length')
    }
    return token.run('open a sealed secret', ({ cryptoki, session, objects }) => {
      const key = objects.one(pkcs11js.CKO_SECRET_KEY, wrappingKey)
      using output = borrowed(secretBuffer(ciphertext.length))
      cryptoki.C_DecryptInit(session, gcmMechanism(iv, aad), key)
      return borrowedCopy(cryptoki.C_Decrypt(session, Buffer.from(ciphertext), output.bytes))
    })
  },
}

function makeWrappingKey(token: Token, number: number): WrappingKey {
  const ckaId = newObjectId()
  const protection = token.run('make the wrapping key', (on) => {
    destroyObjects(on, ckaId) // what a first attempt made although it was answered with an error: two wrapping keys would be refused for ever
    const handle = on.cryptoki.C_GenerateKey(on.session, { mechanism: pkcs11js.CKM_AES_KEY_GEN }, [
      { type: pkcs11js.CKA_TOKEN, value: true },
      { type: pkcs11js.CKA_LABEL, value: wrappingKeyLabel(number) },
      { type: pkcs11js.CKA_ID, value: Buffer.from(ckaId, 'hex') },
      { type: pkcs11js.CKA_VALUE_LEN, value: 32 },
      { type: pkcs11js.CKA_ENCRYPT, value: true },
      { type: pkcs11js.CKA_DECRYPT, value: true },
      ...GUARDED,
    ])
    return readProtection(on.cryptoki, on.session, handle)
  })
  return { ckaId, number, protection }
}

export function gcmMechanism(iv: Uint8Array, aad: Uint8Array): pkcs11js.Mechanism {
  const parameter: pkcs11js.GcmParams = {
    type: pkcs11js.CK_PARAMS_AES_GCM_v240,
    iv: Buffer.from(iv),
    ivBits: IV_BYTES * 8,
    aad: Buffer.from(aad),
    tagBits: TAG_BYTES * 8,
  }
  return { mechanism: pkcs11js.CKM_AES_GCM, parameter }
}

const IV_BYTES = 12
const TAG_BYTES = 16
