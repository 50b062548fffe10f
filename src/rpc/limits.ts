/** What one server takes on. */
import { LIMITS } from '#core'

export interface RpcLimits {
  /** One message, both ways. */
  readonly messageBytes: number
  /** Calls of our own services that run or wait; one more is refused with OVERLOADED before its message is read. Health and reflection count apart. */
  readonly concurrentCalls: number
  /** Whoever sends a request over this size is asked for a right before it is read. */
  readonly askFirstBytes: number
  /** Requests over this size are worked on one at a time. */
  readonly largeRequestBytes: number
  /** Large requests that run or wait; one more is refused with OVERLOADED. */
  readonly largeRequests: number
  /** Callers that follow the audit log; one more is refused with OVERLOADED. */
  readonly followers: number
  /** After this time they are asked to come again. */
  readonly followMs: number
  /** Per listener; one more is closed at once. */
  readonly connections: number
  readonly callsPerConnection: number
  /** A silent connection is asked for a sign of life after this time. */
  readonly keepaliveMs: number
  readonly keepaliveTimeoutMs: number
  /** A connection without calls is closed after this time. */
  readonly idleConnectionMs: number
  /** After this time a connection is asked to come again, so that a certificate that has expired does not live on in it. */
  readonly connectionAgeMs: number
  /** How long a request may take to arrive once its call was opened. */
  readonly requestMs: number
  readonly handshakeMs: number
}

export const DEFAULT_RPC_LIMITS: RpcLimits = {
  messageBytes: LIMITS.grpcMessageBytes,
  concurrentCalls: 256,
  askFirstBytes: 64 * 1024,
  largeRequestBytes: 1024 * 1024,
  largeRequests: 16,
  followers: 32,
  followMs: 120_000,
  connections: 512,
  callsPerConnection: 64,
  keepaliveMs: 60_000,
  keepaliveTimeoutMs: 20_000,
  idleConnectionMs: 30 * 60_000,
  requestMs: 60_000,
  connectionAgeMs: 30 * 60_000,
  handshakeMs: 10_000,
}
