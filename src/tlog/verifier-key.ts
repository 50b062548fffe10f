/** Verifier keys of a log (c2sp.org/signed-note): name, key ID, signature type and public key, and their text form (vkey). */
import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes, equalBytes, excerpt, fromBase64, fromHex, SealstoneError, toBase64, toHex, utf8 } from '#core'
import { checkKeyName, KEY_ID_BYTES } from './note.ts'

export type LogKeyType = keyof typeof LOG_KEY_TYPES

export interface LogVerifierKey {
  readonly name: string
  /** 4 bytes: the start of SHA-256(name ‖ 0x0A ‖ type ‖ public key). */
  readonly keyId: Uint8Array
  readonly type: LogKeyType
  /** Raw: 32 bytes (RFC 8032) or 1312 bytes (FIPS 204). */
  readonly publicKey: Uint8Array
}

/** c2sp.org/signed-note type 0x01 and c2sp.org/tlog-cosignature type 0x06. `signatureBytes` is what follows the key ID in a note. */
export const LOG_KEY_TYPES = {
  ed25519: { byte: 0x01, publicKeyBytes: 32, signatureBytes: 64 },
  'ml-dsa-44': { byte: 0x06, publicKeyBytes: 1312, signatureBytes: 8 + 2420 },
} as const

/** Computes the key ID. Throws INPUT_INVALID for a name that cannot be in a note, KEY_INVALID for a key of the wrong length. */
export function logVerifierKey(key: { readonly name: string; readonly type: LogKeyType; readonly publicKey: Uint8Array }): LogVerifierKey {
  const { byte, publicKeyBytes } = LOG_KEY_TYPES[key.type]
  if (key.publicKey.length !== publicKeyBytes) {
    throw new SealstoneError('KEY_INVALID', `${key.type} log key is ${key.publicKey.length} bytes, want ${publicKeyBytes}`)
  }
  const keyId = sha256(concatBytes(utf8(`${checkKeyName(key.name)}\n`), Uint8Array.of(byte), key.publicKey)).slice(0, KEY_ID_BYTES)
  return { name: key.name, keyId, type: key.type, publicKey: key.publicKey }
}

/** `name+keyID+base64(type ‖ public key)`. */
export function encodeVerifierKey({ name, keyId, type, publicKey }: LogVerifierKey): string {
  return `${name}+${toHex(keyId)}+${toBase64(concatBytes(Uint8Array.of(LOG_KEY_TYPES[type].byte), publicKey))}`
}

/** Strict; the key ID must be the one that the key has. Throws FORMAT_INVALID or KEY_INVALID. */
export function parseVerifierKey(text: string): LogVerifierKey {
  // Base64 has plus signs too; a name has none.
  const [, name, keyId, encoded] = /^([^+]*)\+([^+]*)\+(.*)$/.exec(text) ?? []
  if (name === undefined || keyId === undefined || encoded === undefined) {
    throw new SealstoneError('FORMAT_INVALID', `log key is ${excerpt(text)}, want name+keyID+base64`)
  }
  const bytes = fromBase64(encoded)
  const type = (Object.keys(LOG_KEY_TYPES) as LogKeyType[]).find((candidate) => LOG_KEY_TYPES[candidate].byte === bytes[0])
  if (type === undefined) {
    throw new SealstoneError('FORMAT_INVALID', `log key has signature type ${bytes[0] ?? 'missing'}, want 1 (ed25519) or 6 (ml-dsa-44)`)
  }
  const key = logVerifierKey({ name, type, publicKey: bytes.slice(1) })
  if (!equalBytes(key.keyId, fromHex(keyId, KEY_ID_BYTES))) {
    throw new SealstoneError('FORMAT_INVALID', `log key says key ID ${keyId}, its key has ${toHex(key.keyId)}`)
  }
  return key
}
