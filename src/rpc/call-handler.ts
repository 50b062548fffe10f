/** Turns functions of domain code into gRPC handlers: decode strictly, run with the call's context, answer or say what was wrong. */
import { once } from 'node:events'
import type { handleServerStreamingCall, handleUnaryCall, Metadata, ServerWritableStream } from '@grpc/grpc-js'
import type { MethodDefinition, PackageDefinition } from '@grpc/proto-loader'
import { type Clock, type Logger, type SealstoneError, toSealstoneError } from '#core'
import type { CallContext } from '#operations'
import { decodeStrictly, type ErrorStatus } from '#wire'
import type { Admission } from './admission.ts'

export interface CallHandlerOptions {
  readonly definition: PackageDefinition
  readonly admission: Admission
  readonly logger: Logger
  readonly clock: Clock
  encodeError(error: SealstoneError): ErrorStatus
}

export class CallHandlers {
  readonly #options: CallHandlerOptions

  constructor(options: CallHandlerOptions) {
    this.#options = options
  }

  /** One request, one answer. `run` throws SealstoneError; anything else is told to the caller as INTERNAL and to the log in full. */
  unary<Init, Answer, Request, Output>(
    method: MethodDefinition<Init, Answer, Request, Output>,
    run: (call: CallContext, request: Request) => Promise<Answer>,
  ): handleUnaryCall<Buffer, Answer> {
    return (call, callback) => {
      void this.#perform(
        method.path,
        call.metadata,
        async (context) => callback(null, await run(context, this.#decode(method, call.request))),
        (status) => callback(status),
      )
    }
  }

  /** One request, many answers, no faster than the caller reads them. */
  stream<Init, Answer, Request, Output>(
    method: MethodDefinition<Init, Answer, Request, Output>,
    run: (call: CallContext, request: Request) => AsyncIterable<Answer>,
  ): handleServerStreamingCall<Buffer, Answer> {
    return (stream) => {
      void this.#perform(
        method.path,
        stream.metadata,
        async (context) => {
          for await (const answer of run(context, this.#decode(method, stream.request))) {
            await write(stream, answer, context.signal)
          }
          stream.end()
        },
        (status) => stream.emit('error', status), // grpc-js takes the status of a stream from this event
      )
    }
  }

  #decode<Init, Answer, Request, Output>(method: MethodDefinition<Init, Answer, Request, Output>, bytes: Buffer): Request {
    return decodeStrictly(this.#options.definition, method.requestType, bytes)
  }

  async #perform(path: string, metadata: Metadata, run: (context: CallContext) => Promise<void>, fail: (status: ErrorStatus) => void): Promise<void> {
    const { admission, clock, encodeError } = this.#options
    const admitted = admission.of(metadata)
    const started = clock.monotonicMs()
    await admitted.work(async () => {
      try {
        await run({ identity: admitted.identity, signal: admitted.signal, peer: admitted.peer })
        this.#log(path, admitted, clock.monotonicMs() - started)
      } catch (thrown) {
        const error = toSealstoneError(thrown)
        this.#log(path, admitted, clock.monotonicMs() - started, error)
        fail(encodeError(error))
      }
    })
  }

  #log(method: string, { identity, peer }: Pick<CallContext, 'identity' | 'peer'>, durationMs: number, error?: SealstoneError): void {
    const { logger } = this.#options
    const call = { method, identity, peer, durationMs: Math.round(durationMs) }
    if (error === undefined) logger.debug(call, 'call answered')
    else if (SEVERE.has(error.entry.grpc)) logger.error({ ...call, code: error.code, error: describeCauses(error) }, 'call failed')
    else logger.info({ ...call, code: error.code, error: error.message }, 'call refused')
  }
}

/** Waits while the caller reads slowly, but not for one that has gone. */
async function write<Answer>(stream: ServerWritableStream<Buffer, Answer>, answer: Answer, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  if (stream.write(answer)) return
  try {
    await once(stream, 'drain', { signal })
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
}

/** The whole chain of causes, for the daemon's own log. */
function describeCauses(error: Error): string {
  const lines: string[] = []
  for (let cause: unknown = error; cause !== undefined && lines.length < MAX_CAUSES; cause = cause instanceof Error ? cause.cause : undefined) {
    lines.push(cause instanceof Error ? (cause.stack ?? cause.message) : String(cause))
  }
  return lines.join('\ncaused by ')
}

const MAX_CAUSES = 8
const SEVERE: ReadonlySet<string> = new Set(['INTERNAL', 'DATA_LOSS', 'UNAVAILABLE'])
