/** The port that runs primitives. `#suites/native` is node:crypto, `#suites/portable` is noble; each judges the other in tests. */
import { SealstoneError } from '#core'
import type { HashName, MlDsaSet, Primitive } from './primitives.ts'

export interface Engine {
  readonly name: 'native' | 'portable'
  supports(primitive: Primitive): boolean
  /**
   * One primitive signature. Public key raw: FIPS 204/205 bytes, `04‖X‖Y`, RFC 8032 bytes, PKCS#1 RSAPublicKey DER. ECDSA signatures are
   * DER. `ctx` is for ML-DSA and SLH-DSA (FIPS 204 §5.3, at most 255 bytes). `hash` overrides the row's, for old foreign signatures.
   * Never throws on hostile bytes: the answer is false.
   */
  verify(primitive: Primitive, publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array, ctx?: Uint8Array, hash?: HashName): boolean
  /**
   * Pure ML-DSA from the 32-byte seed, or from FIPS 204 `sk` where no seed is known; hedged unless `deterministic` (tests, portable engine
   * only). Throws KEY_INVALID or INPUT_INVALID for a secret or context of the wrong length.
   */
  signMlDsa(set: MlDsaSet, secret: Uint8Array, message: Uint8Array, ctx: Uint8Array, options?: { readonly deterministic?: boolean }): Uint8Array
  /** The same, for a secret that signs often: expanded once. The secret may be wiped after this; what is kept goes when the result does. */
  openMlDsaKey(set: MlDsaSet, secret: Uint8Array): MlDsaSigner
  /** The raw public key of a 32-byte seed (FIPS 204 ML-DSA.KeyGen_internal) or of an expanded private key. */
  publicKeyFromSeed(set: MlDsaSet, secret: Uint8Array): Uint8Array
  /** False if seed and expanded key do not belong together, or the expanded key is not one that ML-DSA.KeyGen makes (RFC 9881 §8). */
  acceptsPrivateKey(key: MlDsaPrivateKey): boolean
  digest(hash: HashName, ...parts: readonly Uint8Array[]): Uint8Array
}

/** Signs with a key that is ready for use. */
export type MlDsaSigner = (message: Uint8Array, ctx: Uint8Array) => Uint8Array

export interface MlDsaPrivateKey {
  readonly set: MlDsaSet
  /** 32 bytes; absent in the expanded-only form. */
  readonly seed?: Uint8Array
  /** FIPS 204 `sk`; absent in the seed-only form. */
  readonly expanded?: Uint8Array
}

/** Both engines refuse the same misuse before they touch the secret. */
export function checkSigningInput(set: MlDsaSet, secret: Uint8Array, ctx: Uint8Array): void {
  checkSecret(set, secret)
  checkContext(ctx)
}

/** FIPS 204 §5.2. */
export function checkContext(ctx: Uint8Array): void {
  if (ctx.length > 255) throw new SealstoneError('INPUT_INVALID', `context is ${ctx.length} bytes, want at most 255`)
}

export function checkSecret(set: MlDsaSet, secret: Uint8Array): void {
  const expanded = EXPANDED_BYTES[set]
  if (secret.length !== SEED_BYTES && secret.length !== expanded)
    throw new SealstoneError('KEY_INVALID', `seed is ${secret.length} bytes, want ${SEED_BYTES}, or an expanded key of ${expanded}`)
}

export const SEED_BYTES = 32
/** FIPS 204 table 2. */
export const EXPANDED_BYTES = { 44: 2560, 65: 4032, 87: 4896 } as const satisfies Record<MlDsaSet, number>
