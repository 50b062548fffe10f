/** The native engine. ML-DSA signing is hedged (FIPS 204 §3.4); OpenSSL compares and branches in constant time on secrets. */
import { constants, createHash, createPrivateKey, createPublicKey, hash as hashOnce, type KeyObject, sign, verify } from 'node:crypto'
import { SealstoneError } from '#core'
import { checkContext, checkSecret, checkSigningInput, type Engine, type MlDsaPrivateKey, type MlDsaSigner, SEED_BYTES } from '../engine.ts'
import { type HashName, type MlDsaSet, mlDsaPrimitive, plausibleSizes, PRIMITIVES, type Primitive, primitiveRow, type RsaRow } from '../primitives.ts'
import { encodePkcs8 } from '../private-key.ts'

export function nativeEngine(): Engine {
  return {
    name: 'native',
    supports: (primitive) => Object.hasOwn(PRIMITIVES, primitive),
    verify: verifyNative,
    signMlDsa,
    openMlDsaKey,
    publicKeyFromSeed,
    acceptsPrivateKey,
    digest,
  }
}

function verifyNative(
  primitive: Primitive,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
  ctx?: Uint8Array,
  hash?: HashName,
): boolean {
  if (!plausibleSizes(primitive, publicKey, signature)) return false
  try {
    return verifyWith(primitive, keptPublicKey(primitive, publicKey), message, signature, ctx, hash)
  } catch {
    return false // OpenSSL refuses the key or the signature's form: the same answer as a wrong signature
  }
}

function verifyWith(primitive: Primitive, key: KeyObject, message: Uint8Array, signature: Uint8Array, ctx?: Uint8Array, hash?: HashName): boolean {
  const row = primitiveRow(primitive)
  switch (row.kind) {
    case 'ml-dsa':
    case 'slh-dsa':
      return verify(null, message, ctx === undefined || ctx.length === 0 ? key : { key, context: ctx }, signature)
    case 'eddsa':
      return verify(null, message, key, signature)
    case 'ecdsa':
      return verify(hash ?? row.hash, message, { key, dsaEncoding: 'der' }, signature)
    case 'rsa':
      return key.asymmetricKeyDetails?.modulusLength === row.bits && verify(hash ?? row.hash, message, { key, ...rsaPadding(row) }, signature)
  }
}

/** Imported keys, the one used last at the end: a daemon verifies with few keys, and to import one takes a good part of a verification. */
const kept = new Map<string, KeyObject>()
const MOST_KEPT = 64

function keptPublicKey(primitive: Primitive, raw: Uint8Array): KeyObject {
  // The whole key is its name: nothing that could be made to collide.
  const name = `${primitive}:${Buffer.from(raw.buffer, raw.byteOffset, raw.length).toString('latin1')}`
  const known = kept.get(name)
  const key = known ?? importPublicKey(primitive, raw)
  if (known !== undefined) kept.delete(name)
  kept.set(name, key)
  const [oldest] = kept.keys()
  if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest)
  return key
}

// Raw import spares OpenSSL its search for a decoder. node:crypto names these keys as our table does.
function importPublicKey(primitive: Primitive, raw: Uint8Array): KeyObject {
  const row = primitiveRow(primitive)
  const key = Buffer.from(raw.buffer, raw.byteOffset, raw.length)
  switch (row.kind) {
    case 'rsa':
      return createPublicKey({ key, format: 'der', type: 'pkcs1' })
    case 'ecdsa':
      return createPublicKey({ key, format: 'raw-public', asymmetricKeyType: 'ec', namedCurve: row.curve })
    default:
      return createPublicKey({ key, format: 'raw-public', asymmetricKeyType: primitive as KeyObject['asymmetricKeyType'] & string })
  }
}

function rsaPadding(row: RsaRow): { padding: number; saltLength?: number } {
  if (row.padding === 'pkcs15') return { padding: constants.RSA_PKCS1_PADDING }
  return { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
}

function signMlDsa(
  set: MlDsaSet,
  secret: Uint8Array,
  message: Uint8Array,
  ctx: Uint8Array,
  options: { readonly deterministic?: boolean } = {},
): Uint8Array {
  if (options.deterministic === true) throw new SealstoneError('SUITE_UNSUPPORTED', 'the native engine signs hedged only')
  checkSigningInput(set, secret, ctx)
  return signWith(secretKey(set, secret), message, ctx)
}

function openMlDsaKey(set: MlDsaSet, secret: Uint8Array): MlDsaSigner {
  checkSecret(set, secret)
  const key = secretKey(set, secret)
  return (message, ctx) => {
    checkContext(ctx)
    return signWith(key, message, ctx)
  }
}

function signWith(key: KeyObject, message: Uint8Array, ctx: Uint8Array): Uint8Array {
  const signature = sign(null, message, ctx.length === 0 ? key : { key, context: ctx })
  return new Uint8Array(signature.buffer, signature.byteOffset, signature.length)
}

function publicKeyFromSeed(set: MlDsaSet, secret: Uint8Array): Uint8Array {
  checkSecret(set, secret)
  return Uint8Array.from(createPublicKey(secretKey(set, secret)).export({ format: 'raw-public' }))
}

function secretKey(set: MlDsaSet, secret: Uint8Array): KeyObject {
  if (secret.length !== SEED_BYTES) {
    const pkcs8 = Buffer.from(encodePkcs8({ set, expanded: secret }).buffer)
    try {
      return createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
    } finally {
      pkcs8.fill(0)
    }
  }
  // The same memory, so that the caller's zeroising reaches it.
  const bytes = Buffer.from(secret.buffer, secret.byteOffset, secret.length)
  return createPrivateKey({ key: bytes, format: 'raw-seed', asymmetricKeyType: mlDsaPrimitive(set) })
}

// OpenSSL re-expands the seed, recomputes t0 and tr, and checks the range of s1 and s2 while it imports.
function acceptsPrivateKey(key: MlDsaPrivateKey): boolean {
  const pkcs8 = Buffer.from(encodePkcs8(key).buffer)
  try {
    return createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }).asymmetricKeyType === mlDsaPrimitive(key.set)
  } catch {
    return false
  } finally {
    pkcs8.fill(0)
  }
}

function digest(hash: HashName, ...parts: readonly Uint8Array[]): Uint8Array {
  const outputLength = hash === 'shake256' ? { outputLength: 64 } : {}
  const [only, ...more] = parts
  if (only !== undefined && more.length === 0) {
    // As a string, one character a byte: a Buffer from OpenSSL costs more to make and to collect than the hash of a few kilobytes.
    const text = hashOnce(hash, only, { outputEncoding: 'binary', ...outputLength })
    const bytes = new Uint8Array(text.length)
    for (let at = 0; at < bytes.length; at++) bytes[at] = text.charCodeAt(at)
    return bytes
  }
  const hasher = createHash(hash, outputLength)
  for (const part of parts) hasher.update(part)
  const bytes = hasher.digest()
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}
