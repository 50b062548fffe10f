/** One call on one HTTP/2 stream: its bytes go to the method, its answer or its error goes back, whatever ends it. */
import { once } from 'node:events'
import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import { SealstoneError, toSealstoneError } from '#core'
import type { ErrorTranslator } from '#wire'
import type { ByteBudget } from './byte-budget.ts'
import type { FrameLimits } from './limits.ts'
import { framed, MessageSplitter } from './message-splitter.ts'
import type { FramedCall, FramedMethod, MessageSink } from './method.ts'
import { errorTrailers, OK_TRAILERS, RESPONSE_HEADERS, stopReading } from './status.ts'

export interface CallParts {
  readonly stream: ServerHttp2Stream
  readonly method: FramedMethod
  readonly call: Omit<FramedCall, 'signal'>
  /** Milliseconds, where the caller set a deadline. */
  readonly timeoutMs: number | undefined
  readonly limits: Pick<FrameLimits, 'messageBytes' | 'requestBytes' | 'idleMs'>
  /** Of requests that are a single message, over all calls. */
  readonly held: ByteBudget
  readonly translator: ErrorTranslator
  readonly onBytes: ((count: number) => void) | undefined
  /** Once, with the error that was told. */
  readonly onEnd: (error: SealstoneError | undefined, bytes: number) => void
}

export class RunningCall {
  readonly #parts: CallParts
  readonly #call: FramedCall
  readonly #ended = new AbortController()
  #deadline: NodeJS.Timeout | undefined
  #idle: NodeJS.Timeout | undefined
  #splitter: MessageSplitter | undefined
  #trailers: OutgoingHttpHeaders = OK_TRAILERS
  #abandon: ((error: SealstoneError) => void) | undefined
  #isAnswered = false
  #isOver = false

  constructor(parts: CallParts) {
    this.#parts = parts
    this.#call = { ...parts.call, signal: this.#ended.signal }
  }

  /** Does all of it; whatever goes wrong is told to the caller. */
  async run(): Promise<void> {
    const { stream, timeoutMs, limits } = this.#parts
    stream.on('close', () => this.#onClose())
    stream.on('error', () => {}) // `close` follows
    stream.on('wantTrailers', () => stream.sendTrailers(this.#trailers))
    if (timeoutMs !== undefined)
      this.#deadline = setTimeout(() => this.fail(new SealstoneError('DEADLINE_EXCEEDED')), Math.min(timeoutMs, LONGEST_TIMER_MS))
    this.#idle = setTimeout(() => this.fail(new SealstoneError('DEADLINE_EXCEEDED', `nothing came for ${limits.idleMs} ms`)), limits.idleMs)
    try {
      await this.#serve()
      this.#end(undefined)
    } catch (thrown) {
      this.fail(toSealstoneError(thrown))
    }
  }

  /** Ends it with this error, unless it is over. */
  fail(error: SealstoneError): void {
    if (this.#isOver) return
    const { stream, translator } = this.#parts
    if (!stream.destroyed && !stream.closed) {
      this.#trailers = errorTrailers(translator.encode(error))
      if (this.#isAnswered)
        stream.close(constants.NGHTTP2_CANCEL) // the answer is not taken
      else if (stream.headersSent) stream.end()
      else stream.respond({ ...RESPONSE_HEADERS, ...this.#trailers }, { endStream: true })
      stopReading(stream)
    }
    this.#end(error)
  }

  async #serve(): Promise<void> {
    const { method } = this.#parts
    const call = this.#call
    switch (method.kind) {
      case 'client-stream': {
        const sink = await method.open(call)
        if (this.#isOver) return sink.abandon(toSealstoneError(call.signal.reason))
        this.#abandon = (error) => sink.abandon(error)
        await this.#receive(sink, this.#parts.limits.messageBytes)
        const answer = await sink.finish()
        this.#abandon = undefined
        return this.#answer([answer])
      }
      case 'unary':
        return this.#answer([await method.handle(call, await this.#single())])
      case 'server-stream':
        return this.#answer(method.handle(call, await this.#single()))
    }
  }

  async #answer(messages: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
    const { stream } = this.#parts
    clearTimeout(this.#idle) // it is our turn now
    for await (const message of messages) {
      if (this.#isOver) return
      if (!stream.headersSent) stream.respond(RESPONSE_HEADERS, { waitForTrailers: true })
      for (const piece of piecesOf(framed(message))) if (!stream.write(piece)) await this.#untilTaken('drain')
    }
    if (this.#isOver) return
    if (!stream.headersSent) stream.respond(RESPONSE_HEADERS, { waitForTrailers: true })
    this.#isAnswered = true
    stream.end()
    await this.#untilTaken('close')
  }

  /** An answer that nobody takes is memory of ours: such a call counts until it is over, and is ended. */
  async #untilTaken(event: 'drain' | 'close'): Promise<void> {
    const { stream, limits } = this.#parts
    const stalled = new SealstoneError('DEADLINE_EXCEEDED', `nothing of the answer was taken for ${limits.idleMs} ms`)
    const timer = setTimeout(() => this.fail(stalled), limits.idleMs)
    try {
      await once(stream, event, { signal: this.#ended.signal })
    } finally {
      clearTimeout(timer)
    }
  }

  #onClose(): void {
    if (this.#isAnswered && this.#parts.stream.rstCode === constants.NGHTTP2_NO_ERROR) this.#end(undefined)
    else this.fail(new SealstoneError('CANCELLED', 'the caller cancelled or vanished'))
  }

  /** The request of a call that has one message. */
  async #single(): Promise<Buffer> {
    const { limits, held } = this.#parts
    const pieces: Buffer[] = []
    let messages = 0
    let bytes = 0
    const collect: MessageSink = {
      begin: () => {
        messages += 1
        if (messages > 1) throw new SealstoneError('INPUT_INVALID', 'the call has more than one message')
      },
      bytes: (piece) => {
        held.take(piece.length)
        bytes += piece.length
        pieces.push(Buffer.from(piece))
      },
      end: () => {},
      finish: async () => new Uint8Array(),
      abandon: () => {},
    }
    try {
      await this.#receive(collect, limits.requestBytes)
      if (messages === 0) throw new SealstoneError('INPUT_INVALID', 'the call has no message')
      return Buffer.concat(pieces)
    } finally {
      held.give(bytes)
    }
  }

  /** Resolves when the caller has sent everything. */
  #receive(sink: MessageSink, maxBytes: number): Promise<void> {
    const { stream } = this.#parts
    const splitter = new MessageSplitter(sink, maxBytes)
    this.#splitter = splitter
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#ended.signal.addEventListener('abort', () => reject(this.#ended.signal.reason as Error), { once: true })
    const stop = (thrown: unknown): void => {
      stream.removeAllListeners('data')
      reject(thrown)
    }
    stream.on('data', (piece: Buffer) => {
      this.#idle?.refresh()
      try {
        splitter.take(piece)
      } catch (thrown) {
        stop(thrown)
      }
      this.#parts.onBytes?.(piece.length)
    })
    stream.once('end', () => {
      if (stream.aborted) return // a reset ends it too; `close` follows
      try {
        splitter.finish()
        resolve()
      } catch (thrown) {
        stop(thrown)
      }
    })
    return promise
  }

  #end(error: SealstoneError | undefined): void {
    if (this.#isOver) return
    this.#isOver = true
    clearTimeout(this.#deadline)
    clearTimeout(this.#idle)
    this.#parts.stream.removeAllListeners('data')
    if (error !== undefined) {
      this.#abandon?.(error)
      this.#ended.abort(error)
    }
    this.#parts.onEnd(error, this.#splitter?.bytes ?? 0)
  }
}

/** A slow caller shows that he takes something by each of them. */
function* piecesOf(message: Buffer): Generator<Buffer> {
  for (let at = 0; at < message.length; at += PIECE_BYTES) yield message.subarray(at, at + PIECE_BYTES)
}

const PIECE_BYTES = 64 * 1024
const LONGEST_TIMER_MS = 2 ** 31 - 1
