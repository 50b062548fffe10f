/** Errors on the wire: a gRPC status, and google.rpc.ErrorInfo in the trailer `grpc-status-details-bin`. Both directions. */
import { Metadata, status as grpcStatus } from '@grpc/grpc-js'
import { ERROR_CATALOGUE, type ErrorCode, isErrorCode, SealstoneError } from '#core'
import { type ErrorCodecs, loadErrorCodecs } from './protos.ts'

export interface ErrorStatus {
  readonly code: grpcStatus
  readonly details: string
  readonly metadata: Metadata
}

/** What a failed call gives: grpc-js's ServiceError has this shape. */
export interface ReceivedStatus {
  readonly code: number
  readonly details: string
  readonly metadata?: Metadata
}

export interface ErrorDescription {
  readonly code: ErrorCode
  readonly message: string
  readonly hint: string
  readonly retryable: boolean
}

export interface ErrorTranslator {
  /**
   * What is wrong with the request is told as it is, what is wrong inside the daemon in the words of the catalogue only: those texts hold no
   * path, no stack, nothing of the cause.
   */
  encode(error: SealstoneError): ErrorStatus
  /** What `encode` tells, for an error that is part of an answer. */
  describe(error: SealstoneError): ErrorDescription
  /** The daemon's own code where it sent one, else the nearest one by status. */
  decode(received: ReceivedStatus): SealstoneError
}

export function errorTranslator(): ErrorTranslator {
  const codecs = loadErrorCodecs()
  return {
    encode: (error) => encodeError(codecs, error),
    describe: describeError,
    decode: (received) => decodeError(codecs, received),
  }
}

function encodeError(codecs: ErrorCodecs, error: SealstoneError): ErrorStatus {
  const { code, message, hint, retryable } = describeError(error)
  const facts = isAboutRequest(code) ? error.details : {}
  const errorInfo = codecs.errorInfo.serialize({
    reason: code,
    domain: ERROR_DOMAIN,
    metadata: { ...facts, hint, retryable: String(retryable) },
  })
  const details = [{ type_url: ERROR_INFO_TYPE, value: errorInfo }]
  if (code === 'OVERLOADED') details.push({ type_url: RETRY_INFO_TYPE, value: codecs.retryInfo.serialize({ retryDelay: retryDelay(error) }) })
  const status = grpcStatus[ERROR_CATALOGUE[code].grpc]
  const metadata = new Metadata()
  metadata.set(STATUS_DETAILS, codecs.status.serialize({ code: status, message, details }))
  return { code: status, details: message, metadata }
}

function describeError({ code, message, hint }: SealstoneError): ErrorDescription {
  const entry = ERROR_CATALOGUE[code]
  const told = isAboutRequest(code)
  return { code, message: told ? printable(message) : entry.text, hint: told ? printable(hint) : entry.hint, retryable: entry.retryable }
}

function retryDelay({ details }: SealstoneError): { seconds: string; nanos: number } {
  const milliseconds = Number(details[RETRY_DELAY] ?? DEFAULT_RETRY_DELAY_MS)
  return { seconds: String(Math.floor(milliseconds / 1000)), nanos: (milliseconds % 1000) * 1_000_000 }
}

function isAboutRequest(code: ErrorCode): boolean {
  const { exit, grpc } = ERROR_CATALOGUE[code]
  return exit !== 3 || grpc === 'UNAUTHENTICATED' || grpc === 'PERMISSION_DENIED'
}

/** Trailers have a size limit, and gRPC percent-encodes the message, which a lone surrogate would break. */
function printable(text: string): string {
  const whole = text.toWellFormed()
  return whole.length > MAX_TEXT ? `${whole.slice(0, MAX_TEXT).toWellFormed()}…` : whole
}

function decodeError(codecs: ErrorCodecs, received: ReceivedStatus): SealstoneError {
  const info = findErrorInfo(codecs, received)
  if (info === undefined) return fromStatus(received)
  const { hint, retryable: _, ...details } = info.metadata
  return new SealstoneError(info.code, received.details, { details, cause: received, ...(hint === undefined ? {} : { hint }) })
}

function findErrorInfo(codecs: ErrorCodecs, { metadata }: ReceivedStatus): { code: ErrorCode; metadata: Record<string, string> } | undefined {
  const [trailer] = metadata?.get(STATUS_DETAILS) ?? []
  if (!Buffer.isBuffer(trailer)) return undefined
  try {
    const { details } = codecs.status.deserialize(trailer)
    const info = details.find(({ type_url }) => type_url === ERROR_INFO_TYPE)
    if (info === undefined) return undefined
    const { reason, domain, metadata: facts } = codecs.errorInfo.deserialize(info.value)
    if (domain !== ERROR_DOMAIN || !isErrorCode(reason)) return undefined
    const retry = details.find(({ type_url }) => type_url === RETRY_INFO_TYPE)
    const delay = retry && codecs.retryInfo.deserialize(retry.value).retryDelay
    if (!delay) return { code: reason, metadata: facts }
    return { code: reason, metadata: { ...facts, [RETRY_DELAY]: String(Number(delay.seconds) * 1000 + Math.ceil(delay.nanos / 1_000_000)) } }
  } catch {
    return undefined // a trailer that is not ours says nothing; the status stays
  }
}

function fromStatus(received: ReceivedStatus): SealstoneError {
  const code = BY_STATUS.get(received.code) ?? 'INTERNAL'
  return new SealstoneError(code, received.details === '' ? undefined : received.details, { cause: received })
}

const ERROR_DOMAIN = 'sealstone'
const STATUS_DETAILS = 'grpc-status-details-bin'
const RETRY_INFO_TYPE = 'type.googleapis.com/google.rpc.RetryInfo'
/** In the details of an OVERLOADED error, milliseconds. */
const RETRY_DELAY = 'retryDelayMs'
const DEFAULT_RETRY_DELAY_MS = 500
const ERROR_INFO_TYPE = 'type.googleapis.com/google.rpc.ErrorInfo'
const MAX_TEXT = 1000

// Statuses that the transport itself gives, without details.
const BY_STATUS = new Map<number, ErrorCode>([
  [grpcStatus.CANCELLED, 'CANCELLED'],
  [grpcStatus.INVALID_ARGUMENT, 'INPUT_INVALID'],
  [grpcStatus.DEADLINE_EXCEEDED, 'DEADLINE_EXCEEDED'],
  [grpcStatus.PERMISSION_DENIED, 'PERMISSION_DENIED'],
  [grpcStatus.RESOURCE_EXHAUSTED, 'MESSAGE_TOO_LARGE'], // ours for a full queue comes with details
  [grpcStatus.UNAVAILABLE, 'DAEMON_UNAVAILABLE'],
  [grpcStatus.UNAUTHENTICATED, 'UNAUTHENTICATED'],
])
