/** Lets a call in before a byte of its message is read: who is it, is there room, does the daemon still take calls. */
import {
  type Metadata,
  type ServerInterceptingCallInterface,
  ServerInterceptingCall,
  type ServerInterceptor,
  ServerListenerBuilder,
} from '@grpc/grpc-js'
import { type Identity, type Logger, SealstoneError, toSealstoneError } from '#core'
import { identityOf, type Peer } from '#policy'
import type { ErrorStatus } from '#wire'

/** A call that was let in. */
export interface Admitted {
  readonly identity: Identity
  readonly peer: string
  /** Aborted with a TimeoutError when the deadline passes, an AbortError when the caller cancels or vanishes, DAEMON_DRAINING when the drain ends. */
  readonly signal: AbortSignal
  /** Runs the call's work; the call counts as running until this is over, also if its caller has gone. */
  work(run: () => Promise<void>): Promise<void>
}

export interface AdmissionOptions {
  readonly logger: Logger
  readonly maxConcurrentCalls: number
  encodeError(error: SealstoneError): ErrorStatus
}

export class Admission {
  readonly #options: AdmissionOptions
  readonly #running = new Set<AbortController>()
  // The request's Metadata object is what grpc-js hands from the interceptor to the handler.
  readonly #admitted = new WeakMap<Metadata, Admitted>()
  #closed = false
  #whenIdle: (() => void) | undefined

  constructor(options: AdmissionOptions) {
    this.#options = options
  }

  /** For one listener's server. Health and reflection pass: they are for whoever may connect. */
  interceptor(listenerKind: 'unix' | 'tls' | 'insecure-loopback'): ServerInterceptor {
    return (method, call) =>
      new ServerInterceptingCall(call, {
        start: (next) => {
          if (!method.path.startsWith(OWN_SERVICES)) return next()
          let left: (() => void) | undefined
          next(
            new ServerListenerBuilder()
              .withOnReceiveMetadata((metadata, pass) => {
                try {
                  left = this.#admit(listenerKind, call, metadata)
                } catch (thrown) {
                  this.#refuse(method.path, call, toSealstoneError(thrown))
                  return
                }
                pass(metadata)
              })
              .withOnCancel(() => left?.())
              .build(),
          )
        },
      })
  }

  /** What the interceptor found out about this call. */
  of(metadata: Metadata): Admitted {
    const admitted = this.#admitted.get(metadata)
    if (admitted === undefined) throw new SealstoneError('INTERNAL', 'a call was not admitted')
    return admitted
  }

  /** From now on calls are refused with DAEMON_DRAINING. */
  close(): void {
    this.#closed = true
  }

  abortAll(reason: SealstoneError): void {
    for (const controller of this.#running) controller.abort(reason)
  }

  /** Whether the last call ended within that time. */
  idle(timeoutMs: number): Promise<boolean> {
    if (this.#running.size === 0) return Promise.resolve(true)
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), timeoutMs)
      this.#whenIdle = () => {
        clearTimeout(timer)
        resolve(true)
      }
    })
  }

  get running(): number {
    return this.#running.size
  }

  /** Returns what to do when the stream has ended, for whatever reason. */
  #admit(listenerKind: 'unix' | 'tls' | 'insecure-loopback', call: ServerInterceptingCallInterface, metadata: Metadata): () => void {
    if (this.#closed) throw new SealstoneError('DAEMON_DRAINING')
    const identity = identityOf(peerOf(listenerKind, call))
    if (this.#running.size >= this.#options.maxConcurrentCalls) throw new SealstoneError('OVERLOADED')
    const controller = new AbortController()
    this.#running.add(controller)
    let state: 'waiting' | 'working' | 'done' = 'waiting'
    let streamEnded = false
    const settle = (): void => {
      if (!streamEnded || state === 'working') return
      this.#running.delete(controller)
      if (this.#running.size === 0) this.#whenIdle?.()
    }
    this.#admitted.set(metadata, {
      identity,
      peer: listenerKind === 'unix' ? 'unix' : call.getPeer(),
      signal: controller.signal,
      work: async (run) => {
        state = 'working'
        await run().finally(() => {
          state = 'done'
          settle()
        })
      },
    })
    return () => {
      streamEnded = true
      if (state !== 'done') controller.abort(deadlinePassed(call) ? timeoutError() : abortError())
      settle()
    }
  }

  #refuse(path: string, call: ServerInterceptingCallInterface, error: SealstoneError): void {
    const peer = call.getPeer()
    this.#options.logger.warn({ method: path, peer, code: error.code, error: error.message }, 'call refused')
    call.sendStatus(this.#options.encodeError(error))
  }
}

function peerOf(listenerKind: 'unix' | 'tls' | 'insecure-loopback', call: ServerInterceptingCallInterface): Peer {
  switch (listenerKind) {
    case 'unix':
      return { kind: 'socket' }
    case 'insecure-loopback':
      return { kind: 'loopback' }
    case 'tls': {
      const der = call.getAuthContext().sslPeerCertificate?.raw
      if (der === undefined) throw new SealstoneError('UNAUTHENTICATED')
      return { kind: 'certificate', der }
    }
  }
}

function deadlinePassed(call: ServerInterceptingCallInterface): boolean {
  const deadline = call.getDeadline()
  return (typeof deadline === 'number' ? deadline : deadline.getTime()) <= Date.now() + TIMER_SLACK_MS
}

function timeoutError(): DOMException {
  return new DOMException('the deadline passed', 'TimeoutError')
}

function abortError(): DOMException {
  return new DOMException('the caller cancelled or vanished', 'AbortError')
}

const OWN_SERVICES = '/sealstone.'
// grpc-js keeps the deadline in wall-clock time but waits for it with a timer, which may fire a little early.
const TIMER_SLACK_MS = 5
