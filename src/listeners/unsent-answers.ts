/** How many bytes of answers are kept in memory because their readers do not take them: whoever serves asks here before it makes another one. */
import type { IncomingMessage, ServerResponse } from 'node:http'

export class UnsentAnswers {
  readonly #mostBytes: number
  #bytes = 0

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes
  }

  /** The next ones are to be told to come again. */
  get isFull(): boolean {
    return this.#bytes >= this.#mostBytes
  }

  /** Until it is sent, or nobody takes it any more. Call it before it is written. */
  hold({ socket }: IncomingMessage, response: ServerResponse, bytes: number): void {
    this.#bytes += bytes
    // Of an answer that waits behind another one nothing is heard when its connection ends.
    const release = (): void => {
      this.#bytes -= bytes
      response.off('close', release)
      socket.off('close', release)
    }
    response.once('close', release)
    socket.once('close', release)
  }
}
