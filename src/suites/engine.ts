/** The port that runs primitives. `#suites/native` is node:crypto, `#suites/portable` is noble; each judges the other in tests. */
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
  /** Pure ML-DSA from the 32-byte seed, hedged unless `deterministic` (tests, portable engine only). */
  signMlDsa(set: MlDsaSet, seed: Uint8Array, message: Uint8Array, ctx: Uint8Array, options?: { readonly deterministic?: boolean }): Uint8Array
  /** FIPS 204 ML-DSA.KeyGen_internal: the raw public key of a 32-byte seed. */
  publicKeyFromSeed(set: MlDsaSet, seed: Uint8Array): Uint8Array
  digest(hash: HashName, ...parts: readonly Uint8Array[]): Uint8Array
}
