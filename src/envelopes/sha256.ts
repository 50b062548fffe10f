/** SHA-256 by node:crypto, as bytes and as the text that audit leaves use. */
import { createHash } from 'node:crypto'
import { perObject, toHex } from '#core'
import { pemHint, type PublicKey } from '#suites'

function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}

/** `sha256:` and 64 hex digits. */
export function digestText(bytes: Uint8Array): string {
  return `sha256:${toHex(sha256(bytes))}`
}

/** OMS `publicKey.hint`: hex SHA-256 of the PEM text. */
export const keyHint = perObject((key: Pick<PublicKey, 'spki'>): string => pemHint({ digest: (_hash, ...parts) => sha256(...parts) }, key))
