/** Makes a signature of any suite that can sign, through injected secrets. Synchronous, because the key host is. */
import { SealstoneError } from '#core'
import { compositeMessage, compositeParts, joinSignature, startsWithCompositePrefix } from './composite.ts'
import type { Engine } from './engine.ts'
import type { HashName, MlDsaSet, Primitive } from './primitives.ts'
import type { Suite } from './table.ts'

/** Holds, or reaches, the private halves. */
export interface RawSigner {
  /** Pure ML-DSA with this context. */
  mlDsa(set: MlDsaSet, message: Uint8Array, ctx: Uint8Array): Uint8Array
  /** The whole message is given; the signer hashes. DER for ECDSA. */
  classical(primitive: Primitive, message: Uint8Array, hash?: HashName): Uint8Array
}

/** Throws SUITE_UNSUPPORTED for a suite that only verifies. */
export function sign(engine: Engine, suite: Suite, signer: RawSigner, message: Uint8Array, ctx: Uint8Array = new Uint8Array()): Uint8Array {
  if (!suite.canSign) throw new SealstoneError('SUITE_UNSUPPORTED', `suite ${suite.id} verifies only`)
  if (ctx.length > 255) throw new SealstoneError('INPUT_INVALID', `context is ${ctx.length} bytes, want at most 255`)
  if (suite.kind === 'composite') {
    const { label, mlDsa, classical } = compositeParts(suite)
    const toSign = compositeMessage(engine, suite, message, ctx)
    return joinSignature(suite, signer.mlDsa(mlDsa, toSign, label), signer.classical(classical, toSign))
  }
  if (suite.kind === 'ml-dsa' && suite.mlDsa !== undefined) return signer.mlDsa(suite.mlDsa, message, ctx)
  if (suite.classical === undefined) throw new SealstoneError('INTERNAL', `suite ${suite.id} names no primitive`)
  if (ctx.length > 0) throw new SealstoneError('INPUT_INVALID', `suite ${suite.id} takes no context`)
  if (startsWithCompositePrefix(message))
    throw new SealstoneError('INPUT_INVALID', 'message starts with the composite prefix; a classical key does not sign that')
  return signer.classical(suite.classical, message)
}
