/** Verifies a signature of any suite. Both halves of a composite are always evaluated, and there is one answer for either. */
import { SealstoneError } from '#core'
import { compositeMessage, compositeParts, splitPublicKey, splitSignature, startsWithCompositePrefix } from './composite.ts'
import type { Engine } from './engine.ts'
import { mlDsaPrimitive } from './primitives.ts'
import type { PublicKey } from './public-key.ts'

/**
 * False, never an exception, for hostile bytes. `ctx` is the application context, at most 255 bytes; classical suites have none. Throws
 * SUITE_UNSUPPORTED where the engine lacks a primitive of the suite (`portable` has no RSA): that says nothing of the signature.
 */
export function verify(engine: Engine, key: PublicKey, message: Uint8Array, signature: Uint8Array, ctx: Uint8Array = NO_CONTEXT): boolean {
  const { suite, raw } = key
  if (suite.classical !== undefined && !engine.supports(suite.classical)) {
    throw new SealstoneError('SUITE_UNSUPPORTED', `the ${engine.name} engine has no ${suite.classical}, which suite ${suite.id} needs`)
  }
  if (ctx.length > 255) return false
  switch (suite.kind) {
    case 'composite':
      return verifyComposite(engine, key, message, signature, ctx)
    case 'ml-dsa':
      return suite.mlDsa !== undefined && engine.verify(mlDsaPrimitive(suite.mlDsa), raw, message, signature, ctx)
    case 'slh-dsa':
      return suite.classical !== undefined && engine.verify(suite.classical, raw, message, signature, ctx)
    case 'classical':
      if (suite.classical === undefined || ctx.length > 0 || startsWithCompositePrefix(message)) return false
      return engine.verify(suite.classical, raw, message, signature)
  }
}

function verifyComposite(engine: Engine, { suite, raw }: PublicKey, message: Uint8Array, signature: Uint8Array, ctx: Uint8Array): boolean {
  const publicKeys = splitPublicKey(suite, raw)
  const signatures = splitSignature(suite, signature)
  if (publicKeys === undefined || signatures === undefined) return false
  const { label, mlDsa, classical } = compositeParts(suite)
  const toVerify = compositeMessage(engine, suite, message, ctx)
  const quantumSafe = engine.verify(mlDsaPrimitive(mlDsa), publicKeys.mlDsa, toVerify, signatures.mlDsa, label)
  const traditional = engine.verify(classical, publicKeys.classical, toVerify, signatures.classical)
  return quantumSafe && traditional
}

const NO_CONTEXT = new Uint8Array()
