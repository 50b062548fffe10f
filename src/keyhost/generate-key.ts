/** Makes a key in the key host: the classical half in the token, seeds here, sealed by the token before anybody refers to them. */
import { type HalfProtection, SealstoneError } from '#core'
import { encodePublicKey, findSuite, joinPublicKey, mlDsaPrimitive, type Suite } from '#suites'
import { type Borrowed, generateKeyPair, removeKeyPair, seal, type Token, type TokenKeyPair } from '#token'
import { checkKey } from './check-keys.ts'
import { type KeyMaterial, sealingContext } from './key-material.ts'
import type { GenerateRequest } from './protocol.ts'
import { ed25519PublicKey, freshSeeds, seedIn, type SeedHalf, seedsToMake } from './sealed-seeds.ts'
import type { KeyHostParts } from './sign-items.ts'
import { tokenFacts } from './token-facts.ts'

/** Throws SUITE_UNSUPPORTED or TOKEN_*. After a failure the classical half is removed again; a death leaves it in the token, named nowhere. */
export function generateKey(parts: KeyHostParts, request: GenerateRequest): KeyMaterial {
  const { token } = parts
  const plan = planKey(token, request)
  const { suite, seeds, inToken, keepsMlDsa } = plan
  using secret = seeds.length === 0 ? undefined : freshSeeds(token, seeds)
  return buildKey(parts, request, plan, secret, (pairs) => {
    if (inToken !== undefined) pairs.classical = generateKeyPair(token, inToken, request.label)
    if (keepsMlDsa && suite.mlDsa !== undefined) pairs.mlDsa = generateKeyPair(token, mlDsaPrimitive(suite.mlDsa), request.label)
  })
}

/** Where each part of a new key will be. */
export interface KeyPlan {
  readonly suite: Suite
  /** Sealed, in the order of the blob. */
  readonly seeds: readonly SeedHalf[]
  /** The classical algorithm whose key is in the token. */
  readonly inToken: Suite['classical']
  /** The ML-DSA half is in the token too. */
  readonly keepsMlDsa: boolean
}

export function planKey(token: Token, request: Pick<GenerateRequest, 'suite' | 'mlDsa'>): KeyPlan {
  const suite = findSuite(request.suite)
  if (!suite.canSign) throw new SealstoneError('SUITE_UNSUPPORTED', `suite ${suite.id} can verify only`)
  const keepsMlDsa = suite.mlDsa !== undefined && request.mlDsa === 'token'
  const seeds = seedsToMake(token, suite).filter((half) => half !== 'ml-dsa' || !keepsMlDsa)
  return { suite, seeds, inToken: seeds.includes('ed25519') ? undefined : suite.classical, keepsMlDsa }
}

/** The halves that are in the token. */
export interface HeldPairs {
  classical?: TokenKeyPair
  mlDsa?: TokenKeyPair
}

/** @param hold puts the halves into the token that the plan wants there; they are removed again if anything fails after it */
export function buildKey(
  parts: KeyHostParts,
  request: Pick<GenerateRequest, 'keyId' | 'version' | 'role'>,
  plan: KeyPlan,
  secret: Borrowed | undefined,
  hold: (pairs: HeldPairs) => void,
): KeyMaterial {
  const pairs: HeldPairs = {}
  try {
    hold(pairs)
    return completeKey(parts, request, plan, secret, pairs)
  } catch (error) {
    for (const pair of Object.values(pairs)) removeKeyPair(parts.token, pair.ckaId)
    throw error
  }
}

function completeKey(
  parts: KeyHostParts,
  { keyId, version, role }: Pick<GenerateRequest, 'keyId' | 'version' | 'role'>,
  { suite, seeds }: KeyPlan,
  secret: Borrowed | undefined,
  { classical, mlDsa }: HeldPairs,
): KeyMaterial {
  const { token, engine } = parts
  const mlDsaKey =
    secret === undefined || suite.mlDsa === undefined || mlDsa !== undefined
      ? mlDsa?.publicKey
      : engine.publicKeyFromSeed(suite.mlDsa, seedIn(secret, seeds, 'ml-dsa').bytes)
  const sealedClassicalKey = secret !== undefined && seeds.includes('ed25519') ? ed25519PublicKey(seedIn(secret, seeds, 'ed25519')) : undefined
  const { spki } = encodePublicKey(suite, wholePublicKey(suite, mlDsaKey, classical?.publicKey ?? sealedClassicalKey))

  const identity = { keyId, version, suite: suite.id, spki }
  const sealed = secret === undefined ? undefined : seal(token, secret.bytes, sealingContext(engine, identity))
  const classicalRole = role === 'companion' ? 'companion' : 'classical'
  // Of a sealed half these are the wrapping key's attributes: the seed is as safe as the key that seals it.
  const sealedHalf = (half: SeedHalf): HalfProtection[] =>
    sealed === undefined
      ? []
      : [{ role: half === 'ml-dsa' ? half : classicalRole, location: 'sealed', sealing: sealed.blob.sealing, ...sealed.protection }]
  const halves = seeds.flatMap(sealedHalf)
  if (mlDsa !== undefined) halves.push({ role: 'ml-dsa', location: 'token', ...mlDsa.protection })
  if (classical !== undefined) halves.push({ role: classicalRole, location: 'token', ...classical.protection })
  const key: KeyMaterial = {
    ...identity,
    ...(sealed === undefined ? {} : { sealedSeed: sealed.blob }),
    ...(classical === undefined ? {} : { ckaId: classical.ckaId }),
    ...(mlDsa === undefined ? {} : { mlDsaCkaId: mlDsa.ckaId }),
    protection: { ...tokenFacts(parts), halves },
  }
  checkKey(parts, key) // it opens, it signs, and what it signs verifies, before anybody is told of it
  return key
}

function wholePublicKey(suite: Suite, mlDsa: Uint8Array | undefined, classical: Uint8Array | undefined): Uint8Array {
  if (mlDsa !== undefined && classical !== undefined) return joinPublicKey(suite, mlDsa, classical)
  const only = mlDsa ?? classical
  if (only === undefined) throw new SealstoneError('INTERNAL', `suite ${suite.id} has no half to make`)
  return only
}
