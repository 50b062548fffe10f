/** The digests of one file whose bytes come in order: of its parts, of the whole, or of both. */
import { LIMITS, SealstoneError } from '#core'
import type { Hasher, HashType, NewHasher } from '#hashing'

export interface FileSettings {
  readonly name: string
  readonly size?: number
  readonly hashType: HashType
  /** Bytes of a part; absent: the file is not cut. */
  readonly shardSize?: number
  readonly shardsOnly: boolean
}

export interface FileDigests {
  readonly size: number
  /** Of the whole file; absent where it was not wanted, or where its beginning was hashed by another process. */
  readonly whole?: Uint8Array
  /** Of the parts, in order; absent where the file is not cut. */
  readonly shards?: readonly Uint8Array[]
}

export class HashedFile {
  readonly settings: FileSettings
  readonly #newHasher: NewHasher
  readonly #whole: Hasher | undefined
  readonly #shards: Uint8Array[]
  #shard: Hasher | undefined
  #shardEnd: number
  #offset: number
  #digests: FileDigests | undefined
  /** Told before more parts are kept; what it throws is thrown, and the file is as before then. */
  onMoreShards: (count: number) => void = () => {}

  /** @param shards the finished parts, where the file is taken up after a restart: the whole cannot be hashed then */
  constructor(settings: FileSettings, newHasher: NewHasher, shards: readonly Uint8Array[] = []) {
    const { shardSize, shardsOnly } = settings
    this.settings = settings
    this.#newHasher = newHasher
    this.#shards = [...shards]
    this.#offset = shards.length * (shardSize ?? 0)
    this.#shard = shardSize === undefined ? undefined : newHasher()
    this.#shardEnd = shardSize === undefined ? Infinity : this.#offset + shardSize
    this.#whole = shards.length > 0 || (shardSize !== undefined && shardsOnly) ? undefined : newHasher()
  }

  /** A file that was finished before a restart. */
  static finished(settings: FileSettings, newHasher: NewHasher, shards: readonly Uint8Array[], size: number): HashedFile {
    const file = new HashedFile(settings, newHasher, shards)
    file.#offset = size
    file.#digests = { size, shards }
    return file
  }

  /** Bytes that came. */
  get offset(): number {
    return this.#offset
  }

  get shards(): readonly Uint8Array[] {
    return this.#shards
  }

  get digests(): FileDigests | undefined {
    return this.#digests
  }

  /** Throws INPUT_INVALID over the size that was said, INPUT_TOO_LARGE over the number of parts, and what `onMoreShards` throws; the file is as before then. */
  update(bytes: Buffer): void {
    const { size, shardSize } = this.settings
    const end = this.#offset + bytes.length
    if (this.#digests !== undefined || (size !== undefined && end > size))
      throw new SealstoneError('INPUT_INVALID', `the file has more bytes than the ${size ?? this.#offset} that were said`)
    if (shardSize !== undefined && Math.ceil(end / shardSize) > LIMITS.resources)
      throw new SealstoneError('INPUT_TOO_LARGE', `the file has over ${LIMITS.resources} shards of ${shardSize} bytes`, { hint: 'use larger shards' })
    if (!Number.isSafeInteger(end)) throw new SealstoneError('INPUT_TOO_LARGE', 'the file has over 2^53 - 1 bytes')
    const finished = shardSize === undefined ? 0 : Math.floor(end / shardSize) - this.#shards.length
    if (finished > 0) this.onMoreShards(finished)
    this.#whole?.update(bytes)
    let rest = bytes
    while (this.#shard !== undefined && rest.length > 0) {
      const part = rest.subarray(0, this.#shardEnd - this.#offset)
      this.#shard.update(part)
      this.#offset += part.length
      rest = rest.subarray(part.length)
      if (this.#offset === this.#shardEnd) this.#endShard()
    }
    this.#offset = end
  }

  /** The same again for a file that is finished. Throws INPUT_INVALID for another size than what came; the file can be gone on with then. */
  finish(size: number): FileDigests {
    if (size !== this.#offset || (this.settings.size !== undefined && size !== this.settings.size))
      throw new SealstoneError('INPUT_INVALID', `close.size is ${size}, but ${this.#offset} bytes came of ${this.settings.size ?? 'the file'}`)
    if (this.#digests !== undefined) return this.#digests
    // The last short part; an empty file is one empty part, or it would be unsigned.
    if (this.#shard !== undefined && (this.#offset > this.#shardEnd - (this.settings.shardSize ?? 0) || this.#offset === 0)) {
      this.onMoreShards(1)
      this.#endShard()
    }
    this.#digests = {
      size,
      ...(this.#whole === undefined ? {} : { whole: new Uint8Array(this.#whole.digest()) }),
      ...(this.#shard === undefined ? {} : { shards: this.#shards }),
    }
    return this.#digests
  }

  #endShard(): void {
    const shard = this.#shard as Hasher
    this.#shards.push(new Uint8Array(shard.digest()))
    this.#shard = this.#newHasher()
    this.#shardEnd += this.settings.shardSize ?? 0
  }
}
