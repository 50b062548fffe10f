/** Canonical JSON (RFC 8785): one byte form for one value. */
import { utf8 } from './bytes.ts'
import { SealstoneError } from './errors.ts'

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [name: string]: JsonValue }
export type JsonObject = { readonly [name: string]: JsonValue }

/** RFC 8785 §3.2: no white space, names sorted by UTF-16 code units, ECMAScript numbers. */
export function canonicalJson(value: JsonValue): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new SealstoneError('JSON_INVALID', `${value} has no JSON form`)
    return JSON.stringify(value)
  }
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new SealstoneError('JSON_INVALID', 'a string holds a lone surrogate') // RFC 8785 §3.2.2.2
    return JSON.stringify(value)
  }
  if (isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  const members = Object.keys(value)
    .sort()
    .map((name) => `${canonicalJson(name)}:${canonicalJson(value[name] as JsonValue)}`)
  return `{${members.join(',')}}`
}

export function canonicalJsonBytes(value: JsonValue): Uint8Array {
  return utf8(canonicalJson(value))
}

function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}
