/** A key as it is stored: public, and its secret parts either named in the token or sealed by it. Worthless without the token. */
import {
  canonicalJsonBytes,
  describe,
  fromBase64,
  fromHex,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type KeyProtection,
  keyProtectionJson,
  parseKeyProtection,
  SealstoneError,
  toBase64,
} from '#core'
import { type Engine, findSuite, fingerprint, type SuiteId } from '#suites'

/** An ML-DSA seed that only the token can open; `wrappingKey` is the CKA_ID of the key that seals, lower-case hex. */
export type SealedSeed =
  | { readonly sealing: 'aes-256-gcm'; readonly wrappingKey: string; readonly iv: Uint8Array; readonly ciphertext: Uint8Array }
  | {
      readonly sealing: 'rsa-oaep'
      readonly wrappingKey: string
      readonly oaepHash: 'sha256' | 'sha1'
      readonly encryptedKey: Uint8Array
      readonly iv: Uint8Array
      readonly ciphertext: Uint8Array
    }

export interface KeyMaterial {
  /** Stable over versions, for example `default` or `default.companion`. */
  readonly keyId: string
  readonly version: number
  readonly suite: SuiteId
  /** SubjectPublicKeyInfo, DER; of the whole composite where there are two halves. */
  readonly spki: Uint8Array
  /** Where the suite has an ML-DSA half: its seed. */
  readonly sealedSeed?: SealedSeed
  /** Where the suite has a classical half: CKA_ID of its key pair in the token, lower-case hex. */
  readonly ckaId?: string
  /** Where the token holds the ML-DSA half itself: CKA_ID of that key pair; there is no sealed ML-DSA seed then. */
  readonly mlDsaCkaId?: string
  readonly protection: KeyProtection
  /** An age file that the offline recipients can open; absent where the key was made without. */
  readonly recovery?: Uint8Array
}

/** What a sealed seed is bound to: moved to another key, version, suite or public key it does not open. */
export function sealingContext(engine: Engine, key: Pick<KeyMaterial, 'keyId' | 'version' | 'suite' | 'spki'>): Uint8Array {
  return canonicalJsonBytes({
    purpose: 'sealstone sealed seed v1',
    keyId: key.keyId,
    version: key.version,
    suite: key.suite,
    publicKey: fingerprint(engine, key.spki),
  })
}

export function keyMaterialJson(key: KeyMaterial): JsonObject {
  const { sealedSeed, ckaId, mlDsaCkaId, recovery } = key
  return {
    keyId: key.keyId,
    version: key.version,
    suite: key.suite,
    spki: toBase64(key.spki),
    ...(sealedSeed === undefined ? {} : { sealedSeed: sealedJson(sealedSeed) }),
    ...(ckaId === undefined ? {} : { ckaId }),
    ...(mlDsaCkaId === undefined ? {} : { mlDsaCkaId }),
    protection: keyProtectionJson(key.protection),
    ...(recovery === undefined ? {} : { recovery: toBase64(recovery) }),
  }
}

/** Strict; throws FORMAT_INVALID or SUITE_UNKNOWN. */
export function parseKeyMaterial(value: JsonValue): KeyMaterial {
  const object = members(value, 'key material', ['keyId', 'version', 'suite', 'spki', 'sealedSeed', 'ckaId', 'mlDsaCkaId', 'protection', 'recovery'])
  return {
    keyId: text(object, 'keyId'),
    version: positive(object, 'version'),
    suite: findSuite(text(object, 'suite')).id,
    spki: bytes(object, 'spki'),
    ...(object.sealedSeed === undefined ? {} : { sealedSeed: parseSealed(object.sealedSeed) }),
    ...(object.ckaId === undefined ? {} : { ckaId: objectId(object, 'ckaId') }),
    ...(object.mlDsaCkaId === undefined ? {} : { mlDsaCkaId: objectId(object, 'mlDsaCkaId') }),
    protection: parseKeyProtection(object.protection),
    ...(object.recovery === undefined ? {} : { recovery: bytes(object, 'recovery') }),
  }
}

function sealedJson(seed: SealedSeed): JsonObject {
  const { sealing, wrappingKey } = seed
  const common = { sealing, wrappingKey, iv: toBase64(seed.iv), ciphertext: toBase64(seed.ciphertext) }
  return sealing === 'aes-256-gcm' ? common : { ...common, oaepHash: seed.oaepHash, encryptedKey: toBase64(seed.encryptedKey) }
}

function parseSealed(value: JsonValue): SealedSeed {
  const object = members(value, 'sealed seed', ['sealing', 'wrappingKey', 'iv', 'ciphertext', 'oaepHash', 'encryptedKey'])
  const common = { wrappingKey: objectId(object, 'wrappingKey'), iv: bytes(object, 'iv'), ciphertext: bytes(object, 'ciphertext') }
  switch (object.sealing) {
    case 'aes-256-gcm':
      members(value, 'sealed seed', ['sealing', 'wrappingKey', 'iv', 'ciphertext'])
      return { sealing: 'aes-256-gcm', ...common }
    case 'rsa-oaep': {
      const oaepHash = (['sha256', 'sha1'] as const).find((known) => known === object.oaepHash)
      if (oaepHash === undefined) throw invalid(`oaepHash is ${JSON.stringify(object.oaepHash) ?? 'missing'}, want sha256 or sha1`)
      return { sealing: 'rsa-oaep', ...common, oaepHash, encryptedKey: bytes(object, 'encryptedKey') }
    }
    default:
      throw invalid(`sealing is ${JSON.stringify(object.sealing) ?? 'missing'}, want aes-256-gcm or rsa-oaep`)
  }
}

function members(value: JsonValue | undefined, what: string, names: readonly string[]): JsonObject {
  if (!isJsonObject(value)) throw invalid(`${what} is ${describe(value)}, want an object`)
  const stray = Object.keys(value).find((name) => !names.includes(name))
  if (stray !== undefined) throw invalid(`${what} has an unknown member ${JSON.stringify(stray)}`)
  return value
}

function text(object: JsonObject, name: string): string {
  const value = object[name]
  if (typeof value !== 'string' || value === '') throw invalid(`${name} is ${describe(value)}, want a string`)
  return value
}

function bytes(object: JsonObject, name: string): Uint8Array {
  return fromBase64(text(object, name))
}

function positive(object: JsonObject, name: string): number {
  const value = object[name]
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1)
    throw invalid(`${name} is ${JSON.stringify(value) ?? 'missing'}, want 1 or more`)
  return value
}

function objectId(object: JsonObject, name: string): string {
  const value = text(object, name)
  fromHex(value)
  return value
}

function invalid(message: string): SealstoneError {
  return new SealstoneError('FORMAT_INVALID', message)
}
