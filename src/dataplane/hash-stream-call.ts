/** One HashStream call: its steps become bytes for one file, its answer the digests and a ticket. */
import { defined, type Identity, LIMITS, SealstoneError } from '#core'
import type { ByteBudget, MessageSink } from '#frames'
import { fromEnum, HASH_TYPES, type HashStreamClose, type HashStreamOpen, readSafeInteger, readText, refuse } from '#wire'
import type { FileDigests, FileSettings } from './hashed-file.ts'
import { type StepHandler, StepReader } from './step-reader.ts'
import type { KeptStream, Streams, StreamUser } from './streams.ts'

/** Reads the small messages, and writes the answer. */
export interface StreamCodec {
  readonly open: (bytes: Buffer) => HashStreamOpen
  readonly close: (bytes: Buffer) => HashStreamClose
  readonly answer: (caller: Identity, settings: FileSettings, digests: FileDigests) => Uint8Array
}

export class HashStreamCall implements MessageSink, StreamUser {
  readonly #caller: Identity
  readonly #streams: Streams
  readonly #codec: StreamCodec
  readonly #reader: StepReader
  #stream: KeptStream | undefined
  #size: number | undefined
  #isTakenOver = false

  /** @param early see StepReader */
  constructor(caller: Identity, streams: Streams, codec: StreamCodec, early: ByteBudget) {
    this.#caller = caller
    this.#streams = streams
    this.#codec = codec
    const steps: StepHandler = {
      open: (message) => this.#open(message),
      data: (offset, piece) => this.#data(offset, piece),
      close: (message) => this.#close(message),
    }
    this.#reader = new StepReader(steps, early)
  }

  begin(length: number): void {
    this.#reader.begin(length)
  }

  bytes(piece: Buffer): void {
    this.#reader.bytes(piece)
  }

  end(): void {
    this.#reader.end()
  }

  async finish(): Promise<Uint8Array> {
    const stream = this.#running()
    if (this.#size === undefined) {
      throw new SealstoneError('INPUT_INVALID', `the stream ended after ${stream.file.offset} bytes without a close`, {
        hint: 'send close last; to go on, open the same stream_id again',
        details: { offset: String(stream.file.offset) },
      })
    }
    const digests = stream.file.finish(this.#size)
    this.#leave()
    return this.#codec.answer(this.#caller, stream.file.settings, digests)
  }

  abandon(): void {
    this.#reader.discard()
    this.#leave()
  }

  onTakenOver(): void {
    this.#isTakenOver = true
  }

  #open(message: Buffer): void {
    if (this.#stream !== undefined) throw new SealstoneError('INPUT_INVALID', 'the stream is open already')
    const open = this.#codec.open(message)
    this.#stream = this.#streams.open(this.#caller, readStreamId(open.streamId), toSettings(open), this)
  }

  #data(offset: number, piece: Buffer): void {
    const { file } = this.#running()
    if (this.#size !== undefined) throw new SealstoneError('INPUT_INVALID', 'a chunk came after close')
    if (offset !== file.offset) {
      throw new SealstoneError('STREAM_OFFSET', `these bytes begin at ${offset}, want ${file.offset}`, { details: { offset: String(file.offset) } })
    }
    file.update(piece)
  }

  #close(message: Buffer): void {
    const { file } = this.#running()
    if (this.#size !== undefined) throw new SealstoneError('INPUT_INVALID', 'close came twice')
    const size = readSafeInteger(this.#codec.close(message).size, 'close.size', 0)
    if (size !== file.offset) {
      throw new SealstoneError('INPUT_INVALID', `close.size is ${size}, but ${file.offset} bytes came`, {
        details: { field: 'close.size', offset: String(file.offset) },
      })
    }
    this.#size = size
  }

  #running(): KeptStream {
    if (this.#isTakenOver) throw new SealstoneError('CANCELLED', 'the stream was taken up by another call')
    if (this.#stream === undefined) throw new SealstoneError('INPUT_INVALID', 'the stream is not open, want open first')
    return this.#stream
  }

  #leave(): void {
    if (this.#stream !== undefined) this.#streams.release(this.#stream, this)
  }
}

/** 1–128 printable ASCII characters. Throws INPUT_INVALID. */
export function readStreamId(text: string): string {
  if (!/^[\x21-\x7e]{1,128}$/.test(text)) refuse('stream_id', 'is not 1–128 printable ASCII characters')
  return text
}

function toSettings({ name, size, hashType, shardSize, shardsOnly }: HashStreamOpen): FileSettings {
  if (shardsOnly && shardSize === undefined) refuse('open.shards_only', 'is set without shard_size')
  return {
    name: readText(name, 'open.name', LIMITS.resourceNameBytes),
    hashType: toHashType(hashType, 'open.hash_type'),
    shardsOnly,
    ...defined({
      size: size === undefined ? undefined : readSafeInteger(size, 'open.size', 0),
      shardSize: shardSize === undefined ? undefined : readSafeInteger(shardSize, 'open.shard_size', 1),
    }),
  }
}

/** SHA-256 where nothing is said. Throws INPUT_INVALID. */
export function toHashType(name: string | number, field: string): FileSettings['hashType'] {
  if (name === 'HASH_TYPE_UNSPECIFIED') return 'sha256'
  const known = fromEnum<FileSettings['hashType']>(HASH_TYPES, name)
  return known ?? refuse(field, `is ${name}, want ${Object.values(HASH_TYPES).join(', ')}`)
}
