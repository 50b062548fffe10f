/** What pkcs11js throws, read by the CKR table: its class, its name, and the error that a caller gets; and what is as bad as such a code. */
import { SealstoneError, toSealstoneError } from '#core'
import { type FaultClass, findReturnValue, type ReturnValue } from './return-values.ts'

/** The class of a failed call, or undefined when the error did not come from a PKCS#11 module. */
export function faultClass(error: unknown): FaultClass | undefined {
  if (error instanceof SealstoneError && error.cause instanceof ProcessUnfit) return 'module'
  return meaning(error)?.fault
}

/** The name of the return value, such as `CKR_PIN_INCORRECT`; undefined when the error did not come from a PKCS#11 module. */
export function returnValue(error: unknown): string | undefined {
  return meaning(error)?.name
}

/** For what no return value says: this process cannot use the token any more, another one may. Of class `module`, TOKEN_UNAVAILABLE. */
export function processUnfit(message: string, cause?: unknown): SealstoneError {
  return new SealstoneError('TOKEN_UNAVAILABLE', message, { cause: new ProcessUnfit(message, { cause }) })
}

class ProcessUnfit extends Error {}

/** Turns what pkcs11js throws into a SealstoneError that keeps it as its cause; others pass through. `doing` is for people: `log in`. */
export function tokenError(thrown: unknown, doing: string): SealstoneError {
  const value = returnedBy(thrown)
  if (value === undefined)
    return toSealstoneError(thrown, 'TOKEN_UNAVAILABLE', `cannot ${doing}: ${thrown instanceof Error ? thrown.message : 'unknown error'}`)
  const { code, name } = findReturnValue(value)
  return new SealstoneError(code, `cannot ${doing}: the token answered ${name}`, { cause: thrown, details: { returnValue: name } })
}

function meaning(error: unknown): ReturnValue | undefined {
  const value = returnedBy(error instanceof SealstoneError ? error.cause : error)
  return value === undefined ? undefined : findReturnValue(value)
}

// The number and not the name: pkcs11js calls everything that is newer than its headers CKR_VENDOR_DEFINED.
// Errors of C_FindObjects come past its own wrapper and have the number in their message only (2.1.7, index.js, `modify`).
function returnedBy(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error)) return undefined
  if (thrown.name === 'Pkcs11Error') return 'code' in thrown && typeof thrown.code === 'number' ? thrown.code : undefined
  const [, value] = /^CKR_\w+:(\d+)$/.exec(thrown.message) ?? []
  return value === undefined ? undefined : Number(value)
}
