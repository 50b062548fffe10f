/** Reads the steps of a HashStream as their bytes come: the bytes of a chunk are handed on in place, no message is ever put together. */
import { SealstoneError } from '#core'
import type { ByteBudget } from '#frames'

export interface StepHandler {
  /** The whole HashStreamOpen. */
  open(message: Buffer): void
  /** Some bytes of the file, and where they belong; valid only until this returns. */
  data(offset: number, piece: Buffer): void
  /** The whole HashStreamClose. */
  close(message: Buffer): void
}

/** What is read next: a number that says something, or the content that it announced. */
type Mode = 'tag' | 'length' | 'offset' | 'skip-number' | 'skip' | 'collect' | 'data'

/** What a length is the length of. */
type Announced = 'open' | 'chunk' | 'close' | 'data' | 'unknown'

/** https://protobuf.dev/programming-guides/encoding. Unknown fields are passed over, as protobuf has it; a second step in one message is refused. */
export class StepReader {
  readonly #handler: StepHandler
  readonly #early: ByteBudget
  /** Bytes of the message, and of the chunk within it, that have not come yet. */
  #left = 0
  #chunkLeft = 0
  #isInChunk = false
  #mode: Mode = 'tag'
  #announced: Announced = 'unknown'
  #contentLeft = 0
  #number = 0
  #power = 0
  #step: 'open' | 'chunk' | 'close' | undefined
  #collected: Buffer[] = []
  /** Of `early`. */
  #earlyBytes = 0
  #offset: number | undefined
  #sent = 0
  #hasData = false

  /** @param early bounds what is kept of chunks whose data comes before their offset, over all streams */
  constructor(handler: StepHandler, early: ByteBudget) {
    this.#handler = handler
    this.#early = early
  }

  begin(length: number): void {
    this.discard()
    this.#left = length
    this.#isInChunk = false
    this.#mode = 'tag'
    this.#power = 0
    this.#number = 0
    this.#step = undefined
    this.#offset = undefined
    this.#sent = 0
    this.#hasData = false
  }

  /** Throws FORMAT_INVALID, INPUT_INVALID, INPUT_TOO_LARGE, OVERLOADED, or what the handler throws. */
  bytes(piece: Buffer): void {
    for (let at = 0; at < piece.length; ) {
      const isContent = this.#mode === 'skip' || this.#mode === 'collect' || this.#mode === 'data'
      const length = isContent ? Math.min(this.#contentLeft, piece.length - at) : 1
      this.#left -= length
      if (this.#isInChunk) this.#chunkLeft -= length
      if (isContent) this.#takeContent(piece.subarray(at, at + length))
      else this.#takeDigit(piece[at] as number)
      at += length
    }
  }

  end(): void {
    if (this.#mode !== 'tag' || this.#power > 0 || this.#isInChunk) throw invalid('is cut short')
    if (this.#step === undefined) throw new SealstoneError('INPUT_INVALID', 'a message of the stream has no step, want open, chunk or close')
    if (this.#step !== 'chunk') return
    // The data came before its offset.
    const early = this.#collected
    this.discard()
    let at = this.#offset ?? 0
    for (const piece of early) {
      this.#handler.data(at, piece)
      at += piece.length
    }
  }

  /** Lets go of what was kept of the message; the rest of it does not come. */
  discard(): void {
    this.#early.give(this.#earlyBytes)
    this.#earlyBytes = 0
    this.#collected = []
  }

  #takeDigit(byte: number): void {
    this.#number += (byte & 0x7f) * 2 ** this.#power
    this.#power += 7
    if (byte < 0x80) {
      const value = this.#number
      this.#number = 0
      this.#power = 0
      this.#onNumber(value)
    } else if (this.#power >= MAX_VARINT_BITS) throw invalid('holds a number of more than ten bytes')
    this.#leaveChunk()
  }

  #onNumber(value: number): void {
    switch (this.#mode) {
      case 'tag':
        this.#onTag(Math.floor(value / 8), value % 8)
        return
      case 'length':
        this.#onLength(value)
        return
      case 'offset':
        if (!Number.isSafeInteger(value)) throw new SealstoneError('INPUT_INVALID', 'chunk.offset is over 2^53 - 1')
        this.#offset = value
        this.#mode = 'tag'
        return
      default:
        this.#mode = 'tag' // a number that nobody asked for
    }
  }

  #onTag(field: number, wireType: number): void {
    if (field < 1 || field > MAX_FIELD_NUMBER) throw invalid(`holds field number ${field}`)
    const known = this.#isInChunk ? CHUNK_FIELDS[field] : STEP_FIELDS[field]
    if (known === 'offset') {
      if (wireType !== VARINT || this.#offset !== undefined) throw invalid('has chunk.offset twice or in another wire type')
      this.#mode = 'offset'
    } else if (known !== undefined) {
      if (wireType !== LENGTH_DELIMITED) throw invalid(`has field ${known} in wire type ${wireType}`)
      this.#announced = known
      this.#mode = 'length'
    } else this.#passOver(wireType)
  }

  #passOver(wireType: number): void {
    this.#announced = 'unknown'
    if (wireType === VARINT) this.#mode = 'skip-number'
    else if (wireType === LENGTH_DELIMITED) this.#mode = 'length'
    else if (wireType === FIXED_64 || wireType === FIXED_32) this.#expect('skip', wireType === FIXED_64 ? 8 : 4)
    else throw invalid(`holds wire type ${wireType}`)
  }

  #onLength(length: number): void {
    if (length > (this.#isInChunk ? this.#chunkLeft : this.#left)) throw invalid('is cut short')
    const announced = this.#announced
    switch (announced) {
      case 'open':
      case 'close':
        this.#onStep(announced)
        if (length > MAX_STEP_BYTES) throw new SealstoneError('INPUT_TOO_LARGE', `${announced} is ${length} bytes, want at most ${MAX_STEP_BYTES}`)
        this.#expect('collect', length)
        return
      case 'chunk':
        this.#onStep('chunk')
        this.#isInChunk = true
        this.#chunkLeft = length
        this.#mode = 'tag'
        return
      case 'data':
        if (this.#hasData) throw new SealstoneError('INPUT_INVALID', 'chunk.data is there twice')
        this.#hasData = true
        // Nothing can come after it in the chunk: it is at offset 0, which is not written.
        if (length === this.#chunkLeft) this.#offset ??= 0
        this.#expect('data', length)
        return
      case 'unknown':
        this.#expect('skip', length)
    }
  }

  #onStep(step: 'open' | 'chunk' | 'close'): void {
    if (this.#step !== undefined) throw new SealstoneError('INPUT_INVALID', `a message of the stream has two steps, ${this.#step} and ${step}`)
    this.#step = step
  }

  #expect(mode: 'skip' | 'collect' | 'data', length: number): void {
    this.#mode = mode
    this.#contentLeft = length
    if (length === 0) this.#onContentEnd()
  }

  #takeContent(piece: Buffer): void {
    this.#contentLeft -= piece.length
    if (this.#mode === 'collect') this.#collected.push(Buffer.from(piece))
    else if (this.#mode === 'data') this.#takeData(piece)
    if (this.#contentLeft === 0) this.#onContentEnd()
    this.#leaveChunk()
  }

  #takeData(piece: Buffer): void {
    if (this.#offset === undefined) {
      this.#early.take(piece.length)
      this.#earlyBytes += piece.length
      this.#collected.push(Buffer.from(piece))
      return
    }
    this.#handler.data(this.#offset + this.#sent, piece)
    this.#sent += piece.length
  }

  #onContentEnd(): void {
    const wasCollecting = this.#mode === 'collect'
    this.#mode = 'tag'
    if (!wasCollecting) return
    const message = Buffer.concat(this.#collected)
    this.#collected = []
    if (this.#announced === 'open') this.#handler.open(message)
    else this.#handler.close(message)
  }

  #leaveChunk(): void {
    if (!this.#isInChunk || this.#chunkLeft > 0) return
    if (this.#mode !== 'tag' || this.#power > 0) throw invalid('is cut short')
    this.#isInChunk = false
  }
}

function invalid(what: string): SealstoneError {
  return new SealstoneError('FORMAT_INVALID', `message HashStreamRequest ${what}`)
}

// proto/sealstone/v1/hash_service.proto
const STEP_FIELDS: Readonly<Record<number, 'open' | 'chunk' | 'close'>> = { 1: 'open', 2: 'chunk', 3: 'close' }
const CHUNK_FIELDS: Readonly<Record<number, 'offset' | 'data'>> = { 1: 'offset', 2: 'data' }
const VARINT = 0
const FIXED_64 = 1
const LENGTH_DELIMITED = 2
const FIXED_32 = 5
const MAX_FIELD_NUMBER = 536_870_911
const MAX_VARINT_BITS = 70
/** A name of 4,096 bytes, an id, some numbers, and room for what a newer client may add. */
const MAX_STEP_BYTES = 64 * 1024
