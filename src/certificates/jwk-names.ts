/** The names that JOSE gives to suites. A suite without a registered or drafted name has none here: nothing is invented. */
import type { SuiteId } from '#suites'

export interface EcName {
  readonly suite: SuiteId
  readonly crv: string
  readonly alg: string
  readonly coordinateBytes: number
}

/** RFC 7518 §3.4 and §6.2.1.1. */
export const EC_NAMES: readonly EcName[] = [
  { suite: 'ecdsa-p256', crv: 'P-256', alg: 'ES256', coordinateBytes: 32 },
  { suite: 'ecdsa-p384', crv: 'P-384', alg: 'ES384', coordinateBytes: 48 },
  { suite: 'ecdsa-p521', crv: 'P-521', alg: 'ES512', coordinateBytes: 66 },
]

/** RFC 7518 §3.5; the hash is that of the suite. */
export const RSA_NAMES: readonly { readonly suite: SuiteId; readonly alg: string; readonly modulusBytes: number }[] = [
  { suite: 'rsa2048-pss', alg: 'PS256', modulusBytes: 256 },
  { suite: 'rsa3072-pss', alg: 'PS256', modulusBytes: 384 },
  { suite: 'rsa4096-pss', alg: 'PS384', modulusBytes: 512 },
]

/** Key type AKP: ML-DSA by RFC 9964 §3, composites by draft-ietf-jose-pq-composite-sigs-05 §5.1, where only these six have a name. */
export const AKP_NAMES: readonly { readonly suite: SuiteId; readonly alg: string }[] = [
  { suite: 'mldsa44', alg: 'ML-DSA-44' },
  { suite: 'mldsa65', alg: 'ML-DSA-65' },
  { suite: 'mldsa87', alg: 'ML-DSA-87' },
  { suite: 'mldsa44-ecdsa-p256', alg: 'ML-DSA-44-ES256' },
  { suite: 'mldsa65-ecdsa-p256', alg: 'ML-DSA-65-ES256' },
  { suite: 'mldsa87-ecdsa-p384', alg: 'ML-DSA-87-ES384' },
  { suite: 'mldsa44-ed25519', alg: 'ML-DSA-44-Ed25519' },
  { suite: 'mldsa65-ed25519', alg: 'ML-DSA-65-Ed25519' },
  { suite: 'mldsa87-ed448', alg: 'ML-DSA-87-Ed448' },
]
