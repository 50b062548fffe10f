/** A closed loop of clients: each sends its next request when it has the answer to the last one. */
import { randomBytes, randomUUID } from 'node:crypto'
import { type Client, connect, type SignRequest } from '#client'
import { toSealstoneError } from '#core'

export interface LoadOptions {
  /** `unix:/path` or `host:port`. */
  readonly address: string
  readonly clients: number
  readonly seconds: number
  /** Requests in one call; 1 is Sign, more is SignBatch. */
  readonly batch: number
  readonly key: string
  readonly signal: AbortSignal
}

export interface LoadResult {
  /** Of the signed calls, milliseconds. */
  readonly latencies: readonly number[]
  /** Of the refused calls, milliseconds. */
  readonly refusals: readonly number[]
  readonly signatures: number
  readonly seconds: number
  /** By code, those that were neither signed nor refused for lack of room. */
  readonly errors: Readonly<Record<string, number>>
}

/** Runs after a second of warming up, which is not counted. */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const connections = Array.from({ length: Math.min(options.clients, CONNECTIONS) }, () =>
    connect({ address: options.address, timeoutMs: TIMEOUT_MS, attempts: 1 }),
  )
  const tally = new Tally()
  const counted = performance.now() + WARM_UP_MS
  const end = counted + options.seconds * 1000
  const loop = async (client: Client): Promise<void> => {
    while (performance.now() < end && !options.signal.aborted) {
      const start = performance.now()
      const outcome = await callOnce(client, options)
      const now = performance.now()
      if (start >= counted && now <= end + TIMEOUT_MS) tally.add(outcome, now - start)
    }
  }
  try {
    await Promise.all(Array.from({ length: options.clients }, (_, at) => loop(connections[at % connections.length] as Client)))
  } finally {
    await Promise.all(connections.map((client) => client.close()))
  }
  return tally.finish((performance.now() - counted) / 1000)
}

type Outcome = { readonly signed: number } | { readonly code: string }

async function callOnce(client: Client, { batch, key }: LoadOptions): Promise<Outcome> {
  try {
    if (batch === 1) {
      await client.sign(benchRequest(key))
      return { signed: 1 }
    }
    const results = await client.signBatch(Array.from({ length: batch }, () => benchRequest(key)))
    const failed = results.find((result) => !result.ok)
    if (failed !== undefined && !failed.ok) return { code: failed.error.code }
    return { signed: results.length }
  } catch (thrown) {
    return { code: toSealstoneError(thrown).code }
  }
}

class Tally {
  readonly #latencies: number[] = []
  readonly #refusals: number[] = []
  readonly #errors = new Map<string, number>()
  #signatures = 0

  add(outcome: Outcome, milliseconds: number): void {
    if ('signed' in outcome) {
      this.#latencies.push(milliseconds)
      this.#signatures += outcome.signed
    } else if (outcome.code === 'OVERLOADED') this.#refusals.push(milliseconds)
    else this.#errors.set(outcome.code, (this.#errors.get(outcome.code) ?? 0) + 1)
  }

  finish(seconds: number): LoadResult {
    return { latencies: this.#latencies, refusals: this.#refusals, signatures: this.#signatures, seconds, errors: Object.fromEntries(this.#errors) }
  }
}

/** A model of ten files, another one each time. */
function benchRequest(key: string): SignRequest {
  // Digests as if the files had been hashed: making them up must not take a part of the time that is measured.
  const digests = randomBytes(FILES * DIGEST_BYTES)
  const resources = Array.from({ length: FILES }, (_, at) => ({
    name: `weights-${at}.safetensors`,
    algorithm: 'sha256' as const,
    digest: digests.subarray(at * DIGEST_BYTES, (at + 1) * DIGEST_BYTES),
    size: 1,
  }))
  const serialization = { method: 'files', hashType: 'sha256', allowSymlinks: false, ignorePaths: [] } as const
  return {
    key,
    idempotencyKey: randomUUID(),
    content: { kind: 'manifest', manifest: { modelName: 'bench', resources, serialization, totalBytes: FILES } },
  }
}

const FILES = 10
const DIGEST_BYTES = 32
/** More clients share them, as those of one registry do. */
const CONNECTIONS = 8
const WARM_UP_MS = 1000
const TIMEOUT_MS = 60_000
