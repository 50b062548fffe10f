/** Bodies of requests of hosts: each bounded, and all that are held at once together, so that many slow ones do not add up. */
import type { IncomingMessage } from 'node:http'
import { SealstoneError } from '#core'

/** Counts against the others until it is let go. */
export interface HeldBody extends Disposable {
  readonly bytes: Uint8Array
}

export class BodyReader {
  #held = 0

  /** Throws INPUT_TOO_LARGE, OVERLOADED where too much is held already, CANCELLED where the host has gone. The rest of the body is not read then. */
  async read(request: IncomingMessage): Promise<HeldBody> {
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
    const parts: Uint8Array[] = []
    let length = 0
    const stop = (error: SealstoneError): void => {
      request.pause()
      request.removeAllListeners('data')
      reject(error)
    }
    request.on('data', (chunk: Uint8Array) => {
      length += chunk.length
      this.#held += chunk.length
      parts.push(chunk)
      if (length > MOST_BODY_BYTES) stop(new SealstoneError('INPUT_TOO_LARGE', `the message is longer than ${MOST_BODY_BYTES} bytes`))
      else if (this.#held > MOST_HELD_BYTES) stop(new SealstoneError('OVERLOADED'))
    })
    request.once('end', () => resolve(Buffer.concat(parts)))
    request.once('error', () => reject(new SealstoneError('CANCELLED')))
    request.once('close', () => reject(new SealstoneError('CANCELLED')))
    const letGo = (): void => {
      this.#held -= length
      length = 0
    }
    try {
      const declared = Number(request.headers['content-length'] ?? 0)
      if (declared > MOST_BODY_BYTES) stop(new SealstoneError('INPUT_TOO_LARGE', `the message is ${declared} bytes, want at most ${MOST_BODY_BYTES}`))
      return { bytes: await promise, [Symbol.dispose]: letGo }
    } catch (error) {
      letGo()
      throw error
    }
  }
}

const MOST_BODY_BYTES = 16 * 1024 * 1024
const MOST_HELD_BYTES = 64 * 1024 * 1024
