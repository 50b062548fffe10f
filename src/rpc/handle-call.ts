/** One call from bytes to bytes: decode, identify, run, encode; every failure becomes a status with its code, and one line of the log. */
import { once } from 'node:events'
import { inspect } from 'node:util'
import type { handleServerStreamingCall, handleUnaryCall } from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import { type GrpcStatusName, SealstoneError, type Span, toSealstoneError, traceFields } from '#core'
import type { CallContext } from '#operations'
import { decodeStrictly, type ErrorStatus } from '#wire'
import { type CallEnvironment, type CallState, openContext, peerOf, type ServerCall } from './call-context.ts'
import { traceContextOf } from './trace-context.ts'

/** `AnswerInit` is what a handler returns; the other two type parameters of grpc are the client's. */
type Method<Request, AnswerInit> = MethodDefinition<never, AnswerInit, Request, unknown>

export function unary<Request, AnswerInit>(
  environment: CallEnvironment,
  method: Method<Request, AnswerInit>,
  run: (context: CallContext, request: Request) => Promise<AnswerInit>,
  /** Asked before a large request is read. */
  admit?: (context: CallContext) => Promise<void>,
): handleUnaryCall<Buffer, Buffer> {
  return (call, callback) => {
    const record = new CallRecord(environment, method.path, call)
    const answer = async (): Promise<void> => {
      let bytes: Buffer
      try {
        const context = record.identified(openContext(environment, call, record))
        const work = async (): Promise<Buffer> => encode(environment, method, await run(context, decode(environment, method, call.request)))
        if (call.request.length > environment.limits.askFirstBytes) await admit?.(context)
        const isLarge = call.request.length > environment.limits.largeRequestBytes
        bytes = await (isLarge ? environment.largeRequests.run(context.signal, work) : work())
      } catch (thrown) {
        callback(record.fail(thrown))
        return
      }
      record.finish()
      callback(null, bytes)
    }
    environment.admission.work(call.metadata, answer)
  }
}

export function serverStream<Request, AnswerInit>(
  environment: CallEnvironment,
  method: Method<Request, AnswerInit>,
  run: (context: CallContext, request: Request) => AsyncIterable<AnswerInit>,
): handleServerStreamingCall<Buffer, Buffer> {
  return (call) => {
    const record = new CallRecord(environment, method.path, call)
    const pump = async (): Promise<void> => {
      try {
        const context = record.identified(openContext(environment, call, record))
        for await (const item of run(context, decode(environment, method, call.request))) {
          context.signal.throwIfAborted()
          // A reader that is slow slows the source down; one that vanished ends it.
          if (!call.write(encode(environment, method, item))) await drained(call, context.signal)
        }
      } catch (thrown) {
        call.emit('error', record.fail(thrown))
        return
      }
      record.finish()
      call.end()
    }
    environment.admission.work(call.metadata, pump)
  }
}

function decode<Request, AnswerInit>({ protos }: CallEnvironment, method: Method<Request, AnswerInit>, bytes: Buffer): Request {
  return decodeStrictly(protos.definition, method.requestType, bytes)
}

function encode<Request, AnswerInit>({ limits }: CallEnvironment, method: Method<Request, AnswerInit>, answer: AnswerInit): Buffer {
  const bytes = method.responseSerialize(answer)
  if (bytes.length > limits.messageBytes) {
    throw new SealstoneError('MESSAGE_TOO_LARGE', `the answer is ${bytes.length} bytes, want at most ${limits.messageBytes}`)
  }
  return bytes
}

async function drained(call: ServerCall, signal: AbortSignal): Promise<void> {
  try {
    await once(call, 'drain', { signal })
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
}

/** The log line of one call, and its span. Names and statuses: OpenTelemetry's semantic conventions for gRPC. */
class CallRecord implements CallState {
  readonly #environment: CallEnvironment
  readonly #method: string
  readonly #peer: string
  readonly #started: number
  readonly span: Span
  isOver = false
  #identity: string | undefined

  constructor(environment: CallEnvironment, method: string, call: ServerCall) {
    this.#environment = environment
    this.#method = method
    this.#peer = peerOf(environment, call)
    this.#started = environment.clock.monotonicMs()
    const name = method.slice(1)
    this.span = environment.tracer.startCall(name, traceContextOf(call.metadata), { 'rpc.system.name': 'grpc', 'rpc.method': name })
  }

  identified(context: CallContext): CallContext {
    this.#identity = context.identity
    return context
  }

  finish(): void {
    this.isOver = true
    this.span.set({ 'rpc.response.status_code': 'OK' })
    this.span.end()
    this.#environment.logger.info(this.#facts('OK'), 'call')
  }

  /** What is wrong in here is in the log with all its causes; the caller hears the catalogue's words. */
  fail(thrown: unknown): ErrorStatus {
    this.isOver = true
    const { logger, translator } = this.#environment
    const error = toSealstoneError(thrown)
    const facts = this.#facts(error.code)
    this.span.set({ 'rpc.response.status_code': error.entry.grpc, 'error.type': error.code })
    if (SERVER_FAULTS.has(error.entry.grpc)) this.span.fail(error.code)
    this.span.end()
    if (OURS.has(error.entry.grpc)) logger.error({ ...facts, error: error.message, causes: describeCauses(error) }, 'call failed by a fault of ours')
    else logger.info({ ...facts, error: error.message }, 'call')
    return translator.encode(error)
  }

  #facts(result: string): Record<string, unknown> {
    const milliseconds = Math.round(this.#environment.clock.monotonicMs() - this.#started)
    return { method: this.#method, identity: this.#identity, peer: this.#peer, result, milliseconds, ...traceFields(this.span) }
  }
}

function describeCauses(error: Error): string[] {
  const causes: string[] = []
  for (let cause = error.cause; cause !== undefined && causes.length < MAX_CAUSES; cause = cause instanceof Error ? cause.cause : undefined) {
    causes.push(cause instanceof Error ? (cause.stack ?? cause.message) : inspect(cause))
  }
  return causes
}

const MAX_CAUSES = 8
/** With these the span of a server has failed; the others are the caller's. */
const SERVER_FAULTS: ReadonlySet<GrpcStatusName> = new Set(['DEADLINE_EXCEEDED', 'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS'])
const OURS: ReadonlySet<GrpcStatusName> = new Set(['INTERNAL', 'DATA_LOSS', 'UNAVAILABLE'])
