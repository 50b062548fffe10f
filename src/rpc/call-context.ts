/** What the operations learn of a call: who, from where, and whether the caller still waits. */
import type { EventEmitter } from 'node:events'
import type { ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js'
import { type Clock, type Identity, type Logger, SealstoneError, type Span, type Tracer } from '#core'
import type { CallContext } from '#operations'
import { identityOf, type Peer } from '#policy'
import type { ErrorTranslator, Protos } from '#wire'
import type { Admission } from './admission.ts'
import type { LargeRequests } from './large-requests.ts'
import type { RpcLimits } from './limits.ts'
import type { Listener } from './listeners.ts'

export interface CallEnvironment {
  readonly protos: Protos
  readonly translator: ErrorTranslator
  readonly admission: Admission
  readonly largeRequests: LargeRequests
  readonly logger: Logger
  readonly tracer: Tracer
  readonly clock: Clock
  readonly limits: RpcLimits
  /** Which listener the call came through. */
  readonly listener: Listener['kind']
}

export type ServerCall = ServerUnaryCall<Buffer, Buffer> | ServerWritableStream<Buffer, Buffer>

/** Throws UNAUTHENTICATED. */
export function openContext(environment: CallEnvironment, call: ServerCall, span: Span): CallContext {
  return { identity: callerOf(environment, call), peer: peerOf(environment, call), signal: signalOf(environment, call), span }
}

export function peerOf({ listener }: Pick<CallEnvironment, 'listener'>, call: ServerCall): string {
  return listener === 'unix' ? 'unix' : call.getPeer()
}

function callerOf({ listener }: CallEnvironment, call: ServerCall): Identity {
  return identityOf(peerIdentity(listener, call))
}

function peerIdentity(listener: Listener['kind'], call: ServerCall): Peer {
  switch (listener) {
    case 'unix':
      return { kind: 'socket' }
    case 'insecure-loopback':
      return { kind: 'loopback' }
    case 'tls': {
      // Present only if the chain was verified; TLS refused the connection otherwise.
      const certificate = call.getAuthContext().sslPeerCertificate
      if (certificate === undefined) throw new SealstoneError('UNAUTHENTICATED', 'the connection has no verified client certificate')
      return { kind: 'certificate', der: certificate.raw }
    }
  }
}

/** Aborted when the caller cancels or vanishes, when the deadline passes, and when the server gives up waiting. */
function signalOf(environment: CallEnvironment, call: ServerCall): AbortSignal {
  const controller = new AbortController()
  const abort = (): void => controller.abort(endReason(environment, call))
  const emitter: EventEmitter = call
  emitter.once('cancelled', abort)
  if (call.cancelled) abort()
  return controller.signal
}

function endReason({ clock, admission }: CallEnvironment, call: ServerCall): Error {
  const late = clock.now().getTime() + TIMER_SLACK_MS >= Number(call.getDeadline())
  if (late) return new DOMException('the deadline passed', 'TimeoutError')
  return admission.closed ? new SealstoneError('DAEMON_DRAINING') : new DOMException('the caller cancelled or vanished', 'AbortError')
}

/** A timer may fire a little before the wall clock says so. */
const TIMER_SLACK_MS = 10
