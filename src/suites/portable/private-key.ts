/** Judges imported ML-DSA private keys: seed against expanded key, and the parts of an expanded key against each other. */
import { shake256 } from '@noble/hashes/sha3.js'
import { utf8 } from '#core'
import type { MlDsaPrivateKey } from '../engine.ts'
import type { MlDsaSet } from '../primitives.ts'
import { ML_DSA } from './ml-dsa.ts'

export function acceptsPrivateKey({ set, seed, expanded }: MlDsaPrivateKey): boolean {
  try {
    if (expanded === undefined) return seed?.length === 32
    return seed === undefined ? isConsistent(set, expanded) : sameSecret(ML_DSA[set].keygen(seed).secretKey, expanded)
  } catch {
    return false
  }
}

/**
 * FIPS 204 §7.2, skDecode: s1 and s2 within [-η, η], and tr = H(pk, 64) of the public key that rho, s1 and s2 make. noble gives no t0 to
 * compare; a signature made with the key and verified stands in for that.
 */
function isConsistent(set: MlDsaSet, expanded: Uint8Array): boolean {
  if (!hasSmallSecrets(set, expanded)) return false
  const scheme = ML_DSA[set]
  const publicKey = scheme.getPublicKey(expanded)
  if (!sameSecret(shake256(publicKey, { dkLen: 64 }), expanded.subarray(TR_OFFSET, S1_OFFSET))) return false
  return scheme.verify(scheme.sign(CANARY, expanded, { extraEntropy: false }), CANARY, publicKey)
}

// Each coefficient c is stored as η - c in `bits` bits, low bits first; all are looked at, wherever the first bad one is.
function hasSmallSecrets(set: MlDsaSet, expanded: Uint8Array): boolean {
  const { eta, bits, polynomials } = SECRETS[set]
  let tooLarge = 0
  for (let index = 0; index < polynomials * 256; index++) {
    const bit = index * bits
    const at = S1_OFFSET + (bit >> 3)
    const pair = (expanded[at] as number) | ((expanded[at + 1] as number) << 8)
    tooLarge |= (2 * eta - ((pair >> (bit & 7)) & ((1 << bits) - 1))) >> 31
  }
  return tooLarge === 0
}

/** Takes the same time wherever the bytes differ. */
function sameSecret(left: Uint8Array, right: Uint8Array): boolean {
  let difference = left.length ^ right.length
  for (let index = 0; index < left.length; index++) difference |= (left[index] as number) ^ (right[index] as number)
  return difference === 0
}

const CANARY = utf8('sealstone: does this private key sign')
const TR_OFFSET = 64 // after rho and K
const S1_OFFSET = 128 // after tr
// FIPS 204 table 1: η, and ℓ + k polynomials.
const SECRETS = {
  44: { eta: 2, bits: 3, polynomials: 8 },
  65: { eta: 4, bits: 4, polynomials: 11 },
  87: { eta: 2, bits: 3, polynomials: 15 },
} as const
