/** Keys on trial: made, asked how they are guarded, used, destroyed. What they sign or decrypt is judged by the caller, in software. */
import { constants, createPublicKey, publicEncrypt, randomBytes } from 'node:crypto'
import pkcs11js from 'pkcs11js'
import { SealstoneError } from '#core'
import { type AlgorithmRow, findAlgorithm } from './algorithms.ts'
import { returnValue } from './cryptoki-errors.ts'
import type { Handle } from './cryptoki-module.ts'
import { derSequenceOfIntegers } from './der.ts'
import { GUARDED, readAttribute, type TokenProtection } from './protection.ts'
import { isUnusable } from './quirks.ts'
import { gcmMechanism } from './sealing-aes.ts'
import { OAEP_HASHES, type OaepHash } from './sealing-rsa.ts'
import { findObjects } from './find-objects.ts'
import type { TokenOnTrial, Trial } from './trial.ts'

export interface KeyOnTrial {
  /** As in `generateKeyPair`. */
  readonly publicKey: Uint8Array
  /** What the token answers; a flag is absent where it does not tell. Asked for: sensitive, not extractable, private. */
  readonly protection: Partial<TokenProtection>
  /** How long it took to make the pair. */
  readonly makeMs: number
  sign(message: Uint8Array, ctx?: Uint8Array): Uint8Array
}

export interface SealingOnTrial {
  readonly protection: Partial<TokenProtection>
  readonly makeMs: number
  /** Seals and opens once; throws where the result is not what was sealed, or other additional data opened it too. */
  round(): { readonly sealMs?: number; readonly openMs: number }
}

/** Whether the token claims it, which is what the daemon goes by. */
export function claimsKeyPair(token: TokenOnTrial, algorithm: string): boolean {
  const { generate, sign, keyBits } = findAlgorithm(algorithm)
  return (
    token.claims(generate.mechanism) &&
    token.claims(sign.mechanism) &&
    (keyBits === undefined || token.claimsKeySize(generate.mechanism, keyBits)) &&
    !isUnusable(token.info, algorithm)
  )
}

export function withKeyPair<Result>(token: TokenOnTrial, algorithm: string, use: (key: KeyOnTrial) => Result): Result {
  const row: AlgorithmRow = findAlgorithm(algorithm)
  const type = { type: pkcs11js.CKA_KEY_TYPE, value: row.keyType }
  return token.with(`try ${algorithm}`, (trial) => {
    const { cryptoki, session } = trial
    const start = performance.now()
    let makeMs = 0
    const id = newId()
    const make = (common: pkcs11js.Template): Handle[] => {
      const { publicKey, privateKey } = cryptoki.C_GenerateKeyPair(
        session,
        row.generate,
        [...common, id, type, { type: pkcs11js.CKA_VERIFY, value: true }, ...row.publicTemplate],
        [...common, id, type, { type: pkcs11js.CKA_SIGN, value: true }, ...GUARDED],
      )
      makeMs = performance.now() - start
      return [publicKey, privateKey]
    }
    return token.withObjects(trial, make, ([publicHandle, privateHandle]) => {
      if (publicHandle === undefined || privateHandle === undefined) throw new SealstoneError('TOKEN_UNAVAILABLE', 'the token made no key')
      return use({
        publicKey: row.publicKey(row.publicAttributes.map((attribute) => readAttribute(cryptoki, session, publicHandle, attribute))),
        protection: askProtection(trial, privateHandle),
        makeMs,
        sign: (message, ctx = new Uint8Array()) => {
          const mechanism = ctx.length === 0 || row.context === undefined ? row.sign : { ...row.sign, parameter: row.context(ctx) }
          cryptoki.C_SignInit(session, mechanism, privateHandle)
          return Uint8Array.from(row.signature(cryptoki.C_Sign(session, Buffer.from(row.input(message)), Buffer.alloc(row.signatureBytes))))
        },
      })
    })
  })
}

export function claimsAesGcm(token: TokenOnTrial): boolean {
  return token.claims(pkcs11js.CKM_AES_GCM) && token.claims(pkcs11js.CKM_AES_KEY_GEN)
}

export function withAesKey<Result>(token: TokenOnTrial, use: (key: SealingOnTrial) => Result): Result {
  return token.with('try aes-256-gcm', (trial) => {
    const { cryptoki, session } = trial
    const start = performance.now()
    let makeMs = 0
    const make = (common: pkcs11js.Template): Handle[] => {
      const handle = cryptoki.C_GenerateKey(session, { mechanism: pkcs11js.CKM_AES_KEY_GEN }, [
        ...common,
        newId(),
        { type: pkcs11js.CKA_VALUE_LEN, value: 32 },
        { type: pkcs11js.CKA_ENCRYPT, value: true },
        { type: pkcs11js.CKA_DECRYPT, value: true },
        ...GUARDED,
      ])
      makeMs = performance.now() - start
      return [handle]
    }
    return token.withObjects(trial, make, ([handle]) => {
      if (handle === undefined) throw new SealstoneError('TOKEN_UNAVAILABLE', 'the token made no key')
      const open = (iv: Buffer, aad: Buffer, ciphertext: Buffer): Buffer => {
        cryptoki.C_DecryptInit(session, gcmMechanism(iv, aad), handle)
        return cryptoki.C_Decrypt(session, ciphertext, Buffer.alloc(ciphertext.length))
      }
      const round = () => {
        const [plain, iv, aad] = [randomBytes(32), randomBytes(12), Buffer.from('sealstone probe')]
        const sealing = performance.now()
        cryptoki.C_EncryptInit(session, gcmMechanism(iv, aad), handle)
        const ciphertext = Buffer.from(cryptoki.C_Encrypt(session, plain, Buffer.alloc(plain.length + 16)))
        const opening = performance.now()
        mustEqual(open(iv, aad, ciphertext), plain)
        const end = performance.now()
        if (!isRefused(() => open(iv, Buffer.from('something else!'), ciphertext)))
          throw new SealstoneError('TOKEN_UNSUPPORTED', 'the token opens what was sealed for other additional data')
        return { sealMs: opening - sealing, openMs: end - opening }
      }
      return use({ protection: askProtection(trial, handle), makeMs, round })
    })
  })
}

/** The bits of an RSA key that the daemon would seal with; undefined where the token claims none. */
export function claimsRsaOaep(token: TokenOnTrial): number | undefined {
  if (!token.claims(pkcs11js.CKM_RSA_PKCS_OAEP) || !token.claims(pkcs11js.CKM_RSA_PKCS_KEY_PAIR_GEN)) return undefined
  return [3072, 2048].find((bits) => token.claimsKeySize(pkcs11js.CKM_RSA_PKCS_KEY_PAIR_GEN, bits))
}

/** Encrypts in software, as the daemon does; the token's part is to decrypt. */
export function withRsaKey<Result>(
  token: TokenOnTrial,
  bits: number,
  use: (key: Omit<SealingOnTrial, 'round'> & { round(hash: OaepHash): { readonly openMs: number } }) => Result,
): Result {
  return token.with('try rsa-oaep', (trial) => {
    const { cryptoki, session } = trial
    const start = performance.now()
    let makeMs = 0
    const id = newId()
    const make = (common: pkcs11js.Template): Handle[] => {
      const { publicKey, privateKey } = cryptoki.C_GenerateKeyPair(
        session,
        { mechanism: pkcs11js.CKM_RSA_PKCS_KEY_PAIR_GEN },
        [
          ...common,
          id,
          { type: pkcs11js.CKA_MODULUS_BITS, value: bits },
          { type: pkcs11js.CKA_PUBLIC_EXPONENT, value: Buffer.from([1, 0, 1]) },
          { type: pkcs11js.CKA_ENCRYPT, value: true },
        ],
        [...common, id, { type: pkcs11js.CKA_DECRYPT, value: true }, ...GUARDED],
      )
      makeMs = performance.now() - start
      return [publicKey, privateKey]
    }
    return token.withObjects(trial, make, ([publicHandle, privateHandle]) => {
      if (publicHandle === undefined || privateHandle === undefined) throw new SealstoneError('TOKEN_UNAVAILABLE', 'the token made no key')
      const read = (type: number): Buffer => readAttribute(cryptoki, session, publicHandle, type)
      const der = Buffer.from(derSequenceOfIntegers([read(pkcs11js.CKA_MODULUS), read(pkcs11js.CKA_PUBLIC_EXPONENT)]))
      const key = createPublicKey({ key: der, format: 'der', type: 'pkcs1' })
      const round = (oaepHash: OaepHash) => {
        const plain = randomBytes(32)
        const encrypted = publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, plain)
        const opening = performance.now()
        cryptoki.C_DecryptInit(session, { mechanism: pkcs11js.CKM_RSA_PKCS_OAEP, parameter: OAEP_HASHES[oaepHash] }, privateHandle)
        mustEqual(cryptoki.C_Decrypt(session, Buffer.from(encrypted), Buffer.alloc(encrypted.length)), plain)
        return { openMs: performance.now() - opening }
      }
      return use({ protection: askProtection(trial, privateHandle), makeMs, round })
    })
  })
}

/** Two draws of 32 bytes. Throws where they are equal or empty: that is no generator. */
export function tryRandom(token: TokenOnTrial): number {
  return token.with('draw random bytes', ({ cryptoki, session }) => {
    const start = performance.now()
    const [one, two] = [cryptoki.C_GenerateRandom(session, Buffer.alloc(32)), cryptoki.C_GenerateRandom(session, Buffer.alloc(32))]
    const elapsed = (performance.now() - start) / 2
    if (one.equals(two) || one.every((byte) => byte === one[0]))
      throw new SealstoneError('TOKEN_UNSUPPORTED', "the token's generator gives bytes that are not random")
    return elapsed
  })
}

/** How many objects the login shows, and how long it takes to list them. */
export function listObjects(token: TokenOnTrial): { readonly count: number; readonly ms: number } {
  return token.with('list objects', ({ cryptoki, session }) => {
    const start = performance.now()
    const { length } = findObjects(cryptoki, session, [{ type: pkcs11js.CKA_TOKEN, value: true }])
    return { count: length, ms: performance.now() - start }
  })
}

/** Only what the token answers. */
function askProtection({ cryptoki, session }: Trial, handle: Handle): Partial<TokenProtection> {
  return Object.fromEntries(
    PROTECTION_FLAGS.flatMap(([name, type]) => {
      try {
        return [[name, readAttribute(cryptoki, session, handle, type)[0] === 1]]
      } catch (error) {
        if (returnValue(error) === undefined) throw error
        return []
      }
    }),
  )
}

function isRefused(work: () => unknown): boolean {
  try {
    work()
    return false
  } catch (error) {
    if (returnValue(error) === undefined) throw error
    return true
  }
}

function mustEqual(got: Buffer, want: Buffer): void {
  if (!got.equals(want)) throw new SealstoneError('TOKEN_UNSUPPORTED', 'the token opens what it sealed to something else')
}

/** CKA_ID: some tokens make no key without one. */
function newId(): { readonly type: number; readonly value: Buffer } {
  return { type: pkcs11js.CKA_ID, value: randomBytes(16) }
}

const PROTECTION_FLAGS = [
  ['sensitive', pkcs11js.CKA_SENSITIVE],
  ['extractable', pkcs11js.CKA_EXTRACTABLE],
  ['alwaysSensitive', pkcs11js.CKA_ALWAYS_SENSITIVE],
  ['neverExtractable', pkcs11js.CKA_NEVER_EXTRACTABLE],
  ['local', pkcs11js.CKA_LOCAL],
] as const
