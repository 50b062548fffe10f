/** Judges imported ML-DSA private keys: seed against expanded key, and the parts of an expanded key against each other. */
import { shake256 } from '@noble/hashes/sha3.js'
import type { MlDsaPrivateKey } from '../engine.ts'
import type { MlDsaSet } from '../primitives.ts'
import { ML_DSA } from './ml-dsa.ts'
import { packT0, recomputeT, unpackSecrets } from './recompute-t.ts'

export function acceptsPrivateKey({ set, seed, expanded }: MlDsaPrivateKey): boolean {
  try {
    if (expanded === undefined) return seed?.length === 32
    return seed === undefined ? isConsistent(set, expanded) : sameSecret(ML_DSA[set].keygen(seed).secretKey, expanded)
  } catch {
    return false
  }
}

/**
 * FIPS 204 §7.2, skEncode: rho ‖ K ‖ tr ‖ s1 ‖ s2 ‖ t0. s1 and s2 lie within [-η, η], t0 is the low part of t = A·s1 + s2, and tr is the hash
 * of the public key that rho and the high part make. K is any 32 bytes.
 */
function isConsistent(set: MlDsaSet, expanded: Uint8Array): boolean {
  const publicKey = ML_DSA[set].getPublicKey(expanded) // throws for a coefficient out of range
  const secrets = unpackSecrets(set, expanded)
  const sameT0 = sameSecret(packT0(recomputeT(expanded.subarray(0, 32), secrets)), expanded.subarray(secrets.end))
  return sameT0 && sameSecret(shake256(publicKey, { dkLen: 64 }), expanded.subarray(64, 128))
}

/** Takes the same time wherever the bytes differ. */
function sameSecret(left: Uint8Array, right: Uint8Array): boolean {
  let difference = left.length ^ right.length
  for (let index = 0; index < left.length; index++) difference |= (left[index] as number) ^ (right[index] as number)
  return difference === 0
}
