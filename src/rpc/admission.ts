/** Lets calls in, before a byte of their message is read: only so many at once, and none once the server drains. */
import { ServerInterceptingCall, type ServerInterceptor, ServerListenerBuilder } from '@grpc/grpc-js'
import { SealstoneError } from '#core'
import type { ErrorTranslator } from '#wire'

export class Admission {
  readonly #most: number
  readonly #translator: ErrorTranslator
  /** Ends one call each. */
  readonly #running = new Set<() => void>()
  #closed = false

  constructor(most: number, translator: ErrorTranslator) {
    this.#most = most
    this.#translator = translator
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Calls of our own services whose streams are open. */
  get running(): number {
    return this.#running.size
  }

  /** From now on calls are refused with DAEMON_DRAINING. */
  close(): void {
    this.#closed = true
  }

  /** Ends what still runs with DAEMON_DRAINING; the signals of these calls are aborted. */
  giveUp(): void {
    for (const end of this.#running) end()
  }

  readonly interceptor: ServerInterceptor = (method, call) => {
    let release = (): void => {}
    const end = (error: SealstoneError): void => call.sendStatus(this.#translator.encode(error))
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, next) => {
        const refusal = this.#refusal()
        if (refusal !== undefined) {
          end(refusal)
          return
        }
        const giveUp = (): void => end(new SealstoneError('DAEMON_DRAINING'))
        this.#running.add(giveUp)
        release = () => void this.#running.delete(giveUp)
        next(metadata)
      })
      .withOnCancel(() => release()) // grpc-js says this at the end of every stream, however it ended
      .build()
    return new ServerInterceptingCall(call, {
      start: (next) => (method.path.startsWith(OUR_SERVICES) ? next(listener) : next()),
    })
  }

  #refusal(): SealstoneError | undefined {
    if (this.#closed) return new SealstoneError('DAEMON_DRAINING')
    if (this.#running.size >= this.#most) return new SealstoneError('OVERLOADED', `${this.#running.size} calls run already, at most ${this.#most}`)
    return undefined
  }
}

const OUR_SERVICES = '/sealstone.'
