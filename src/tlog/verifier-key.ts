/** Verifier keys (c2sp.org/signed-note) of logs and witnesses: name, key ID, signature type and public key, and their text form (vkey). */
import { sha256 } from '#sha256'
import { concatBytes, equalBytes, excerpt, fromBase64, fromHex, SealstoneError, toBase64, toHex, utf8 } from '#core'
import { checkKeyName, KEY_ID_BYTES } from './note.ts'

/** What a log signs its checkpoints with. */
export type LogKeyType = 'ed25519' | 'ml-dsa-44'

/** What a witness signs other people's checkpoints with: never a log's type 0x01, which says nothing of time. */
export type WitnessKeyType = 'cosignature-ed25519' | 'ml-dsa-44'

export interface VerifierKey<Type extends LogKeyType | WitnessKeyType = LogKeyType | WitnessKeyType> {
  readonly name: string
  /** 4 bytes: the start of SHA-256(name ‖ 0x0A ‖ type ‖ public key). */
  readonly keyId: Uint8Array
  readonly type: Type
  /** Raw: 32 bytes (RFC 8032) or 1312 bytes (FIPS 204). */
  readonly publicKey: Uint8Array
}

export type LogVerifierKey = VerifierKey<LogKeyType>
export type WitnessKey = VerifierKey<WitnessKeyType>

/** c2sp.org/signed-note type 0x01, c2sp.org/tlog-cosignature types 0x04 and 0x06. `signatureBytes` is what follows the key ID in a note. */
export const KEY_TYPES = {
  ed25519: { byte: 0x01, publicKeyBytes: 32, signatureBytes: 64 },
  'cosignature-ed25519': { byte: 0x04, publicKeyBytes: 32, signatureBytes: 8 + 64 },
  'ml-dsa-44': { byte: 0x06, publicKeyBytes: 1312, signatureBytes: 8 + 2420 },
} as const satisfies Record<LogKeyType | WitnessKeyType, unknown>

type NamedKey<Type> = { readonly name: string; readonly type: Type; readonly publicKey: Uint8Array }

/** Computes the key ID. Throws INPUT_INVALID for a name that cannot be in a note, KEY_INVALID for a key of the wrong length. */
export function logVerifierKey(key: NamedKey<LogKeyType>): LogVerifierKey {
  return withKeyId(key, 'log')
}

/** As `logVerifierKey`, for a witness. */
export function witnessKey(key: NamedKey<WitnessKeyType>): WitnessKey {
  return withKeyId(key, 'witness')
}

/** `name+keyID+base64(type ‖ public key)`. */
export function encodeVerifierKey({ name, keyId, type, publicKey }: VerifierKey): string {
  return `${name}+${toHex(keyId)}+${toBase64(concatBytes(Uint8Array.of(KEY_TYPES[type].byte), publicKey))}`
}

/** A log's key. Strict; the key ID must be the one that the key has. Throws FORMAT_INVALID or KEY_INVALID. */
export function parseVerifierKey(text: string): LogVerifierKey {
  return parse(text, 'log', ['ed25519', 'ml-dsa-44'])
}

/** A witness's key. As strict. */
export function parseWitnessKey(text: string): WitnessKey {
  return parse(text, 'witness', ['cosignature-ed25519', 'ml-dsa-44'])
}

function withKeyId<Type extends LogKeyType | WitnessKeyType>({ name, type, publicKey }: NamedKey<Type>, whose: string): VerifierKey<Type> {
  const { byte, publicKeyBytes } = KEY_TYPES[type]
  if (publicKey.length !== publicKeyBytes) {
    throw new SealstoneError('KEY_INVALID', `${type} ${whose} key is ${publicKey.length} bytes, want ${publicKeyBytes}`)
  }
  const keyId = sha256(concatBytes(utf8(`${checkKeyName(name)}\n`), Uint8Array.of(byte), publicKey)).slice(0, KEY_ID_BYTES)
  return { name, keyId, type, publicKey }
}

function parse<Type extends LogKeyType | WitnessKeyType>(text: string, whose: string, types: readonly Type[]): VerifierKey<Type> {
  // Base64 has plus signs too; a name has none.
  const [, name, keyId, encoded] = /^([^+]*)\+([^+]*)\+(.*)$/.exec(text) ?? []
  if (name === undefined || keyId === undefined || encoded === undefined) {
    throw new SealstoneError('FORMAT_INVALID', `${whose} key is ${excerpt(text)}, want name+keyID+base64`)
  }
  const bytes = fromBase64(encoded)
  const type = types.find((candidate) => KEY_TYPES[candidate].byte === bytes[0])
  if (type === undefined) {
    const wanted = types.map((candidate) => `${KEY_TYPES[candidate].byte} (${candidate})`).join(' or ')
    throw new SealstoneError('FORMAT_INVALID', `${whose} key has signature type ${bytes[0] ?? 'missing'}, want ${wanted}`)
  }
  const key = withKeyId({ name, type, publicKey: bytes.slice(1) }, whose)
  if (!equalBytes(key.keyId, fromHex(keyId, KEY_ID_BYTES))) {
    throw new SealstoneError('FORMAT_INVALID', `${whose} key says key ID ${keyId}, its key has ${toHex(key.keyId)}`)
  }
  return key
}
