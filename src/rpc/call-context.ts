/** What the operations learn of a call: who, from where, and whether the caller still waits. */
import type { EventEmitter } from 'node:events'
import type { ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js'
import { type Clock, type Identity, type Logger, SealstoneError, type Span, toSealstoneError, type Tracer } from '#core'
import { type Listener, namelessCertificate, type OnLoginRefused } from '#listeners'
import type { CallContext } from '#operations'
import { identityOf, type Peer } from '#policy'
import type { ErrorTranslator, Protos } from '#wire'
import type { Admission } from './admission.ts'
import type { Followers } from './followers.ts'
import type { LargeRequests } from './large-requests.ts'
import type { RpcLimits } from './limits.ts'

export interface CallEnvironment {
  readonly protos: Protos
  readonly translator: ErrorTranslator
  readonly admission: Admission
  readonly largeRequests: LargeRequests
  readonly followers: Followers
  readonly logger: Logger
  readonly tracer: Tracer
  readonly clock: Clock
  readonly limits: RpcLimits
  readonly onLoginRefused: OnLoginRefused | undefined
  /** Which listener the call came through. */
  readonly listener: Listener['kind']
}

export type ServerCall = ServerUnaryCall<Buffer, Buffer> | ServerWritableStream<Buffer, Buffer>

/** What is known of a call while it runs. */
export interface CallState {
  readonly span: Span
  /** It was answered: what becomes of its stream ends nothing any more. */
  readonly isOver: boolean
}

/** Throws UNAUTHENTICATED. */
export function openContext(environment: CallEnvironment, call: ServerCall, state: CallState): CallContext {
  return { identity: callerOf(environment, call), peer: peerOf(environment, call), signal: signalOf(environment, call, state), span: state.span }
}

export function peerOf({ listener }: Pick<CallEnvironment, 'listener'>, call: ServerCall): string {
  return listener === 'unix' ? 'unix' : call.getPeer()
}

function callerOf(environment: CallEnvironment, call: ServerCall): Identity {
  try {
    return identityOf(peerIdentity(environment.listener, call))
  } catch (thrown) {
    const error = toSealstoneError(thrown)
    environment.onLoginRefused?.(namelessCertificate(error, peerOf(environment, call), call.getAuthContext().sslPeerCertificate?.raw))
    throw error
  }
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
function signalOf({ clock, admission }: CallEnvironment, call: ServerCall, state: CallState): AbortSignal {
  const controller = new AbortController()
  // gRPC gives the deadline as a time of day. It runs on by the other clock, as gRPC's own timer does: this one may be set meanwhile.
  const endsAt = clock.monotonicMs() + Number(call.getDeadline()) - clock.now().getTime()
  const reason = (): Error => {
    if (clock.monotonicMs() + TIMER_SLACK_MS >= endsAt) return new DOMException('the deadline passed', 'TimeoutError')
    return admission.closed ? new SealstoneError('DAEMON_DRAINING') : new DOMException('the caller cancelled or vanished', 'AbortError')
  }
  // grpc-js says `cancelled` at the end of every stream, however it ended.
  const abort = (): void => {
    if (!state.isOver) controller.abort(reason())
  }
  const emitter: EventEmitter = call
  emitter.once('cancelled', abort)
  if (call.cancelled) abort()
  return controller.signal
}

/** A timer may fire a little before the time has come. */
const TIMER_SLACK_MS = 10
