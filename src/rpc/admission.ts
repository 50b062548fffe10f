/** Lets calls in, before a byte of their message is read: only so many at once, and none once the server drains. Knows what still runs. */
import { type Metadata, ServerInterceptingCall, type ServerInterceptor, ServerListenerBuilder } from '@grpc/grpc-js'
import { type Clock, SealstoneError } from '#core'
import { ReturnDelay } from '#operations'
import type { ErrorStatus, ErrorTranslator } from '#wire'
import type { RpcLimits } from './limits.ts'

/** Counts until its stream is closed and its work is done: work whose caller has gone is brought to its end, so it takes up room. */
interface AdmittedCall {
  giveUp(): void
  streamOpen: boolean
  work: Promise<void> | undefined
}

export class Admission {
  readonly #most: number
  readonly #requestMs: number
  readonly #translator: ErrorTranslator
  readonly #returnDelay: ReturnDelay
  /** Made once for each delay that is told: under overload nearly every call is answered with it, and nothing else is done for that call. */
  #overloaded: { readonly delayMs: number; readonly status: ErrorStatus } | undefined
  readonly #calls = new Set<AdmittedCall>()
  /** Health and reflection count apart: they say what goes on also when there is no room, and may watch for as long as they like. */
  readonly #watches = new Set<AdmittedCall>()
  // The request's Metadata object is what grpc-js hands from an interceptor to the handler.
  readonly #byMetadata = new WeakMap<Metadata, AdmittedCall>()
  #closed = false

  constructor({ concurrentCalls, requestMs }: Pick<RpcLimits, 'concurrentCalls' | 'requestMs'>, translator: ErrorTranslator, clock: Clock) {
    this.#most = concurrentCalls
    this.#requestMs = requestMs
    this.#translator = translator
    this.#returnDelay = new ReturnDelay(clock, LEAST_DELAY_MS)
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Calls of our own services. */
  get running(): number {
    return this.#calls.size
  }

  readonly interceptor: ServerInterceptor = ({ path }, stream) => {
    const calls = path.startsWith(OUR_SERVICES) ? this.#calls : this.#watches
    const refusal = this.#refusal(calls.size)
    if (refusal !== undefined) return new ServerInterceptingCall(stream, { start: () => stream.sendStatus(refusal) })
    const end = (error: SealstoneError): void => stream.sendStatus(this.#translator.encode(error))
    const call: AdmittedCall = { giveUp: () => end(new SealstoneError('DAEMON_DRAINING')), streamOpen: true, work: undefined }
    let arrival: NodeJS.Timeout | undefined
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, next) => {
        calls.add(call)
        arrival = setTimeout(() => end(new SealstoneError('DEADLINE_EXCEEDED', 'the request did not arrive in time')), this.#requestMs)
        this.#byMetadata.set(metadata, call)
        next(metadata)
      })
      .withOnReceiveMessage((message, next) => {
        clearTimeout(arrival)
        next(message)
      })
      // grpc-js says this at the end of every stream, however it ended.
      .withOnCancel(() => {
        clearTimeout(arrival)
        call.streamOpen = false
        if (call.work === undefined) this.#leave(calls, call)
      })
      .build()
    return new ServerInterceptingCall(stream, { start: (next) => next(listener) })
  }

  /** Runs what an admitted call is about. `run` handles its own errors. */
  work(metadata: Metadata, run: () => Promise<void>): void {
    const call = this.#byMetadata.get(metadata)
    if (call === undefined) throw new SealstoneError('INTERNAL', 'a call was not admitted')
    call.work = run().finally(() => {
      call.work = undefined
      if (!call.streamOpen) this.#leave(this.#calls, call)
    })
  }

  /** From now on calls are refused with DAEMON_DRAINING; streams that only watch are ended. */
  close(): void {
    this.#closed = true
    for (const watch of this.#watches) watch.giveUp()
  }

  /** Ends what still runs with DAEMON_DRAINING; the signals of these calls are aborted. */
  giveUp(): void {
    for (const call of this.#calls) call.giveUp()
  }

  /** Resolves when no work is left. */
  async idle(): Promise<void> {
    for (;;) {
      const works = Array.from(this.#calls, ({ work }) => work).filter((work) => work !== undefined)
      if (works.length === 0) return
      await Promise.all(works)
    }
  }

  #refusal(running: number): ErrorStatus | undefined {
    if (this.#closed) return this.#translator.encode(new SealstoneError('DAEMON_DRAINING'))
    if (running < this.#most) return undefined
    const delayMs = this.#returnDelay.refused()
    if (this.#overloaded?.delayMs !== delayMs) this.#overloaded = { delayMs, status: this.#translator.encode(this.#noRoom(delayMs)) }
    return this.#overloaded.status
  }

  #noRoom(delayMs: number): SealstoneError {
    return new SealstoneError('OVERLOADED', `${this.#most} calls run already, the most that may`, { details: { retryDelayMs: String(delayMs) } })
  }

  #leave(calls: Set<AdmittedCall>, call: AdmittedCall): void {
    if (calls.delete(call) && calls === this.#calls) this.#returnDelay.done()
  }
}

const OUR_SERVICES = '/sealstone.'
const LEAST_DELAY_MS = 500
