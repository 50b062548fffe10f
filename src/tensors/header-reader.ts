/** Reads a header from its beginning, little by little: never more than its bound, never past the end of the file. */
import { readSync } from 'node:fs'
import { LIMITS, SealstoneError } from '#core'

export class HeaderReader {
  readonly #file: number
  readonly size: number
  #buffer = Buffer.alloc(0)
  #bufferStart = 0
  #at = 0

  /** @param size of the file, in bytes */
  constructor(file: number, size: number) {
    this.#file = file
    this.size = size
  }

  /** Bytes that were read. */
  get position(): number {
    return this.#at
  }

  /** Valid until the next call. Throws FORMAT_INVALID past the end of the file, INPUT_TOO_LARGE past the bound for headers. */
  bytes(length: number, what: string): Buffer {
    const end = this.#at + length
    if (end > this.size) throw new SealstoneError('FORMAT_INVALID', `${what} ends at ${end}, but the file at ${this.size}`)
    if (end > MOST_BYTES) throw new SealstoneError('INPUT_TOO_LARGE', `the header is over ${MOST_BYTES} bytes`)
    if (end > this.#bufferStart + this.#buffer.length) this.#fill(length)
    const from = this.#at - this.#bufferStart
    this.#at = end
    return this.#buffer.subarray(from, from + length)
  }

  u32(what: string): number {
    return this.bytes(4, what).readUInt32LE(0)
  }

  /** Throws FORMAT_INVALID over 2^53 - 1. */
  u64(what: string): number {
    const value = this.bytes(8, what).readBigUInt64LE(0)
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new SealstoneError('FORMAT_INVALID', `${what} is ${value}, want at most 2^53 - 1`)
    return Number(value)
  }

  #fill(least: number): void {
    const length = Math.min(Math.max(least, CHUNK_BYTES), this.size - this.#at)
    const buffer = Buffer.allocUnsafe(length)
    let read = 0
    while (read < length) {
      const count = readSync(this.#file, buffer, read, length - read, this.#at + read)
      if (count === 0) throw new SealstoneError('MODEL_CHANGED', 'the file became shorter while its header was read')
      read += count
    }
    this.#buffer = buffer
    this.#bufferStart = this.#at
  }
}

const CHUNK_BYTES = 256 * 1024
const MOST_BYTES = LIMITS.tensorHeaderBytes + 8
