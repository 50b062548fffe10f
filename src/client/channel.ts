/** One gRPC channel to the daemon, and calls as promises: deadline, cancellation, retries, errors with the daemon's own code. */
import { isIP } from 'node:net'
import {
  type CallOptions as GrpcCallOptions,
  ChannelCredentials,
  type ClientOptions,
  type ClientReadableStream,
  type ClientWritableStream,
  makeClientConstructor,
  type ServiceError,
} from '@grpc/grpc-js'
import { service as healthService } from 'grpc-health-check'
import { cancelled, LIMITS, type RetryOptions, SealstoneError, withRetry } from '#core'
import { type ErrorTranslator, errorTranslator, loadProtos, type Protos } from '#wire'
import { type Address, isLoopback, parseAddress } from './address.ts'
import { withTrace } from './trace-context.ts'
import type { CallOptions, ConnectOptions } from './options.ts'

/** Starts one call; grpc-js answers through the callback. */
export type StartUnary<Response> = (options: GrpcCallOptions, done: (error: ServiceError | null, response?: Response) => void) => { cancel(): void }

export class Channel {
  readonly signing: InstanceType<Protos['SigningService']>
  readonly keys: InstanceType<Protos['KeyService']>
  readonly audit: InstanceType<Protos['AuditService']>
  readonly hashing: InstanceType<Protos['HashService']>
  readonly #health: InstanceType<ReturnType<typeof makeClientConstructor>>
  readonly #errors: ErrorTranslator
  readonly #target: string
  readonly #timeoutMs: number
  readonly #attempts: number

  /** Nothing is sent yet. Throws INPUT_INVALID for an address that cannot be used. */
  constructor(options: ConnectOptions) {
    const address = parseAddress(options.address)
    const target =
      address.kind === 'unix' ? `unix:${address.path}` : `${isIP(address.host) === 6 ? `[${address.host}]` : address.host}:${address.port}`
    const credentials = chooseCredentials(address, options.tls)
    const protos = loadProtos()
    this.signing = new protos.SigningService(target, credentials, CHANNEL_OPTIONS)
    // The others share its connection: grpc-js pools channels with the same target and options.
    this.keys = new protos.KeyService(target, credentials, CHANNEL_OPTIONS)
    this.audit = new protos.AuditService(target, credentials, CHANNEL_OPTIONS)
    this.hashing = new protos.HashService(target, credentials, CHANNEL_OPTIONS)
    this.#health = new (makeClientConstructor(healthService, 'Health'))(target, credentials, CHANNEL_OPTIONS)
    this.#target = target
    this.#errors = errorTranslator()
    this.#timeoutMs = options.timeoutMs ?? 60_000
    this.#attempts = Math.max(1, options.attempts ?? 4)
  }

  /** Throws what the daemon answered, DAEMON_UNAVAILABLE, DEADLINE_EXCEEDED or CANCELLED. */
  unary<Response>(start: StartUnary<Response>, options: CallOptions = {}): Promise<Response> {
    return withRetry(this.retryOptions(options), (timeoutMs) =>
      this.#once((grpc, done) => start(withTrace(grpc, options), done), timeoutMs, options.signal),
    )
  }

  /** For a caller that repeats by itself. */
  retryOptions({ timeoutMs = this.#timeoutMs, signal }: CallOptions): RetryOptions {
    return { attempts: this.#attempts, timeoutMs, ...(signal === undefined ? {} : { signal }) }
  }

  /**
   * Sends a stream of messages, once. Throws as `unary` does, and what `send` throws.
   * @param send is given a promise that resolves when nothing more is wanted
   */
  async upload<Request, Response>(
    start: (options: GrpcCallOptions, done: (error: ServiceError | null, response?: Response) => void) => ClientWritableStream<Request>,
    send: (call: ClientWritableStream<Request>, stopped: Promise<unknown>) => Promise<void>,
    options: CallOptions & { readonly timeoutMs: number },
  ): Promise<Response> {
    const opened = Promise.withResolvers<ClientWritableStream<Request>>()
    const answer = this.#once<Response>(
      (grpc, done) => {
        const call = start(withTrace(grpc, options), done)
        opened.resolve(call)
        return call
      },
      options.timeoutMs,
      options.signal,
    )
    const call = await opened.promise
    const stopped = answer.then(
      () => {},
      () => {},
    )
    const sent = send(call, stopped).catch((error: unknown) => {
      call.cancel()
      throw error
    })
    // What the daemon says counts more than that it could not be sent to any longer.
    const [answered, sending] = await Promise.allSettled([answer, sent])
    if (answered.status === 'fulfilled') return answered.value
    if (sending.status === 'rejected' && answered.reason instanceof SealstoneError && answered.reason.code === 'CANCELLED') throw sending.reason
    throw answered.reason
  }

  /** Not retried: a reader knows where it was. */
  async *stream<Message>(open: (options: GrpcCallOptions) => ClientReadableStream<Message>, options: CallOptions = {}): AsyncGenerator<Message> {
    const { signal } = options
    if (signal !== undefined && wasAborted(signal)) throw cancelled(signal)
    const call = open(withTrace({ deadline: Date.now() + (options.timeoutMs ?? this.#timeoutMs) }, options))
    const cancel = (): void => call.cancel()
    signal?.addEventListener('abort', cancel, { once: true })
    try {
      for await (const message of call) yield message as Message
    } catch (error) {
      if (signal !== undefined && wasAborted(signal)) throw cancelled(signal)
      throw this.#toError(error as ServiceError)
    } finally {
      signal?.removeEventListener('abort', cancel)
      call.cancel()
    }
  }

  async health(options?: CallOptions): Promise<'serving' | 'not-serving'> {
    const answer = await this.unary<{ status: string | number }>((callOptions, done) => {
      const check = this.#health['check'] as (request: object, options: GrpcCallOptions, done: unknown) => { cancel(): void }
      return check.call(this.#health, { service: '' }, callOptions, done)
    }, options)
    return answer.status === 'SERVING' || answer.status === 1 ? 'serving' : 'not-serving'
  }

  close(): void {
    for (const client of [this.signing, this.keys, this.audit, this.hashing, this.#health]) client.close()
  }

  #once<Response>(start: StartUnary<Response>, timeoutMs: number, signal: AbortSignal | undefined): Promise<Response> {
    return new Promise((resolve, reject) => {
      const call = start({ deadline: Date.now() + timeoutMs }, (error, response) => {
        signal?.removeEventListener('abort', cancel)
        if (error === null && response !== undefined) resolve(response)
        else if (signal !== undefined && wasAborted(signal)) reject(cancelled(signal))
        else if (error === null) reject(new SealstoneError('INTERNAL', 'the daemon answered nothing'))
        else reject(this.#toError(error))
      })
      const cancel = (): void => call.cancel()
      signal?.addEventListener('abort', cancel, { once: true })
    })
  }

  /** Where nobody answers grpc-js speaks of its connection attempts; people ask where it tried. */
  #toError(received: ServiceError): SealstoneError {
    const error = this.#errors.decode(received)
    if (error.code !== 'DAEMON_UNAVAILABLE') return error
    return new SealstoneError('DAEMON_UNAVAILABLE', `no daemon answers at ${this.#target}${reasonOf(received.details)}`, { cause: received })
  }
}

/** The system's own reason out of grpc-js's sentence, such as ECONNREFUSED. */
function reasonOf(text: string): string {
  const reason = /\b(E[A-Z]{3,}|certificate [a-z ]+|self-signed certificate)\b/.exec(text)?.[1]
  return reason === undefined ? '' : ` (${reason})`
}

/** A call, so that the compiler does not take the answer of one moment for that of a later one. */
function wasAborted(signal: AbortSignal): boolean {
  return signal.aborted
}

function chooseCredentials(address: Address, tls: ConnectOptions['tls']): ChannelCredentials {
  if (address.kind === 'unix') return ChannelCredentials.createInsecure()
  if (tls === undefined) {
    if (isLoopback(address.host)) return ChannelCredentials.createInsecure()
    throw new SealstoneError('INPUT_INVALID', `no client certificate for ${address.host}`, {
      hint: 'the daemon speaks TLS 1.3 with client certificates over the network: pass the CA, a certificate and its key',
    })
  }
  if (isIP(address.host) !== 0) {
    throw new SealstoneError('INPUT_INVALID', `${address.host} is an IP address, want a host name`, {
      hint: "use the DNS name in the daemon's certificate",
    })
  }
  return ChannelCredentials.createSsl(asBuffer(tls.ca), asBuffer(tls.key), asBuffer(tls.cert))
}

function asBuffer(pem: string | Uint8Array): Buffer {
  return typeof pem === 'string' ? Buffer.from(pem) : Buffer.from(pem.buffer, pem.byteOffset, pem.length)
}

const CHANNEL_OPTIONS: ClientOptions = {
  'grpc.max_send_message_length': LIMITS.grpcMessageBytes,
  'grpc.max_receive_message_length': LIMITS.grpcMessageBytes,
  'grpc.enable_retries': 0, // ours know the idempotency key and the whole deadline
  // Answers to many calls at once, or to a batch, are megabytes; with HTTP/2's 64 KiB both sides stop for each other every few answers.
  'grpc-node.flow_control_window': 4 * 1024 * 1024,
  'grpc.enable_channelz': 0, // nobody asks for its counts
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2000,
}

/** The deadline of calls that go through all keys or entries, one after the other: how long that takes nobody knows, and whoever waits can stop it. */
export const LONG_MS = 24 * 3_600_000
