/** How a signing goes through the key host and the log: by itself, or in step with the others of a batch. */
import type { KeyRecord, KeyStore, RecordSignatures, SigningOptions } from '#keys'

export interface SigningPath {
  /** Both signatures of one record. */
  sign(keys: KeyStore, record: KeyRecord, message: Uint8Array, options: SigningOptions): Promise<RecordSignatures>
  /** Resolves when it may write its outcome. */
  ready(): Promise<void>
  /** It goes no further, or is done; more than once is no error. */
  leave(): void
}

export const ALONE: SigningPath = {
  sign: (keys, record, message, options) => keys.sign(record, message, options),
  ready: async () => {},
  leave: () => {},
}

interface Waiting {
  readonly record: KeyRecord
  readonly message: Uint8Array
  readonly options: SigningOptions
  readonly resolve: (signatures: RecordSignatures) => void
  readonly reject: (error: unknown) => void
}

/**
 * Takes its members along together: all intents are in the log before the first signature, all signatures are made in few round trips, and all
 * outcomes are given to the log at once. So the log needs two commits and one checkpoint for all of them. One that fails leaves; the others
 * do not wait for it.
 */
export class BatchPath {
  readonly #keys: KeyStore
  #toSign: number
  #toWrite: number
  readonly #signing: Waiting[] = []
  readonly #written = Promise.withResolvers<void>()

  /** @param members exactly so many paths are asked for */
  constructor(keys: KeyStore, members: number) {
    this.#keys = keys
    this.#toSign = members
    this.#toWrite = members
  }

  member(): SigningPath {
    let stage: 'before' | 'signed' | 'ready' = 'before'
    return {
      sign: (_keys, record, message, options) => {
        stage = 'signed'
        return new Promise((resolve, reject) => {
          this.#signing.push({ record, message, options, resolve, reject })
          this.#arriveToSign()
        })
      },
      ready: () => {
        stage = 'ready'
        this.#arriveToWrite()
        return this.#written.promise
      },
      leave: () => {
        const left = stage
        stage = 'ready'
        if (left === 'before') this.#arriveToSign()
        if (left !== 'ready') this.#arriveToWrite()
      },
    }
  }

  #arriveToSign(): void {
    if (--this.#toSign > 0) return
    const all = this.#signing.splice(0)
    const requests = all.map(({ record, message }) => ({ record, message }))
    const answers = this.#keys.signMany(requests, all[0]?.options)
    for (const [at, { resolve, reject }] of all.entries()) answers[at]?.then(resolve, reject)
  }

  #arriveToWrite(): void {
    if (--this.#toWrite === 0) this.#written.resolve()
  }
}
