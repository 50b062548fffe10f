/** How an MCP registry takes keys and signatures (its publisher's `login dns` and `login http`): two suites, raw keys, and r‖s at full length. */
import { concatBytes, SealstoneError, toBase64 } from '#core'
import { DER, expectTag, readSequence, writeElement } from './der.ts'
import type { PublicKey } from './public-key.ts'
import type { Suite } from './table.ts'

/** A login to a registry, which takes it for 15 seconds, from anybody. */
export interface RegistrySignature {
  /** RFC 3339, UTC, whole seconds: the bytes that were signed. */
  readonly timestamp: string
  /** 64 bytes of Ed25519, or r‖s of P-384 in 48 bytes each. */
  readonly signature: Uint8Array
  /** As registries name it: `ed25519` or `ecdsap384`. */
  readonly algorithm: string
}

/** `v=MCPv1; k=…; p=…`, for the TXT record of a domain or its /.well-known/mcp-registry-auth. Throws KEY_UNUSABLE for another suite. */
export function registryProof({ suite, raw }: PublicKey): string {
  const row = registryRow(suite)
  return `v=MCPv1; k=${row.name}; p=${toBase64(row.fieldBytes === undefined ? raw : compressedPoint(raw, row.fieldBytes))}`
}

/** @param signature as `sign` makes it. Throws KEY_UNUSABLE for another suite, KEY_INVALID for a signature that is none. */
export function toRegistrySignature(suite: Suite, signature: Uint8Array): Uint8Array {
  const { fieldBytes } = registryRow(suite)
  if (fieldBytes === undefined) return signature
  const [r, s, ...rest] = readSequence(signature).map((element) => expectTag(element, DER.integer, 'signature'))
  if (r === undefined || s === undefined || rest.length > 0) throw new SealstoneError('KEY_INVALID', 'signature is not two integers')
  return concatBytes(padded(r, fieldBytes), padded(s, fieldBytes))
}

/** Back again, so that what is given out can be verified as it is given out. */
export function fromRegistrySignature(suite: Suite, signature: Uint8Array): Uint8Array {
  const { fieldBytes } = registryRow(suite)
  if (fieldBytes === undefined) return signature
  return writeElement(DER.sequence, integer(signature.subarray(0, fieldBytes)), integer(signature.subarray(fieldBytes)))
}

/** Throws KEY_UNUSABLE for a suite that registries do not take. */
export function registryAlgorithm(suite: Suite): string {
  return registryRow(suite).name
}

function registryRow(suite: Suite): { readonly name: string; readonly fieldBytes?: number } {
  if (suite.id in ROWS) return ROWS[suite.id as keyof typeof ROWS]
  throw new SealstoneError('KEY_UNUSABLE', `the key is of suite ${suite.id}, registries take ${Object.keys(ROWS).join(' and ')}`, {
    hint: 'make a key for this: sealstone keys create registry --suite ed25519',
  })
}

/** An unsigned integer, big endian, of exactly so many bytes. About one r or s in 256 is shorter, and registries refuse a short signature. */
function padded(value: Uint8Array, bytes: number): Uint8Array {
  const unsigned = value[0] === 0 ? value.subarray(1) : value
  if (unsigned.length > bytes) throw new SealstoneError('KEY_INVALID', `half of the signature is ${unsigned.length} bytes, want at most ${bytes}`)
  return concatBytes(new Uint8Array(bytes - unsigned.length), unsigned)
}

/** X.690 §8.3: shortest form, a zero byte before a highest bit. */
function integer(value: Uint8Array): Uint8Array {
  const first = value.findIndex((byte) => byte !== 0)
  const minimal = first === -1 ? Uint8Array.of(0) : value.subarray(first)
  return writeElement(DER.integer, (minimal[0] ?? 0) >= 0x80 ? Uint8Array.of(0) : new Uint8Array(), minimal)
}

/** SEC 1 §2.3.3: 02 or 03 by whether Y is even, then X. @param point `04‖X‖Y` */
function compressedPoint(point: Uint8Array, fieldBytes: number): Uint8Array {
  return concatBytes(Uint8Array.of(2 + ((point.at(-1) ?? 0) & 1)), point.subarray(1, 1 + fieldBytes))
}

const ROWS = { ed25519: { name: 'ed25519' }, 'ecdsa-p384': { name: 'ecdsap384', fieldBytes: 48 } } as const satisfies Partial<
  Record<Suite['id'], { readonly name: string; readonly fieldBytes?: number }>
>
