/** Names that were checked once at the edge; deeper code takes the branded form and never checks again. */
import { excerpt } from './bytes.ts'
import { SealstoneError } from './errors.ts'

declare const brand: unique symbol
type Branded<Name extends string> = string & { readonly [brand]: Name }

/** 1–63 characters of a–z, 0–9 and `-`, starting with a letter or digit. */
export type KeyName = Branded<'KeyName'>
/** 16 bytes as lower-case hex, see `newOperationId`; the same in an intent and its outcome. */
export type OperationId = Branded<'OperationId'>
/** 1–128 printable ASCII characters chosen by the caller. */
export type IdempotencyKey = Branded<'IdempotencyKey'>
/** `local` for the owner of the socket, else a SPIFFE URI or DNS name from the client's certificate. */
export type Identity = Branded<'Identity'>

export function parseKeyName(text: string): KeyName {
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(text)) {
    throw new SealstoneError('INPUT_INVALID', `key name is ${excerpt(text)}, want 1–63 of a–z, 0–9, -`, {
      hint: 'choose a name such as default or prod-2026',
    })
  }
  return text as KeyName
}

export function parseOperationId(text: string): OperationId {
  if (!/^[0-9a-f]{32}$/.test(text)) throw new SealstoneError('INPUT_INVALID', `operation id is ${excerpt(text)}, want 32 hex digits`)
  return text as OperationId
}

export function parseIdempotencyKey(text: string): IdempotencyKey {
  if (!/^[\x21-\x7e]{1,128}$/.test(text)) {
    throw new SealstoneError('INPUT_INVALID', `idempotency key is ${excerpt(text)}, want 1–128 printable ASCII characters`, {
      hint: 'send a random UUID per request and the same one on a retry',
    })
  }
  return text as IdempotencyKey
}

export function parseIdentity(text: string): Identity {
  if (!/^[\x21-\x7e]{1,2048}$/.test(text)) throw new SealstoneError('INPUT_INVALID', `identity is ${excerpt(text)}, want printable ASCII`)
  return text as Identity
}

/**
 * A fresh operation id: 48 bits of milliseconds since 1970, as in a version 7 UUID (RFC 9562 §5.7), then 80 random bits. The time claims
 * nothing; it keeps ids that are made together together, so that an index over them grows at its end. Elsewhere every insert writes a
 * page of its own.
 */
export function newOperationId(): OperationId {
  const random = crypto.randomUUID() // Node draws these from a pool; its last 12 and its first 8 digits are random throughout
  return (Date.now().toString(16).padStart(12, '0') + random.slice(24) + random.slice(0, 8)) as OperationId
}
