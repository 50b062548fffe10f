/** The CKR table: every return value of PKCS#11 with what it means to us. Data only; docs/pkcs11-errors.md is written from it. */
import type { ErrorCode } from '#core'

/**
 * What may be done about it (PKCS#11 2.40 §5.1):
 * - `session`: this session is lost; take another one and try once more
 * - `login`: the login or the object handles are lost; log in, find the objects again, try once more
 * - `module`: the module or the device is lost; the process that loaded it must be replaced
 * - `pin`: never again with this PIN
 * - `caller`: the same call would fail again
 */
export type FaultClass = 'session' | 'login' | 'module' | 'pin' | 'caller'

export interface ReturnValue {
  readonly value: number
  readonly name: string
  readonly fault: FaultClass
  /** What the caller gets when repair did not help; the catalogue says whether a retry can. */
  readonly code: ErrorCode
}

type Meaning = Pick<ReturnValue, 'fault' | 'code'>

const SESSION: Meaning = { fault: 'session', code: 'TOKEN_UNAVAILABLE' }
const LOGIN: Meaning = { fault: 'login', code: 'TOKEN_UNAVAILABLE' }
const MODULE: Meaning = { fault: 'module', code: 'TOKEN_UNAVAILABLE' }
const PIN: Meaning = { fault: 'pin', code: 'TOKEN_PIN_REFUSED' }
const CALLER: Meaning = { fault: 'caller', code: 'TOKEN_UNSUPPORTED' }

/** Those of PKCS#11 3.2, and so of 2.40 and 3.0, but for CKR_OK. The numbers are those of the standard. */
export const RETURN_VALUES: readonly ReturnValue[] = [
  row(0x001, 'CKR_CANCEL', SESSION),
  row(0x002, 'CKR_HOST_MEMORY', MODULE),
  row(0x003, 'CKR_SLOT_ID_INVALID', MODULE),
  row(0x005, 'CKR_GENERAL_ERROR', MODULE),
  row(0x006, 'CKR_FUNCTION_FAILED', MODULE),
  row(0x007, 'CKR_ARGUMENTS_BAD', CALLER),
  row(0x008, 'CKR_NO_EVENT', CALLER),
  row(0x009, 'CKR_NEED_TO_CREATE_THREADS', MODULE),
  row(0x00a, 'CKR_CANT_LOCK', MODULE),
  row(0x010, 'CKR_ATTRIBUTE_READ_ONLY', CALLER),
  row(0x011, 'CKR_ATTRIBUTE_SENSITIVE', CALLER),
  row(0x012, 'CKR_ATTRIBUTE_TYPE_INVALID', CALLER),
  row(0x013, 'CKR_ATTRIBUTE_VALUE_INVALID', CALLER),
  row(0x01b, 'CKR_ACTION_PROHIBITED', CALLER),
  row(0x020, 'CKR_DATA_INVALID', CALLER),
  row(0x021, 'CKR_DATA_LEN_RANGE', CALLER),
  row(0x030, 'CKR_DEVICE_ERROR', MODULE),
  row(0x031, 'CKR_DEVICE_MEMORY', MODULE),
  row(0x032, 'CKR_DEVICE_REMOVED', MODULE),
  row(0x040, 'CKR_ENCRYPTED_DATA_INVALID', CALLER),
  row(0x041, 'CKR_ENCRYPTED_DATA_LEN_RANGE', CALLER),
  row(0x042, 'CKR_AEAD_DECRYPT_FAILED', CALLER),
  row(0x050, 'CKR_FUNCTION_CANCELED', SESSION),
  row(0x051, 'CKR_FUNCTION_NOT_PARALLEL', CALLER),
  row(0x054, 'CKR_FUNCTION_NOT_SUPPORTED', CALLER),
  row(0x060, 'CKR_KEY_HANDLE_INVALID', LOGIN),
  row(0x062, 'CKR_KEY_SIZE_RANGE', CALLER),
  row(0x063, 'CKR_KEY_TYPE_INCONSISTENT', CALLER),
  row(0x064, 'CKR_KEY_NOT_NEEDED', CALLER),
  row(0x065, 'CKR_KEY_CHANGED', CALLER),
  row(0x066, 'CKR_KEY_NEEDED', CALLER),
  row(0x067, 'CKR_KEY_INDIGESTIBLE', CALLER),
  row(0x068, 'CKR_KEY_FUNCTION_NOT_PERMITTED', CALLER),
  row(0x069, 'CKR_KEY_NOT_WRAPPABLE', CALLER),
  row(0x06a, 'CKR_KEY_UNEXTRACTABLE', CALLER),
  row(0x070, 'CKR_MECHANISM_INVALID', CALLER),
  row(0x071, 'CKR_MECHANISM_PARAM_INVALID', CALLER),
  row(0x082, 'CKR_OBJECT_HANDLE_INVALID', LOGIN),
  row(0x090, 'CKR_OPERATION_ACTIVE', SESSION),
  row(0x091, 'CKR_OPERATION_NOT_INITIALIZED', SESSION),
  row(0x0a0, 'CKR_PIN_INCORRECT', PIN),
  row(0x0a1, 'CKR_PIN_INVALID', PIN),
  row(0x0a2, 'CKR_PIN_LEN_RANGE', PIN),
  row(0x0a3, 'CKR_PIN_EXPIRED', PIN),
  row(0x0a4, 'CKR_PIN_LOCKED', PIN),
  row(0x0b0, 'CKR_SESSION_CLOSED', SESSION),
  row(0x0b1, 'CKR_SESSION_COUNT', MODULE),
  row(0x0b3, 'CKR_SESSION_HANDLE_INVALID', SESSION),
  row(0x0b4, 'CKR_SESSION_PARALLEL_NOT_SUPPORTED', CALLER),
  row(0x0b5, 'CKR_SESSION_READ_ONLY', CALLER),
  row(0x0b6, 'CKR_SESSION_EXISTS', CALLER),
  row(0x0b7, 'CKR_SESSION_READ_ONLY_EXISTS', MODULE),
  row(0x0b8, 'CKR_SESSION_READ_WRITE_SO_EXISTS', MODULE),
  row(0x0c0, 'CKR_SIGNATURE_INVALID', CALLER),
  row(0x0c1, 'CKR_SIGNATURE_LEN_RANGE', CALLER),
  row(0x0d0, 'CKR_TEMPLATE_INCOMPLETE', CALLER),
  row(0x0d1, 'CKR_TEMPLATE_INCONSISTENT', CALLER),
  row(0x0e0, 'CKR_TOKEN_NOT_PRESENT', MODULE),
  row(0x0e1, 'CKR_TOKEN_NOT_RECOGNIZED', MODULE),
  row(0x0e2, 'CKR_TOKEN_WRITE_PROTECTED', CALLER),
  row(0x0f0, 'CKR_UNWRAPPING_KEY_HANDLE_INVALID', LOGIN),
  row(0x0f1, 'CKR_UNWRAPPING_KEY_SIZE_RANGE', CALLER),
  row(0x0f2, 'CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT', CALLER),
  row(0x100, 'CKR_USER_ALREADY_LOGGED_IN', LOGIN),
  row(0x101, 'CKR_USER_NOT_LOGGED_IN', LOGIN),
  row(0x102, 'CKR_USER_PIN_NOT_INITIALIZED', PIN),
  row(0x103, 'CKR_USER_TYPE_INVALID', CALLER),
  row(0x104, 'CKR_USER_ANOTHER_ALREADY_LOGGED_IN', MODULE),
  row(0x105, 'CKR_USER_TOO_MANY_TYPES', MODULE),
  row(0x110, 'CKR_WRAPPED_KEY_INVALID', CALLER),
  row(0x112, 'CKR_WRAPPED_KEY_LEN_RANGE', CALLER),
  row(0x113, 'CKR_WRAPPING_KEY_HANDLE_INVALID', LOGIN),
  row(0x114, 'CKR_WRAPPING_KEY_SIZE_RANGE', CALLER),
  row(0x115, 'CKR_WRAPPING_KEY_TYPE_INCONSISTENT', CALLER),
  row(0x120, 'CKR_RANDOM_SEED_NOT_SUPPORTED', CALLER),
  row(0x121, 'CKR_RANDOM_NO_RNG', CALLER),
  row(0x130, 'CKR_DOMAIN_PARAMS_INVALID', CALLER),
  row(0x140, 'CKR_CURVE_NOT_SUPPORTED', CALLER),
  row(0x150, 'CKR_BUFFER_TOO_SMALL', SESSION),
  row(0x160, 'CKR_SAVED_STATE_INVALID', CALLER),
  row(0x170, 'CKR_INFORMATION_SENSITIVE', CALLER),
  row(0x180, 'CKR_STATE_UNSAVEABLE', CALLER),
  row(0x190, 'CKR_CRYPTOKI_NOT_INITIALIZED', MODULE),
  row(0x191, 'CKR_CRYPTOKI_ALREADY_INITIALIZED', MODULE),
  row(0x1a0, 'CKR_MUTEX_BAD', MODULE),
  row(0x1a1, 'CKR_MUTEX_NOT_LOCKED', MODULE),
  row(0x1b0, 'CKR_NEW_PIN_MODE', PIN),
  row(0x1b1, 'CKR_NEXT_OTP', PIN),
  row(0x1b5, 'CKR_EXCEEDED_MAX_ITERATIONS', CALLER),
  row(0x1b6, 'CKR_FIPS_SELF_TEST_FAILED', MODULE),
  row(0x1b7, 'CKR_LIBRARY_LOAD_FAILED', MODULE),
  row(0x1b8, 'CKR_PIN_TOO_WEAK', PIN),
  row(0x1b9, 'CKR_PUBLIC_KEY_INVALID', CALLER),
  row(0x200, 'CKR_FUNCTION_REJECTED', CALLER),
  row(0x201, 'CKR_TOKEN_RESOURCE_EXCEEDED', MODULE),
  row(0x202, 'CKR_OPERATION_CANCEL_FAILED', SESSION),
  row(0x203, 'CKR_KEY_EXHAUSTED', CALLER),
  row(0x204, 'CKR_PENDING', MODULE),
  row(0x205, 'CKR_SESSION_ASYNC_NOT_SUPPORTED', CALLER),
  row(0x206, 'CKR_SEED_RANDOM_REQUIRED', CALLER),
  row(0x207, 'CKR_OPERATION_NOT_VALIDATED', SESSION),
  row(0x208, 'CKR_TOKEN_NOT_INITIALIZED', MODULE),
  row(0x209, 'CKR_PARAMETER_SET_NOT_SUPPORTED', CALLER),
]

/** A number that is not in the table, a vendor's own among them, says nothing about the module's health: it is not trusted further. */
export function findReturnValue(value: number): ReturnValue {
  return BY_VALUE.get(value) ?? row(value, `CKR 0x${value.toString(16).padStart(8, '0')}`, MODULE)
}

function row(value: number, name: string, meaning: Meaning): ReturnValue {
  return { value, name, ...meaning }
}

const BY_VALUE: ReadonlyMap<number, ReturnValue> = new Map(RETURN_VALUES.map((one) => [one.value, one]))
