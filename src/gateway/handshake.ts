/** The handshake of the host (MCP until 2025-11-25), which hosts need not wait for before they ask for more. */
import { setTimeout as sleep } from 'node:timers/promises'
import { SealstoneError } from '#core'
import type { ServerIdentity } from '#upstream'

export class Handshake {
  #answer: PromiseWithResolvers<ServerIdentity> | undefined
  #identity: ServerIdentity | undefined

  /** The host has sent `initialize`. */
  get isBegun(): boolean {
    return this.#answer !== undefined
  }

  /** What the server answered last, once it was let through. */
  get identity(): ServerIdentity | undefined {
    return this.#identity
  }

  begin(): void {
    this.#answer = Promise.withResolvers()
    this.#answer.promise.catch(() => {}) // whoever waits for it is told; nobody need
  }

  answered(identity: ServerIdentity): void {
    this.#identity = identity
    this.#answer?.resolve(identity)
  }

  failed(error: SealstoneError): void {
    this.#answer?.reject(error)
  }

  /** The server's answer. Throws DEADLINE_EXCEEDED, what `failed` was told, and INPUT_INVALID if there was no handshake. */
  async settled(withinMs: number): Promise<ServerIdentity> {
    if (this.#answer === undefined) throw new SealstoneError('INPUT_INVALID', 'the host has not initialized the connection')
    const stop = new AbortController()
    const late = sleep(withinMs, undefined, { signal: stop.signal, ref: false }).then(() => {
      throw new SealstoneError('DEADLINE_EXCEEDED', `the server did not answer initialize within ${withinMs / 1000} s`)
    })
    late.catch(() => {}) // stopped
    try {
      return await Promise.race([this.#answer.promise, late])
    } finally {
      stop.abort()
    }
  }
}
