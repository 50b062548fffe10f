/** A server that has begun a long answer goes on with it while others wait to speak to the same host, or is ended. */
import type { SealstoneError } from '#core'
import { serverFault, type UpstreamLimits } from '#upstream'

export class Pace {
  readonly #periodMs: number
  readonly #line: { readonly isWaitedFor: boolean }
  readonly #onSlow: (fault: SealstoneError) => void
  #timer: NodeJS.Timeout | undefined
  #bytes = 0
  /** The host has not taken what it was given: that is no fault of the server. */
  #isHostSlow = false

  constructor({ paceMs }: Pick<UpstreamLimits, 'paceMs'>, line: { readonly isWaitedFor: boolean }, onSlow: (fault: SealstoneError) => void) {
    this.#periodMs = paceMs
    this.#line = line
    this.#onSlow = onSlow
  }

  begin(): void {
    this.end()
    this.#timer = setInterval(() => this.#judge(), this.#periodMs)
    this.#timer.unref()
  }

  async during(bytes: number, taken: Promise<void>): Promise<void> {
    this.#bytes += bytes
    this.#isHostSlow = true
    await taken
    this.#isHostSlow = false
  }

  end(): void {
    clearInterval(this.#timer)
    this.#bytes = 0
  }

  #judge(): void {
    const isSlow = this.#bytes < LEAST_BYTES && !this.#isHostSlow && this.#line.isWaitedFor
    this.#bytes = 0
    if (!isSlow) return
    this.end()
    const seconds = this.#periodMs / 1000
    this.#onSlow(serverFault(`a long answer went on with less than ${LEAST_BYTES} bytes in ${seconds} s, and others wait to speak to the host`))
  }
}

const LEAST_BYTES = 1024 * 1024
