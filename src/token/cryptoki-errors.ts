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
  if (!isCryptokiError(thrown))
    return toSealstoneError(thrown, 'TOKEN_UNAVAILABLE', `cannot ${doing}: ${thrown instanceof Error ? thrown.message : 'unknown error'}`)
  const { code, name } = findReturnValue(thrown.code)
  return new SealstoneError(code, `cannot ${doing}: the token answered ${name}`, { cause: thrown, details: { returnValue: name } })
}

interface CryptokiError extends Error {
  readonly code: number
}

function isCryptokiError(thrown: unknown): thrown is CryptokiError {
  return thrown instanceof Error && thrown.name === 'Pkcs11Error' && typeof (thrown as Partial<CryptokiError>).code === 'number'
}

// By its number: pkcs11js calls everything that is newer than its headers CKR_VENDOR_DEFINED.
function meaning(error: unknown): ReturnValue | undefined {
  const cause = error instanceof SealstoneError ? error.cause : error
  return isCryptokiError(cause) ? findReturnValue(cause.code) : undefined
}
