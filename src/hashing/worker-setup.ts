/** What a hashing thread is told at its start, and the numbers that it and its owner share. */
import type { HashType } from './hasher.ts'

export interface WorkerSetup {
  readonly hashType: HashType
  /** What this thread did, for its owner to look at: COUNTERS numbers of 64 bits. */
  readonly counters: SharedArrayBuffer
}

/** Bytes hashed since the thread was started; place in the batch of what it reads, and how much of that; -1 where it reads nothing. */
export const COUNTER = { bytesDone: 0, place: 1, bytesOfPlace: 2 } as const
export const COUNTERS = 3
