/** The portable engine. JavaScript promises no constant time, so the key host signs with it only where the native engine cannot. */
import { ed448 } from '@noble/curves/ed448.js'
import { ed25519 } from '@noble/curves/ed25519.js'
import { brainpoolP256r1, brainpoolP384r1 } from '@noble/curves/misc.js'
import { p256, p384, p521 } from '@noble/curves/nist.js'
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js'
import { shake256 } from '@noble/hashes/sha3.js'
import * as slh from '@noble/post-quantum/slh-dsa.js'
import { concatBytes, SealstoneError } from '#core'
import { checkSecret, checkSigningInput, type Engine, SEED_BYTES } from '../engine.ts'
import { type HashName, type MlDsaSet, plausibleSizes, type Primitive, primitiveRow } from '../primitives.ts'
import { ML_DSA } from './ml-dsa.ts'
import { acceptsPrivateKey } from './private-key.ts'

export function portableEngine(): Engine {
  return {
    name: 'portable',
    supports: (primitive) => primitiveRow(primitive).kind !== 'rsa',
    verify,
    signMlDsa,
    openMlDsaKey: (set, secret) => {
      const own = Uint8Array.from(secret)
      return (message, ctx) => signMlDsa(set, own, message, ctx)
    },
    publicKeyFromSeed,
    acceptsPrivateKey,
    digest,
  }
}

function verify(primitive: Primitive, publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array, ctx?: Uint8Array, hash?: HashName): boolean {
  if (!plausibleSizes(primitive, publicKey, signature)) return false
  try {
    return verifyWith(primitive, publicKey, message, signature, ctx, hash)
  } catch {
    return false // noble refuses a point or an encoding: the same answer as a wrong signature
  }
}

function verifyWith(
  primitive: Primitive,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
  ctx?: Uint8Array,
  hash?: HashName,
): boolean {
  const row = primitiveRow(primitive)
  const context = ctx === undefined ? {} : { context: ctx }
  switch (row.kind) {
    case 'ml-dsa':
      return ML_DSA[Number(primitive.slice(-2)) as MlDsaSet].verify(signature, message, publicKey, context)
    case 'slh-dsa':
      return SLH_DSA[primitive as keyof typeof SLH_DSA].verify(signature, message, publicKey, context)
    case 'eddsa':
      // RFC 8032 §5.1.7: not the looser ZIP 215 rules.
      return primitive === 'ed25519' ? ed25519.verify(signature, message, publicKey, { zip215: false }) : ed448.verify(signature, message, publicKey)
    case 'ecdsa':
      return CURVES[row.curve].verify(signature, digest(hash ?? row.hash, message), publicKey, { prehash: false, lowS: false, format: 'der' })
    case 'rsa':
      throw new SealstoneError('SUITE_UNSUPPORTED', 'the portable engine has no RSA')
  }
}

function signMlDsa(
  set: MlDsaSet,
  secret: Uint8Array,
  message: Uint8Array,
  ctx: Uint8Array,
  options: { readonly deterministic?: boolean } = {},
): Uint8Array {
  checkSigningInput(set, secret, ctx)
  const secretKey = secret.length === SEED_BYTES ? ML_DSA[set].keygen(secret).secretKey : Uint8Array.from(secret)
  try {
    return ML_DSA[set].sign(message, secretKey, { context: ctx, ...(options.deterministic === true ? { extraEntropy: false } : {}) })
  } finally {
    secretKey.fill(0)
  }
}

function publicKeyFromSeed(set: MlDsaSet, secret: Uint8Array): Uint8Array {
  checkSecret(set, secret)
  if (secret.length !== SEED_BYTES) return ML_DSA[set].getPublicKey(secret)
  const { publicKey, secretKey } = ML_DSA[set].keygen(secret)
  secretKey.fill(0)
  return publicKey
}

function digest(hash: HashName, ...parts: readonly Uint8Array[]): Uint8Array {
  return HASHES[hash](parts.length === 1 ? (parts[0] as Uint8Array) : concatBytes(...parts))
}

const SLH_DSA = {
  'slh-dsa-sha2-128s': slh.slh_dsa_sha2_128s,
  'slh-dsa-sha2-128f': slh.slh_dsa_sha2_128f,
  'slh-dsa-sha2-192s': slh.slh_dsa_sha2_192s,
  'slh-dsa-sha2-192f': slh.slh_dsa_sha2_192f,
  'slh-dsa-sha2-256s': slh.slh_dsa_sha2_256s,
  'slh-dsa-sha2-256f': slh.slh_dsa_sha2_256f,
  'slh-dsa-shake-128s': slh.slh_dsa_shake_128s,
  'slh-dsa-shake-128f': slh.slh_dsa_shake_128f,
  'slh-dsa-shake-192s': slh.slh_dsa_shake_192s,
  'slh-dsa-shake-192f': slh.slh_dsa_shake_192f,
  'slh-dsa-shake-256s': slh.slh_dsa_shake_256s,
  'slh-dsa-shake-256f': slh.slh_dsa_shake_256f,
} as const

const CURVES = { 'P-256': p256, 'P-384': p384, 'P-521': p521, brainpoolP256r1, brainpoolP384r1 } as const

const HASHES = {
  sha256,
  sha384,
  sha512,
  shake256: (bytes: Uint8Array) => shake256(bytes, { dkLen: 64 }), // draft-ietf-lamps-pq-composite-sigs §6: SHAKE256/64
} as const
