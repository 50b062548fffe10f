/** The one error class. A code from the catalogue, what was met, what to do next; never a secret. */
import { ERROR_CATALOGUE, type ErrorCode, type ErrorEntry } from './error-catalogue.ts'

export interface ErrorOptions {
  readonly cause?: unknown
  /** Overrides the catalogue's next step. */
  readonly hint?: string
  /** Facts for programs: becomes google.rpc.ErrorInfo metadata. Never a secret. */
  readonly details?: Readonly<Record<string, string>>
}

export class SealstoneError extends Error {
  override readonly name = 'SealstoneError'
  readonly code: ErrorCode
  readonly hint: string
  readonly details: Readonly<Record<string, string>>

  /** @param message what, got, want: lower case, no full stop, for example `digest is 20 bytes, want 32 (sha-256)` */
  constructor(code: ErrorCode, message?: string, options: ErrorOptions = {}) {
    const entry = ERROR_CATALOGUE[code]
    super(message ?? entry.text, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.hint = options.hint ?? entry.hint
    this.details = options.details ?? {}
  }

  get entry(): ErrorEntry {
    return ERROR_CATALOGUE[this.code]
  }
}

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_CATALOGUE, text)
}

/** Wraps anything thrown; a SealstoneError passes through, an abort becomes CANCELLED or DEADLINE_EXCEEDED. */
export function toSealstoneError(thrown: unknown, code: ErrorCode = 'INTERNAL', message?: string): SealstoneError {
  if (thrown instanceof SealstoneError) return thrown
  if (thrown instanceof Error && thrown.name === 'AbortError') return new SealstoneError('CANCELLED', undefined, { cause: thrown })
  if (thrown instanceof Error && thrown.name === 'TimeoutError') return new SealstoneError('DEADLINE_EXCEEDED', undefined, { cause: thrown })
  return new SealstoneError(code, message, { cause: thrown })
}

/** For switches over tagged unions: the compiler proves that it is never reached. */
export function unreachable(value: never): never {
  throw new SealstoneError('INTERNAL', `unexpected value ${JSON.stringify(value)}`)
}
