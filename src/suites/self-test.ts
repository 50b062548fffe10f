/** Known-answer tests at start: a process whose engine fails one refuses to serve. */
import { fromBase64, fromHex, SealstoneError, toHex, utf8 } from '#core'
import { compositeMessage } from './composite.ts'
import type { Engine } from './engine.ts'
import { COMPOSITE_ANSWERS, HALF_ANSWERS, KNOWN_CONTEXT, KNOWN_MESSAGE, ML_DSA_KEY_DIGESTS } from './known-answers.ts'
import { mlDsaPrimitive } from './primitives.ts'
import { encodePublicKey } from './public-key.ts'
import { findSuite } from './table.ts'
import { verify } from './verify.ts'

/** About ten milliseconds with the native engine. Throws SELF_TEST_FAILED and names what failed. */
export function selfTest(engine: Engine): void {
  expect(toHex(engine.digest('sha256', utf8('abc'))) === SHA256_ABC, engine, 'SHA-256')
  testVerification(engine)
  for (const { set, seed, digest } of ML_DSA_KEY_DIGESTS) {
    const publicKey = engine.publicKeyFromSeed(set, fromHex(seed))
    expect(toHex(engine.digest('sha256', publicKey)) === digest, engine, `ML-DSA-${set} key generation`)
  }
  probeSigning(engine)
}

function testVerification(engine: Engine): void {
  const message = fromBase64(KNOWN_MESSAGE)
  const ctx = fromBase64(KNOWN_CONTEXT)
  for (const { suite: id, publicKey, signature } of COMPOSITE_ANSWERS) {
    const suite = findSuite(id)
    if (suite.classical !== undefined && !engine.supports(suite.classical)) continue
    const key = encodePublicKey(suite, fromBase64(publicKey))
    const bytes = fromBase64(signature)
    expect(verify(engine, key, message, bytes, ctx), engine, `${id}: the known signature`)
    expect(!verify(engine, key, message, bytes), engine, `${id}: another context must fail`)
    expect(!verify(engine, key, message, flipped(bytes, 0), ctx), engine, `${id}: a flipped ML-DSA half must fail`)
    expect(!verify(engine, key, message, flipped(bytes, bytes.length - 1), ctx), engine, `${id}: a flipped last byte must fail`)
  }
  for (const { suite: id, publicKey, signature } of HALF_ANSWERS) {
    const suite = findSuite(id)
    const { classical } = suite
    if (classical === undefined || !engine.supports(classical)) continue
    const signed = compositeMessage(engine, suite, message, ctx)
    const bytes = fromBase64(signature)
    expect(engine.verify(classical, fromBase64(publicKey), signed, bytes), engine, `${classical}: the known signature`)
    expect(!engine.verify(classical, fromBase64(publicKey), message, bytes), engine, `${classical}: another message must fail`)
  }
}

/** Some releases of node:crypto ignored `context` in silence: a signature with one must fail without it. */
function probeSigning(engine: Engine): void {
  const set = 44
  const seed = new Uint8Array(32).fill(7)
  const publicKey = engine.publicKeyFromSeed(set, seed)
  const message = utf8('known-answer test')
  const signature = engine.signMlDsa(set, seed, message, utf8('a'))
  expect(engine.verify(mlDsaPrimitive(set), publicKey, message, signature, utf8('a')), engine, 'ML-DSA-44: own signature')
  expect(!engine.verify(mlDsaPrimitive(set), publicKey, message, signature), engine, 'ML-DSA-44: the context is ignored')
}

function expect(condition: boolean, engine: Engine, what: string): void {
  if (!condition) throw new SealstoneError('SELF_TEST_FAILED', `known-answer test of the ${engine.name} engine failed: ${what}`)
}

function flipped(bytes: Uint8Array, index: number): Uint8Array {
  return bytes.with(index, (bytes[index] ?? 0) ^ 1)
}

const SHA256_ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad' // FIPS 180-4 example
