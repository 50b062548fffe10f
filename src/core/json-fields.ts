/** Reads the members of JSON objects that others wrote: closed, typed, each fault named with what was met and what was wanted. */
import { excerpt, fromBase64 } from './bytes.ts'
import type { JsonObject, JsonValue } from './canonical-json.ts'
import { SealstoneError } from './errors.ts'
import { describe, isJsonObject } from './strict-json.ts'

/** An object with these members and no others. */
export function readObject<Name extends string>(
  value: JsonValue | undefined,
  what: string,
  required: readonly Name[],
  optional: readonly string[] = [],
): JsonObject {
  if (!isJsonObject(value)) throw invalid(`${what} is ${describe(value)}, want an object`)
  const missing = required.find((name) => value[name] === undefined)
  if (missing !== undefined) throw invalid(`${what} has no ${excerpt(missing)}`)
  const known: readonly string[] = [...required, ...optional]
  const stray = Object.keys(value).find((name) => !known.includes(name))
  if (stray !== undefined) throw invalid(`${what} has an unknown member ${excerpt(stray)}`)
  return value
}

export function readText(object: JsonObject, name: string, maxLength: number): string {
  const value = object[name]
  if (typeof value !== 'string') throw invalid(`${name} is ${describe(value)}, want a string`)
  if (value.length < 1 || value.length > maxLength) throw invalid(`${name} has ${value.length} characters, want 1 to ${maxLength}`)
  if (!value.isWellFormed()) throw invalid(`${name} is not well-formed Unicode`)
  return value
}

export function readChoice<Choice extends string>(object: JsonObject, name: string, choices: readonly Choice[]): Choice {
  const value = object[name]
  const found = choices.find((choice) => choice === value)
  if (found === undefined)
    throw invalid(`${name} is ${typeof value === 'string' ? excerpt(value) : describe(value)}, want one of ${choices.join(', ')}`)
  return found
}

export function readArray(object: JsonObject, name: string, least: number, most: number): readonly JsonValue[] {
  const value = object[name]
  if (!Array.isArray(value)) throw invalid(`${name} is ${describe(value)}, want an array`)
  if (value.length < least || value.length > most) throw invalid(`${name} has ${value.length} entries, want ${least} to ${most}`)
  return value as readonly JsonValue[]
}

export function readBoolean(object: JsonObject, name: string): boolean {
  const value = object[name]
  if (typeof value !== 'boolean') throw invalid(`${name} is ${describe(value)}, want true or false`)
  return value
}

export function readWholeNumber(object: JsonObject, name: string, least: number, most: number = Number.MAX_SAFE_INTEGER): number {
  const value = object[name]
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least || value > most) {
    throw invalid(`${name} is ${typeof value === 'number' ? value : describe(value)}, want a whole number of at least ${least}`)
  }
  return value
}

/** Canonical base64, not empty. */
export function readBytes(object: JsonObject, name: string, maxBytes: number): Uint8Array {
  const bytes = fromBase64(readText(object, name, Math.ceil(maxBytes / 3) * 4))
  if (bytes.length > maxBytes) throw invalid(`${name} is ${bytes.length} bytes, want at most ${maxBytes}`)
  return bytes
}

function invalid(message: string): SealstoneError {
  return new SealstoneError('FORMAT_INVALID', message)
}
