/** Composite ML-DSA (draft-ietf-lamps-pq-composite-sigs-19): the message both halves sign, and raw concatenation of keys and signatures. */
import { concatBytes, SealstoneError, utf8 } from '#core'
import type { Engine } from './engine.ts'
import { type MlDsaSet, mlDsaPrimitive, PRIMITIVES, type Primitive } from './primitives.ts'
import type { Suite } from './table.ts'

export interface CompositeParts {
  readonly label: Uint8Array
  readonly mlDsa: MlDsaSet
  readonly classical: Primitive
  readonly preHash: NonNullable<Suite['preHash']>
}

/** §2.2: M' = Prefix ‖ Label ‖ len(ctx) ‖ ctx ‖ PH(M). */
export function compositeMessage(engine: Engine, suite: Suite, message: Uint8Array, ctx: Uint8Array): Uint8Array {
  if (ctx.length > 255) throw new SealstoneError('INPUT_INVALID', `context is ${ctx.length} bytes, want at most 255`)
  const { label, preHash } = compositeParts(suite)
  return concatBytes(COMPOSITE_PREFIX, label, Uint8Array.of(ctx.length), ctx, engine.digest(preHash, message))
}

export function compositeParts(suite: Suite): CompositeParts {
  const { mlDsa, classical, preHash } = suite
  if (suite.kind !== 'composite' || mlDsa === undefined || classical === undefined || preHash === undefined) {
    throw new SealstoneError('INTERNAL', `suite ${suite.id} is not a composite`)
  }
  return { label: utf8(suite.label), mlDsa, classical, preHash }
}

/** §4: the ML-DSA part has a fixed size, what follows is the classical part. Undefined if nothing follows. */
export function splitSignature(suite: Suite, signature: Uint8Array): { readonly mlDsa: Uint8Array; readonly classical: Uint8Array } | undefined {
  return split(signature, PRIMITIVES[mlDsaPrimitive(compositeParts(suite).mlDsa)].signatureBytes)
}

export function splitPublicKey(suite: Suite, publicKey: Uint8Array): { readonly mlDsa: Uint8Array; readonly classical: Uint8Array } | undefined {
  return split(publicKey, PRIMITIVES[mlDsaPrimitive(compositeParts(suite).mlDsa)].publicKeyBytes)
}

export function joinPublicKey(suite: Suite, mlDsa: Uint8Array, classical: Uint8Array): Uint8Array {
  return joinAfter(PRIMITIVES[mlDsaPrimitive(compositeParts(suite).mlDsa)].publicKeyBytes, mlDsa, classical, 'public key')
}

export function joinSignature(suite: Suite, mlDsa: Uint8Array, classical: Uint8Array): Uint8Array {
  return joinAfter(PRIMITIVES[mlDsaPrimitive(compositeParts(suite).mlDsa)].signatureBytes, mlDsa, classical, 'signature')
}

/** A classical signature over such a message could be taken for a composite's half; it is neither made nor accepted. */
export function startsWithCompositePrefix(message: Uint8Array): boolean {
  return message.length >= COMPOSITE_PREFIX.length && COMPOSITE_PREFIX.every((byte, index) => message[index] === byte)
}

function split(bytes: Uint8Array, size: number): { mlDsa: Uint8Array; classical: Uint8Array } | undefined {
  return bytes.length > size ? { mlDsa: bytes.subarray(0, size), classical: bytes.subarray(size) } : undefined
}

function joinAfter(size: number, mlDsa: Uint8Array, classical: Uint8Array, what: string): Uint8Array {
  if (mlDsa.length !== size) throw new SealstoneError('INTERNAL', `ML-DSA ${what} is ${mlDsa.length} bytes, want ${size}`)
  return concatBytes(mlDsa, classical)
}

/** 32 bytes of ASCII. */
export const COMPOSITE_PREFIX = utf8('CompositeAlgorithmSignatures2025')
