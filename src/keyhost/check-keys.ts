/** Checks that each recorded key is the one in the token: same public halves, still guarded, and it signs what verifies. */
import { equalBytes, SealstoneError, utf8 } from '#core'
import { mlDsaPrimitive, parsePublicKey, type PublicKey, splitPublicKey, verify } from '#suites'
import { readKeyPairProtection, readPublicKey } from '#token'
import type { KeyMaterial } from './key-material.ts'
import { ed25519PublicKey, openSeed } from './sealed-seeds.ts'
import { type KeyHostParts, signMessage } from './sign-items.ts'

/** Throws TOKEN_KEY_MISMATCH or SEALED_SEED_INVALID at the first key that is not as recorded. */
export function checkKeys(parts: KeyHostParts, keys: readonly KeyMaterial[]): void {
  for (const key of keys) checkKey(parts, key)
}

export function checkKey(parts: KeyHostParts, key: KeyMaterial): void {
  const { token, engine } = parts
  const publicKey = parsePublicKey(key.spki)
  if (publicKey.suite.id !== key.suite) throw mismatch(key, `its public key is of suite ${publicKey.suite.id}, want ${key.suite}`)
  const { suite } = publicKey
  const recorded = publicHalves(publicKey)

  if (suite.classical !== undefined && key.ckaId !== undefined) {
    const inToken = readPublicKey(token, suite.classical, key.ckaId)
    if (!equalBytes(inToken, recorded.classical)) throw mismatch(key, 'the public key in the token is another one')
    readKeyPairProtection(token, key.ckaId)
  }
  if (suite.mlDsa !== undefined && key.mlDsaCkaId !== undefined) {
    const inToken = readPublicKey(token, mlDsaPrimitive(suite.mlDsa), key.mlDsaCkaId)
    if (!equalBytes(inToken, recorded.mlDsa)) throw mismatch(key, 'the ML-DSA public key in the token is another one')
    readKeyPairProtection(token, key.mlDsaCkaId)
  } else if (suite.mlDsa !== undefined) {
    using seed = openSeed(parts, key, 'ml-dsa')
    if (!equalBytes(engine.publicKeyFromSeed(suite.mlDsa, seed.bytes), recorded.mlDsa))
      throw mismatch(key, 'the sealed seed makes another public key')
  }
  if (suite.classical === 'ed25519' && key.ckaId === undefined) {
    using seed = openSeed(parts, key, 'ed25519')
    if (!equalBytes(ed25519PublicKey(seed), recorded.classical)) throw mismatch(key, 'the sealed Ed25519 seed makes another public key')
  }
  // The public object could be right and the private one not; only a signature tells.
  if (!verify(engine, publicKey, CANARY, signMessage(parts, key, CANARY))) throw mismatch(key, 'what it signs does not verify')
}

/** Of a suite with one half, that half is the whole key. */
function publicHalves({ suite, raw }: PublicKey): { readonly mlDsa: Uint8Array; readonly classical: Uint8Array } {
  if (!suite.hybrid) return { mlDsa: raw, classical: raw }
  const halves = splitPublicKey(suite, raw)
  if (halves === undefined) throw new SealstoneError('KEY_INVALID', `public key of ${suite.id} is ${raw.length} bytes, too short for two halves`)
  return halves
}

function mismatch(key: KeyMaterial, what: string): SealstoneError {
  return new SealstoneError('TOKEN_KEY_MISMATCH', `key ${key.keyId} version ${key.version} (${key.suite}): ${what}`)
}

/** Signed at every start and never a valid statement: it is no DSSE pre-authentication encoding. */
const CANARY = utf8('sealstone key check: this message has no meaning')
