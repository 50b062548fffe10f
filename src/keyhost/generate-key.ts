/** Makes a key in the key host: the classical half in the token, the ML-DSA seed here, sealed by the token before anybody refers to it. */
import { hkdfSync, randomFillSync } from 'node:crypto'
import { type HalfProtection, SealstoneError, utf8 } from '#core'
import { encodePublicKey, findSuite, joinPublicKey, type Suite } from '#suites'
import { type Borrowed, borrowed, generateKeyPair, removeKeyPair, seal, secretBuffer, type Token, type TokenKeyPair, tokenRandom } from '#token'
import { checkKey } from './check-keys.ts'
import { type KeyMaterial, sealingContext } from './key-material.ts'
import type { GenerateRequest } from './protocol.ts'
import type { KeyHostParts } from './sign-items.ts'

/** Throws SUITE_UNSUPPORTED or TOKEN_*, and leaves nothing in the token then; only a process that ends here leaves a half that nobody names. */
export function generateKey(parts: KeyHostParts, request: GenerateRequest): KeyMaterial {
  const { token } = parts
  const suite = findSuite(request.suite)
  if (!suite.canSign) throw new SealstoneError('SUITE_UNSUPPORTED', `suite ${suite.id} can verify only`)
  const classical = suite.classical === undefined ? undefined : generateKeyPair(token, suite.classical, request.label)
  try {
    return completeKey(parts, request, suite, classical)
  } catch (error) {
    if (classical !== undefined) removeKeyPair(token, classical.ckaId)
    throw error
  }
}

function completeKey(parts: KeyHostParts, { keyId, version, role }: GenerateRequest, suite: Suite, classical: TokenKeyPair | undefined): KeyMaterial {
  const { token, engine } = parts
  using seed = suite.mlDsa === undefined ? undefined : freshSeed(token)
  const mlDsaPublicKey = seed === undefined || suite.mlDsa === undefined ? undefined : engine.publicKeyFromSeed(suite.mlDsa, seed.bytes)
  const { spki } = encodePublicKey(suite, wholePublicKey(suite, mlDsaPublicKey, classical?.publicKey))

  const identity = { keyId, version, suite: suite.id, spki }
  const sealed = seed === undefined ? undefined : seal(token, seed.bytes, sealingContext(engine, identity))
  const halves: HalfProtection[] = []
  // Of a sealed half these are the wrapping key's attributes: the seed is as safe as the key that seals it.
  if (sealed !== undefined) halves.push({ role: 'ml-dsa', location: 'sealed', sealing: sealed.blob.sealing, ...sealed.protection })
  if (classical !== undefined) halves.push({ role: role === 'companion' ? 'companion' : 'classical', location: 'token', ...classical.protection })
  const key: KeyMaterial = {
    ...identity,
    ...(sealed === undefined ? {} : { sealedSeed: sealed.blob }),
    ...(classical === undefined ? {} : { ckaId: classical.ckaId }),
    protection: { module: token.info.module, tokenModel: token.info.model, tokenSerial: token.info.serial, halves },
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

/** 32 bytes of the token's generator mixed with 32 of the system's through HKDF (RFC 5869): as good as the better of the two. */
function freshSeed(token: Token): Borrowed {
  using fromToken = tokenRandom(token, 32)
  using both = borrowed(secretBuffer(64))
  both.bytes.set(fromToken.bytes)
  randomFillSync(both.bytes, 32)
  // An ArrayBuffer of its own; Buffer.from makes a view of it, not a copy.
  return borrowed(Buffer.from(hkdfSync('sha256', both.bytes, new Uint8Array(), utf8('sealstone ml-dsa seed v1'), 32)))
}
