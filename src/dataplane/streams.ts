/** The streams that are open or can be taken up again: each belongs to its caller, is bounded in number and kept for a time. */
import { type Clock, type Identity, SealstoneError } from '#core'
import type { HashType, NewHasher } from '#hashing'
import { type FileSettings, HashedFile } from './hashed-file.ts'
import type { StreamStore } from './stream-store.ts'

export interface StreamLimits {
  /** Streams of one caller that run at the same time. */
  readonly perCaller: number
  /** Streams that are kept in memory, running or not. */
  readonly kept: number
  /** Digests of parts that are kept in memory, over all streams. */
  readonly keptShards: number
  /** How long a stream that broke, or is done, can be taken up again. */
  readonly resumeMs: number
}

/** Whoever sends the bytes at the moment. */
export interface StreamUser {
  /** Somebody else sends them now. */
  onTakenOver(): void
}

export interface KeptStream {
  readonly caller: Identity
  readonly streamId: string
  readonly file: HashedFile
}

interface Entry extends KeptStream {
  user: StreamUser | undefined
  /** clock.monotonicMs() */
  usedAt: number
  savedShards: number
  savedDigests: boolean
}

export class Streams {
  readonly #limits: StreamLimits
  readonly #store: StreamStore
  readonly #clock: Clock
  readonly #hashers: Readonly<Record<HashType, NewHasher>>
  readonly #onUnsaved: (error: unknown) => void
  readonly #entries = new Map<string, Entry>()
  /** Digests of parts that are held, over all entries. */
  #shards = 0

  /** @param onUnsaved finished parts could not be made durable: streams go on, and it is tried again */
  constructor(
    limits: StreamLimits,
    store: StreamStore,
    hashers: Readonly<Record<HashType, NewHasher>>,
    clock: Clock,
    onUnsaved: (error: unknown) => void,
  ) {
    this.#limits = limits
    this.#store = store
    this.#hashers = hashers
    this.#clock = clock
    this.#onUnsaved = onUnsaved
  }

  get running(): number {
    return Iterator.from(this.#entries.values()).reduce((sum, { user }) => sum + (user === undefined ? 0 : 1), 0)
  }

  /** A new stream, or one that goes on where it was. Throws STREAM_CONFLICT or OVERLOADED. */
  open(caller: Identity, streamId: string, settings: FileSettings, user: StreamUser): KeptStream {
    const entry =
      this.#find(caller, streamId) ??
      this.#restore(caller, streamId) ??
      this.#add(caller, streamId, new HashedFile(settings, this.#hashers[settings.hashType]))
    if (!isSame(entry.file.settings, settings)) throw new SealstoneError('STREAM_CONFLICT', `stream ${streamId} was opened with other settings`)
    if (entry.user === undefined) this.#checkRunning(caller)
    entry.user?.onTakenOver()
    entry.user = user
    entry.usedAt = this.#clock.monotonicMs()
    return entry
  }

  /** Throws STREAM_UNKNOWN. */
  find(caller: Identity, streamId: string): KeptStream & { readonly expires: Date } {
    const entry = this.#find(caller, streamId) ?? this.#restore(caller, streamId)
    if (entry === undefined) throw new SealstoneError('STREAM_UNKNOWN', `there is no stream ${streamId} of this caller`)
    entry.usedAt = this.#clock.monotonicMs()
    return { caller, streamId, file: entry.file, expires: new Date(this.#clock.now().getTime() + this.#limits.resumeMs) }
  }

  /** Its user sends no more; what is finished is made durable. */
  release(stream: KeptStream, user: StreamUser): void {
    const entry = this.#find(stream.caller, stream.streamId)
    if (entry?.file !== stream.file || entry.user !== user) return
    entry.user = undefined
    entry.usedAt = this.#clock.monotonicMs()
    this.#save(entry)
    // Nothing came: nothing is lost with it.
    if (entry.file.offset === 0 && entry.file.digests === undefined) this.#drop(entry)
  }

  /** Makes durable what was finished since the last time. */
  saveAll(): void {
    for (const entry of this.#entries.values()) this.#save(entry)
  }

  /** Forgets what was not used for the time that streams are kept. */
  forgetOld(): void {
    const now = this.#clock.monotonicMs()
    for (const entry of this.#entries.values()) {
      if (entry.user === undefined && now - entry.usedAt >= this.#limits.resumeMs) this.#drop(entry)
    }
    this.#trying(() => this.#store.forgetUnusedSince(this.#clock.now().getTime() - this.#limits.resumeMs))
  }

  #find(caller: Identity, streamId: string): Entry | undefined {
    return this.#entries.get(nameOf({ caller, streamId }))
  }

  #restore(caller: Identity, streamId: string): Entry | undefined {
    const stored = this.#store.find(caller, streamId)
    if (stored === undefined) return undefined
    const { settings, shards, size } = stored
    const newHasher = this.#hashers[settings.hashType]
    const file = size === undefined ? new HashedFile(settings, newHasher, shards) : HashedFile.finished(settings, newHasher, shards, size)
    const entry = this.#add(caller, streamId, file)
    entry.savedShards = shards.length
    entry.savedDigests = size !== undefined
    return entry
  }

  #add(caller: Identity, streamId: string, file: HashedFile): Entry {
    this.#makeRoom(1, file.shards.length)
    file.onMoreShards = (count) => this.#makeRoom(0, count)
    const entry: Entry = { caller, streamId, file, user: undefined, usedAt: this.#clock.monotonicMs(), savedShards: 0, savedDigests: false }
    this.#entries.set(nameOf(entry), entry)
    return entry
  }

  /** The one that waits longest goes first: what it finished is durable, the rest is sent again. Throws OVERLOADED where all run. */
  #makeRoom(entries: number, shards: number): void {
    const { kept, keptShards } = this.#limits
    while (this.#entries.size + entries > kept || this.#shards + shards > keptShards) {
      const [oldest] = [...this.#entries.values()].filter(({ user }) => user === undefined).sort((left, right) => left.usedAt - right.usedAt)
      if (oldest === undefined) throw new SealstoneError('OVERLOADED', `${this.#entries.size} streams with ${this.#shards} parts run already`)
      this.#drop(oldest)
    }
    this.#shards += shards
  }

  #drop(entry: Entry): void {
    this.#entries.delete(nameOf(entry))
    this.#shards -= entry.file.shards.length
  }

  #checkRunning(caller: Identity): void {
    const running = Iterator.from(this.#entries.values()).filter((entry) => entry.user !== undefined && entry.caller === caller)
    const count = running.reduce((sum) => sum + 1, 0)
    if (count >= this.#limits.perCaller)
      throw new SealstoneError('OVERLOADED', `${count} streams of this caller run already, at most ${this.#limits.perCaller}`)
  }

  #save(entry: Entry): void {
    const { file, caller, streamId } = entry
    const isFinished = file.digests !== undefined
    if (file.settings.shardSize === undefined || (file.shards.length === entry.savedShards && isFinished === entry.savedDigests)) return
    this.#trying(() => {
      this.#store.save(caller, streamId, file, this.#clock.now().getTime())
      entry.savedShards = file.shards.length
      entry.savedDigests = isFinished
    })
  }

  /** A full disk costs what a restart would have found, not the streams. */
  #trying(write: () => void): void {
    try {
      write()
    } catch (error) {
      this.#onUnsaved(error)
    }
  }
}

function nameOf({ caller, streamId }: Pick<KeptStream, 'caller' | 'streamId'>): string {
  return `${caller}\0${streamId}`
}

function isSame(left: FileSettings, right: FileSettings): boolean {
  return (
    left.name === right.name &&
    left.size === right.size &&
    left.hashType === right.hashType &&
    left.shardSize === right.shardSize &&
    left.shardsOnly === right.shardsOnly
  )
}
