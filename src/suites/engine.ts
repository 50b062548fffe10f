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
   * Pure ML-DSA from the 32-byte seed, hedged unless `deterministic` (tests, portable engine only). Throws KEY_INVALID or INPUT_INVALID for a
   * seed or context of the wrong length.
   */
  signMlDsa(set: MlDsaSet, seed: Uint8Array, message: Uint8Array, ctx: Uint8Array, options?: { readonly deterministic?: boolean }): Uint8Array
  /** FIPS 204 ML-DSA.KeyGen_internal: the raw public key of a 32-byte seed. */
  publicKeyFromSeed(set: MlDsaSet, seed: Uint8Array): Uint8Array
  /** False if seed and expanded key do not belong together, or the expanded key is not one that ML-DSA.KeyGen makes (RFC 9881 §8). */
  acceptsPrivateKey(key: MlDsaPrivateKey): boolean
  digest(hash: HashName, ...parts: readonly Uint8Array[]): Uint8Array
}

export interface MlDsaPrivateKey {
  readonly set: MlDsaSet
  /** 32 bytes; absent in the expanded-only form. */
  readonly seed?: Uint8Array
  /** FIPS 204 `sk`; absent in the seed-only form. */
  readonly expanded?: Uint8Array
}

/** Both engines refuse the same misuse before they touch the seed. */
export function checkSigningInput(seed: Uint8Array, ctx: Uint8Array): void {
  checkSeed(seed)
  // FIPS 204 §5.2
  if (ctx.length > 255) throw new SealstoneError('INPUT_INVALID', `context is ${ctx.length} bytes, want at most 255`)
}

export function checkSeed(seed: Uint8Array): void {
  if (seed.length !== 32) throw new SealstoneError('KEY_INVALID', `seed is ${seed.length} bytes, want 32`)
}
