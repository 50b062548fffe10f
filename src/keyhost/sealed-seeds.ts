/** The seeds that a key keeps sealed: its ML-DSA half, and its Ed25519 half where the token has no Ed25519. One blob, 32 bytes each. */
import { createPrivateKey, createPublicKey, hkdfSync, type KeyObject, randomFillSync, sign } from 'node:crypto'
import { SealstoneError, utf8 } from '#core'
import { type Engine, findSuite, type Suite } from '#suites'
import { type Borrowed, borrowed, secretBuffer, supportsKeyPair, type Token, tokenRandom, unseal } from '#token'
import { type KeyMaterial, sealingContext } from './key-material.ts'

export type SeedHalf = 'ml-dsa' | 'ed25519'

/** Which seeds a new key of this suite has, in the order of the blob. */
export function seedsToMake(token: Token, suite: Suite): readonly SeedHalf[] {
  return seedHalves(suite, suite.classical === 'ed25519' && !supportsKeyPair(token, 'ed25519'))
}

/** A classical half that is not named in the token is a seed. */
function seedsOf(key: KeyMaterial): readonly SeedHalf[] {
  const suite = findSuite(key.suite)
  const halves = seedHalves(suite, suite.classical === 'ed25519' && key.ckaId === undefined)
  return key.mlDsaCkaId === undefined ? halves : halves.filter((half) => half !== 'ml-dsa')
}

function seedHalves(suite: Suite, sealsEd25519: boolean): readonly SeedHalf[] {
  return [...(suite.mlDsa === undefined ? [] : (['ml-dsa'] as const)), ...(sealsEd25519 ? (['ed25519'] as const) : [])]
}

/** Wipe it after use: `using`. Throws SEALED_SEED_INVALID when the blob belongs to another key, version, suite or public key. */
export function openSeed(parts: { readonly token: Token; readonly engine: Engine }, key: KeyMaterial, half: SeedHalf): Borrowed {
  const halves = seedsOf(key)
  if (key.sealedSeed === undefined || !halves.includes(half)) throw missingHalf(key, half)
  const all = unseal(parts.token, key.sealedSeed, sealingContext(parts.engine, key))
  if (all.bytes.length === halves.length * SEED_BYTES) return seedIn(all, halves, half)
  // Imported without a seed: FIPS 204 sk.
  if (halves.length === 1 && half === 'ml-dsa' && all.bytes.length > SEED_BYTES) return all
  all[Symbol.dispose]()
  throw new SealstoneError('SEALED_SEED_INVALID', `key ${key.keyId} version ${key.version} has not the seeds that its suite ${key.suite} needs`)
}

/** One of several; wiping it wipes all of them. One alone is all of it, for an imported ML-DSA key has more bytes than a seed. */
export function seedIn(all: Borrowed, halves: readonly SeedHalf[], half: SeedHalf): Borrowed {
  if (halves.length === 1) return all
  const start = halves.indexOf(half) * SEED_BYTES
  return { bytes: all.bytes.subarray(start, start + SEED_BYTES), [Symbol.dispose]: () => all[Symbol.dispose]() }
}

export function freshSeeds(token: Token, halves: readonly SeedHalf[]): Borrowed {
  const all = borrowed(secretBuffer(halves.length * SEED_BYTES))
  for (const [index, half] of halves.entries()) {
    using seed = freshSeed(token, half)
    all.bytes.set(seed.bytes, index * SEED_BYTES)
  }
  return all
}

/** RFC 8032 §5.1.6, by OpenSSL. */
export function signEd25519(seed: Borrowed, message: Uint8Array): Uint8Array {
  return Uint8Array.from(sign(null, message, ed25519Key(seed)))
}

export function ed25519PublicKey(seed: Borrowed): Uint8Array {
  return Uint8Array.from(createPublicKey(ed25519Key(seed)).export({ format: 'raw-public' }))
}

function ed25519Key({ bytes }: Borrowed): KeyObject {
  return createPrivateKey({ key: bytes, format: 'raw-private', asymmetricKeyType: 'ed25519' })
}

/** 32 bytes of the token's generator mixed with 32 of the system's through HKDF (RFC 5869): as good as the better of the two. */
function freshSeed(token: Token, half: SeedHalf): Borrowed {
  using fromToken = tokenRandom(token, SEED_BYTES)
  using both = borrowed(secretBuffer(2 * SEED_BYTES))
  both.bytes.set(fromToken.bytes)
  randomFillSync(both.bytes, SEED_BYTES)
  // An ArrayBuffer of its own; Buffer.from makes a view of it, not a copy.
  return borrowed(Buffer.from(hkdfSync('sha256', both.bytes, new Uint8Array(), utf8(`sealstone ${half} seed v1`), SEED_BYTES)))
}

export function missingHalf(key: KeyMaterial, what: string): SealstoneError {
  return new SealstoneError('KEY_UNUSABLE', `key ${key.keyId} version ${key.version} has no ${what} half, its suite ${key.suite} needs one`)
}

const SEED_BYTES = 32
