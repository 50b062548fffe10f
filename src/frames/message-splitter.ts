/** Finds the messages in the bytes of a call: a prefix of five bytes, then the message (gRPC over HTTP/2, "Length-Prefixed-Message"). */
import { SealstoneError } from '#core'
import type { MessageSink } from './method.ts'

export class MessageSplitter {
  readonly #sink: Pick<MessageSink, 'begin' | 'bytes' | 'end'>
  readonly #maxBytes: number
  readonly #prefix = Buffer.alloc(PREFIX_BYTES)
  #prefixBytes = 0
  #left = 0
  #bytes = 0

  constructor(sink: Pick<MessageSink, 'begin' | 'bytes' | 'end'>, maxBytes: number) {
    this.#sink = sink
    this.#maxBytes = maxBytes
  }

  /** Bytes of messages that came, without prefixes. */
  get bytes(): number {
    return this.#bytes
  }

  /** Throws MESSAGE_TOO_LARGE before a byte of such a message is taken, COMPRESSION_UNSUPPORTED for a compressed one, and what the sink throws. */
  take(bytes: Buffer): void {
    let rest = bytes
    while (rest.length > 0) {
      if (this.#prefixBytes < PREFIX_BYTES) {
        const copied = rest.copy(this.#prefix, this.#prefixBytes)
        this.#prefixBytes += copied
        rest = rest.subarray(copied)
        if (this.#prefixBytes === PREFIX_BYTES) this.#begin()
        continue
      }
      const piece = rest.length > this.#left ? rest.subarray(0, this.#left) : rest
      this.#left -= piece.length
      this.#bytes += piece.length
      this.#sink.bytes(piece)
      if (this.#left === 0) this.#end()
      rest = rest.subarray(piece.length)
    }
  }

  /** The caller has sent everything. Throws FORMAT_INVALID in the middle of a message. */
  finish(): void {
    if (this.#prefixBytes > 0) throw new SealstoneError('FORMAT_INVALID', 'the stream ended in the middle of a message')
  }

  #begin(): void {
    const [flag] = this.#prefix
    if (flag !== 0) throw new SealstoneError('COMPRESSION_UNSUPPORTED', flag === 1 ? undefined : `the compressed flag is ${flag}, want 0`)
    const length = this.#prefix.readUInt32BE(1)
    if (length > this.#maxBytes) throw new SealstoneError('MESSAGE_TOO_LARGE', `the message is ${length} bytes, want at most ${this.#maxBytes}`)
    this.#left = length
    this.#sink.begin(length)
    if (length === 0) this.#end()
  }

  #end(): void {
    this.#prefixBytes = 0
    this.#sink.end()
  }
}

/** A message with its prefix. */
export function framed(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.length)
  frame[0] = 0
  frame.writeUInt32BE(message.length, 1)
  frame.set(message, PREFIX_BYTES)
  return frame
}

const PREFIX_BYTES = 5
