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

export interface ErrorTranslator {
  /**
   * What is wrong with the request is told as it is, what is wrong inside the daemon in the words of the catalogue only: those texts hold no
   * path, no stack, nothing of the cause.
   */
  encode(error: SealstoneError): ErrorStatus
  /** The daemon's own code where it sent one, else the nearest one by status. */
  decode(received: ReceivedStatus): SealstoneError
}

export function errorTranslator(): ErrorTranslator {
  const codecs = loadErrorCodecs()
  return {
    encode: (error) => encodeError(codecs, error),
    decode: (received) => decodeError(codecs, received),
  }
}

function encodeError(codecs: ErrorCodecs, { code, message, hint, details }: SealstoneError): ErrorStatus {
  const entry = ERROR_CATALOGUE[code]
  const told = isAboutRequest(code)
  const text = told ? printable(message) : entry.text
  const facts = told ? details : {}
  const errorInfo = codecs.errorInfo.serialize({
    reason: code,
    domain: ERROR_DOMAIN,
    metadata: { ...facts, hint: told ? printable(hint) : entry.hint, retryable: String(entry.retryable) },
  })
  const metadata = new Metadata()
  metadata.set(
    STATUS_DETAILS,
    codecs.status.serialize({ code: grpcStatus[entry.grpc], message: text, details: [{ type_url: ERROR_INFO_TYPE, value: errorInfo }] }),
  )
  return { code: grpcStatus[entry.grpc], details: text, metadata }
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
    for (const { type_url, value } of codecs.status.deserialize(trailer).details) {
      if (type_url !== ERROR_INFO_TYPE) continue
      const { reason, domain, metadata: facts } = codecs.errorInfo.deserialize(value)
      if (domain === ERROR_DOMAIN && isErrorCode(reason)) return { code: reason, metadata: facts }
    }
  } catch {
    return undefined // a trailer that is not ours says nothing; the status stays
  }
  return undefined
}

function fromStatus(received: ReceivedStatus): SealstoneError {
  const code = BY_STATUS.get(received.code) ?? 'INTERNAL'
  return new SealstoneError(code, received.details === '' ? undefined : received.details, { cause: received })
}

const ERROR_DOMAIN = 'sealstone'
const STATUS_DETAILS = 'grpc-status-details-bin'
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
