/** The host's end of a stdio connection: messages go out whole, one after the other, as fast as the host takes them. */
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import type { Incoming, MessageHead } from '#upstream'

/** Where one session writes what its host is to get. */
export interface HostEnd {
  /** A whole message. Resolves once the host has room for more. @param head where it is known already */
  write(message: Uint8Array, head?: MessageHead): Promise<void> | undefined
  /** A piece of a long message: the pieces of others come before its first or after its last. `abandon` ends one that has no last. */
  part(incoming: Incoming): Promise<void>
  /** Ends a message in its middle, so that no reader takes it for one. */
  abandon(): void
}

/** A host to which several sessions write. */
export interface HostOutput extends Pick<HostEnd, 'write'> {
  /** Several hosts are behind it, which know nothing of each other: what is not clearly for one of them is for none. */
  readonly isShared?: boolean
  source(): HostEnd & {
    /** Somebody has something to say and cannot, while a long message of this source has no end. */
    readonly isWaitedFor: boolean
  }
}

export class LineWriter implements HostOutput {
  readonly #stream: Writable
  /** Held while a long message goes out in pieces. */
  #turn: PromiseWithResolvers<void> | undefined
  #waiting = 0
  #broken = false

  constructor(stream: Writable) {
    this.#stream = stream
    stream.on('error', () => {
      this.#broken = true // nobody reads any more: the end of standard input follows
    })
  }

  write(message: Uint8Array): Promise<void> | undefined {
    return this.#turn === undefined ? this.#put(message, true) : this.#whenFree(async () => await this.#put(message, true))
  }

  source(): ReturnType<HostOutput['source']> {
    let mine: PromiseWithResolvers<void> | undefined
    let abandoned = false
    const release = (): void => {
      this.#turn = undefined
      mine?.resolve()
      mine = undefined
    }
    const part = async ({ bytes, part }: Incoming): Promise<void> => {
      if (part === 'first') {
        abandoned = false
        await this.#whenFree(() => {
          if (!abandoned) this.#turn = mine = Promise.withResolvers()
        })
      }
      if (mine === undefined) return // abandoned
      await this.#put(bytes, part === 'last')
      if (part === 'last') release()
    }
    const abandon = (): void => {
      abandoned = true
      if (mine === undefined) return
      void this.#put(NOTHING, true)
      release()
    }
    const isWaitedFor = (): boolean => this.#waiting > 0
    return {
      write: (message) => this.write(message),
      part,
      abandon,
      get isWaitedFor() {
        return isWaitedFor()
      },
    }
  }

  /** Those who wait go on in the order in which they came. Nothing happens between the end of the waiting and the beginning of `act`. */
  async #whenFree(act: () => Promise<void> | void): Promise<void> {
    this.#waiting++
    while (this.#turn !== undefined) await this.#turn.promise
    this.#waiting--
    await act()
  }

  #put(bytes: Uint8Array, ends: boolean): Promise<void> | undefined {
    if (this.#broken || this.#stream.destroyed) return undefined
    this.#stream.cork()
    let more = this.#stream.write(bytes)
    if (ends) more = this.#stream.write(NEWLINE)
    this.#stream.uncork()
    return more ? undefined : drained(this.#stream)
  }
}

async function drained(stream: Writable): Promise<void> {
  const waiting = new AbortController()
  const { signal } = waiting
  // A host that goes away drains nothing.
  await Promise.race([once(stream, 'drain', { signal }), once(stream, 'close', { signal })]).catch(() => {})
  waiting.abort()
}

const NOTHING = new Uint8Array(0)
const NEWLINE = Uint8Array.of(0x0a)
