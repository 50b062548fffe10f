/** The CKR table: what each return value of a PKCS#11 call means to us. Data in one place; nothing else knows a CKR number. */
import { type ErrorCode, SealstoneError, toSealstoneError } from '#core'

/**
 * What may be done about it (PKCS#11 2.40 §5.1):
 * - `session`: this session is lost; take another one and try once more
 * - `login`: the login or the object handles are lost; log in, find the objects again, try once more
 * - `module`: the module or the device is lost; the process that loaded it must be replaced
 * - `pin`: never again with this PIN
 * - `caller`: the same call would fail again
 */
export type FaultClass = 'session' | 'login' | 'module' | 'pin' | 'caller'

/** The class of a failed call, or undefined when the error did not come from a PKCS#11 module. */
export function faultClass(error: unknown): FaultClass | undefined {
  return cryptokiRow(error)?.fault
}

/** The name of the return value, such as `CKR_PIN_INCORRECT`; undefined when the error did not come from a PKCS#11 module. */
export function returnValue(error: unknown): string | undefined {
  const cause = error instanceof SealstoneError ? error.cause : error
  return isCryptokiError(cause) ? nameOf(cause) : undefined
}

/** Turns what pkcs11js throws into a SealstoneError that keeps it as its cause; others pass through. `doing` is for people: `log in`. */
export function tokenError(thrown: unknown, doing: string): SealstoneError {
  if (!isCryptokiError(thrown))
    return toSealstoneError(thrown, 'TOKEN_UNAVAILABLE', `cannot ${doing}: ${thrown instanceof Error ? thrown.message : 'unknown error'}`)
  const row = cryptokiRow(thrown) ?? UNKNOWN
  const name = nameOf(thrown)
  return new SealstoneError(row.code, `cannot ${doing}: the token answered ${name}`, { cause: thrown, details: { returnValue: name } })
}

interface CryptokiError extends Error {
  readonly code: number
}

function isCryptokiError(thrown: unknown): thrown is CryptokiError {
  return thrown instanceof Error && thrown.name === 'Pkcs11Error' && typeof (thrown as Partial<CryptokiError>).code === 'number'
}

function cryptokiRow(error: unknown): Row | undefined {
  const cause = error instanceof SealstoneError ? error.cause : error
  if (!isCryptokiError(cause)) return undefined
  const name = nameOf(cause)
  return Object.hasOwn(RETURN_VALUES, name) ? RETURN_VALUES[name] : UNKNOWN
}

/** pkcs11js knows the names of PKCS#11 2.40 but one, which tokens answer to a curve that they do not have. */
function nameOf({ message, code }: CryptokiError): string {
  return code === CURVE_NOT_SUPPORTED ? 'CKR_CURVE_NOT_SUPPORTED' : message
}

const CURVE_NOT_SUPPORTED = 0x140

interface Row {
  readonly fault: FaultClass
  readonly code: ErrorCode
}

const SESSION: Row = { fault: 'session', code: 'TOKEN_UNAVAILABLE' }
const LOGIN: Row = { fault: 'login', code: 'TOKEN_UNAVAILABLE' }
const MODULE: Row = { fault: 'module', code: 'TOKEN_UNAVAILABLE' }
const PIN: Row = { fault: 'pin', code: 'TOKEN_PIN_REFUSED' }
const UNABLE: Row = { fault: 'caller', code: 'TOKEN_UNSUPPORTED' }
const DATA: Row = { fault: 'caller', code: 'TOKEN_UNSUPPORTED' }
/** A value that is not in the table says nothing about the module's health, so it is not trusted further. */
const UNKNOWN: Row = MODULE

const RETURN_VALUES: Readonly<Record<string, Row>> = {
  CKR_HOST_MEMORY: MODULE,
  CKR_SLOT_ID_INVALID: MODULE,
  CKR_GENERAL_ERROR: MODULE,
  CKR_FUNCTION_FAILED: MODULE,
  CKR_ARGUMENTS_BAD: UNABLE,
  CKR_ATTRIBUTE_READ_ONLY: UNABLE,
  CKR_ATTRIBUTE_SENSITIVE: UNABLE,
  CKR_ATTRIBUTE_TYPE_INVALID: UNABLE,
  CKR_ATTRIBUTE_VALUE_INVALID: UNABLE,
  CKR_CURVE_NOT_SUPPORTED: UNABLE,
  CKR_DATA_INVALID: DATA,
  CKR_DATA_LEN_RANGE: DATA,
  CKR_DEVICE_ERROR: MODULE,
  CKR_DEVICE_MEMORY: MODULE,
  CKR_DEVICE_REMOVED: MODULE,
  CKR_DOMAIN_PARAMS_INVALID: UNABLE,
  CKR_ENCRYPTED_DATA_INVALID: DATA,
  CKR_ENCRYPTED_DATA_LEN_RANGE: DATA,
  CKR_FUNCTION_CANCELED: SESSION,
  CKR_FUNCTION_NOT_SUPPORTED: UNABLE,
  CKR_KEY_HANDLE_INVALID: LOGIN,
  CKR_KEY_SIZE_RANGE: UNABLE,
  CKR_KEY_TYPE_INCONSISTENT: UNABLE,
  CKR_KEY_FUNCTION_NOT_PERMITTED: UNABLE,
  CKR_MECHANISM_INVALID: UNABLE,
  CKR_MECHANISM_PARAM_INVALID: UNABLE,
  CKR_OBJECT_HANDLE_INVALID: LOGIN,
  CKR_OPERATION_ACTIVE: SESSION,
  CKR_OPERATION_NOT_INITIALIZED: SESSION,
  CKR_PIN_INCORRECT: PIN,
  CKR_PIN_INVALID: PIN,
  CKR_PIN_LEN_RANGE: PIN,
  CKR_PIN_EXPIRED: PIN,
  CKR_PIN_LOCKED: PIN,
  CKR_SESSION_CLOSED: SESSION,
  CKR_SESSION_COUNT: MODULE,
  CKR_SESSION_HANDLE_INVALID: SESSION,
  CKR_SESSION_READ_ONLY: UNABLE,
  CKR_SIGNATURE_INVALID: DATA,
  CKR_TEMPLATE_INCOMPLETE: UNABLE,
  CKR_TEMPLATE_INCONSISTENT: UNABLE,
  CKR_TOKEN_NOT_PRESENT: MODULE,
  CKR_TOKEN_NOT_RECOGNIZED: MODULE,
  CKR_TOKEN_WRITE_PROTECTED: UNABLE,
  CKR_USER_ALREADY_LOGGED_IN: LOGIN,
  CKR_USER_NOT_LOGGED_IN: LOGIN,
  CKR_USER_PIN_NOT_INITIALIZED: PIN,
  CKR_RANDOM_NO_RNG: UNABLE,
  CKR_BUFFER_TOO_SMALL: SESSION,
  CKR_CRYPTOKI_NOT_INITIALIZED: MODULE,
}
