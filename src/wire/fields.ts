/** Reads fields of requests: each fault names the field, what was met and what was wanted. */
import { type ErrorCode, SealstoneError } from '#core'

/** Throws INPUT_INVALID; `field` is the path in the request, for programs also in ErrorInfo. */
export function refuse(field: string, what: string, code: ErrorCode = 'INPUT_INVALID'): never {
  throw new SealstoneError(code, `${field} ${what}`, { details: { field } })
}

/** UTF-8 text of 1 to `most` bytes. */
export function readText(value: string, field: string, most: number): string {
  const length = Buffer.byteLength(value)
  if (length < 1) refuse(field, 'is missing')
  if (length > most) refuse(field, `is ${length} bytes, want at most ${most}`, 'INPUT_TOO_LARGE')
  return value
}

export function readBytes(value: Buffer, field: string, length: number): Uint8Array {
  if (value.length !== length) refuse(field, `is ${value.length} bytes, want ${length}`)
  return value
}

/** A number of things, all of them the domain can hold in a double. */
export function readSafeInteger(value: string, field: string, least: number): number {
  const number = Number(value)
  if (!Number.isSafeInteger(number) || number < least) refuse(field, `is ${value}, want ${least} to 2^53 - 1`)
  return number
}

export function readCount(length: number, field: string, least: number, most: number): void {
  if (length < least) refuse(field, `has ${length} entries, want at least ${least}`)
  if (length > most) refuse(field, `has ${length} entries, want at most ${most}`, 'INPUT_TOO_LARGE')
}

/** Runs a parser and adds the field's name to what it refuses. */
export function readWith<Value>(parse: (text: string) => Value, value: string, field: string): Value {
  try {
    return parse(value)
  } catch (cause) {
    if (!(cause instanceof SealstoneError)) throw cause
    throw new SealstoneError(cause.code, `${field}: ${cause.message}`, { cause, hint: cause.hint, details: { ...cause.details, field } })
  }
}
