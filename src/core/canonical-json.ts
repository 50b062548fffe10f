/** Canonical JSON (RFC 8785): one byte form for one value. */
import { utf8 } from './bytes.ts'
import { SealstoneError } from './errors.ts'

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [name: string]: JsonValue }
export type JsonObject = { readonly [name: string]: JsonValue }

/** RFC 8785 §3.2: no white space, names sorted by UTF-16 code units, ECMAScript numbers. */
export function canonicalJson(value: JsonValue): string {
  // The engine writes a value several times as fast as a function of ours, and in the same form where all names are in order.
  return isInOrder(value) ? JSON.stringify(value) : write(value)
}

export function canonicalJsonBytes(value: JsonValue): Uint8Array {
  return utf8(canonicalJson(value))
}

function write(value: JsonValue): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(checked(value))
  if (isArray(value)) return `[${value.map(write).join(',')}]`
  const members = Object.keys(value)
    .sort()
    .map((name) => `${JSON.stringify(checked(name))}:${write(value[name] as JsonValue)}`)
  return `{${members.join(',')}}`
}

/** Whether every object gives its names, here and to `JSON.stringify`, in the order that is wanted. Throws what `checked` throws. */
function isInOrder(value: JsonValue): boolean {
  if (value === null || typeof value !== 'object') {
    checked(value)
    return true
  }
  if (isArray(value)) return value.every(isInOrder)
  let before: string | undefined
  for (const name of Object.keys(value)) {
    if (before !== undefined && name < before) return false
    before = checked(name)
    if (!isInOrder(value[name] as JsonValue)) return false
  }
  return true
}

/** Throws JSON_INVALID for what has no JSON form. */
function checked<Value extends string | number | boolean | null>(value: Value): Value {
  if (value === undefined) throw new SealstoneError('JSON_INVALID', 'undefined has no JSON form')
  if (typeof value === 'number' && !Number.isFinite(value)) throw new SealstoneError('JSON_INVALID', `${value} has no JSON form`)
  if (typeof value === 'string' && !value.isWellFormed()) throw new SealstoneError('JSON_INVALID', 'a string holds a lone surrogate') // RFC 8785 §3.2.2.2
  return value
}

function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}
