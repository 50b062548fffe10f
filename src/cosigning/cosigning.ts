/**
 * Asks all witnesses, in rounds: the newest durable checkpoint goes to every witness that is free, and what is signed meanwhile is covered by the
 * next round. Rounds, and not each witness at its own pace, because a quorum must have cosigned the same checkpoint.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Clock, type Logger, SealstoneError, toSealstoneError } from '#core'
import { decodeCheckpoint, type LogSignatureVerifier, parseNote, refuseDoubleWitnesses, type Witness } from '#tlog'
import { askWitness } from './ask-witness.ts'
import { type CosignatureKeeper, type CosignedNote, CosignedNotes } from './cosigned-notes.ts'
import { QuorumLoss } from './quorum-loss.ts'

/** The log whose checkpoints these are. */
export interface CosignedLog {
  /** The newest signed checkpoint that is durable: what a witness has seen must never be lost, or the log would seem to fork. */
  checkpoint(): string | undefined
  consistencyProof(oldSize: bigint, newSize: bigint): Uint8Array[]
}

export interface AskedWitness {
  readonly witness: Witness
  /** Submission prefix, `http://` or `https://`. */
  readonly url: string
}

export interface CosigningOptions {
  readonly log: CosignedLog
  readonly keeper: CosignatureKeeper
  readonly witnesses: readonly AskedWitness[]
  /** So many of them make a quorum. */
  readonly quorum: number
  readonly verifier: LogSignatureVerifier
  readonly clock: Clock
  readonly logger: Logger
  /** Told of each request that is over. */
  readonly onAnswer?: (witness: string, result: 'ok' | 'failed') => void
  /** For one witness in one round; default 5,000. */
  readonly timeoutMs?: number
  /** Between two rounds while nobody waits; default 1,000. */
  readonly pauseMs?: number
}

export interface CosigningStatus {
  /** Leaves that the newest checkpoint with a quorum covers; 0 before the first one. */
  readonly quorumSize: bigint
  /** How long a checkpoint has been waiting for a quorum; 0 while none is. */
  readonly lagSeconds: number
}

interface Asked extends AskedWitness {
  busy: boolean
  failures: number
  /** Of the monotonic clock. */
  notBefore: number
}

export class Cosigning {
  readonly #options: CosigningOptions
  readonly #asked: readonly Asked[]
  readonly #notes: CosignedNotes
  readonly #stop = new AbortController()
  readonly #waiters = new Set<{ readonly size: bigint; readonly done: () => void }>()
  #wake: () => void = () => {}
  readonly #loss: QuorumLoss
  #running: Promise<void> | undefined

  constructor(options: CosigningOptions) {
    const witnesses = options.witnesses.map(({ witness }) => witness)
    refuseDoubleWitnesses(witnesses)
    this.#options = options
    this.#loss = new QuorumLoss(options)
    this.#asked = options.witnesses.map((asked) => ({ ...asked, busy: false, failures: 0, notBefore: 0 }))
    this.#notes = new CosignedNotes({ ...options, witnesses })
  }

  /** Begins the rounds; they end with `close`. */
  start(): void {
    this.#running ??= this.#run()
  }

  /** A checkpoint has become durable, perhaps. Costs nothing: call it after every commit. */
  wake(): void {
    this.#wake()
  }

  /** The newest checkpoint with a quorum. */
  quorate(): CosignedNote | undefined {
    return this.#notes.quorate()
  }

  /** The newest checkpoint with a quorum that covers the entry, or else the newest with any cosignature. */
  covering(index: bigint): CosignedNote | undefined {
    return this.#notes.covering(index)
  }

  /** Whether enough of today's witnesses have cosigned it. */
  isQuorate(note: string): boolean {
    return this.#notes.isQuorate(note)
  }

  /** Resolves when a quorum covers the entry, or when the time is over: a lost quorum never stops a signature. */
  async waitFor(index: bigint, milliseconds: number): Promise<void> {
    const size = index + 1n
    if (milliseconds <= 0 || this.#stop.signal.aborted || this.#notes.hasQuorum(size)) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const waiter = { size, done: resolve }
    const timer = setTimeout(resolve, milliseconds)
    this.#waiters.add(waiter)
    this.#wake()
    await promise
    clearTimeout(timer)
    this.#waiters.delete(waiter)
  }

  status(): CosigningStatus {
    return { quorumSize: this.quorate()?.size ?? 0n, lagSeconds: this.#loss.lagMs() / 1000 }
  }

  async close(): Promise<void> {
    this.#stop.abort()
    this.#wake()
    for (const { done } of this.#waiters) done()
    await this.#running
  }

  async #run(): Promise<void> {
    const { log, clock, logger, pauseMs = DEFAULT_PAUSE_MS } = this.#options
    const { signal } = this.#stop
    while (!signal.aborted) {
      try {
        const checkpoint = log.checkpoint()
        const size = checkpoint === undefined ? 0n : sizeOf(checkpoint)
        const isLacking = checkpoint !== undefined && !this.#notes.hasQuorum(size)
        this.#loss.note(isLacking, this.quorate()?.size ?? 0n)
        const free = this.#asked.filter((asked) => isLacking && this.#isFree(asked) && !this.#notes.isCosignedBy(size, asked.witness.name))
        if (checkpoint === undefined || free.length === 0) {
          await this.#rest(isLacking ? SHORT_MS : IDLE_MS, () => !isLacking)
          continue
        }
        const began = clock.monotonicMs()
        await this.#round(checkpoint, size, free)
        // What lacks a quorum now has come since then.
        if (this.#notes.hasQuorum(size)) this.#loss.lacksOnlySince(began)
      } catch (error) {
        logger.error({ error: toSealstoneError(error).message }, 'a round of the witnesses failed')
        await this.#rest(DEFAULT_PAUSE_MS, () => false)
      }
      if (this.#waiters.size === 0) await this.#rest(pauseMs, () => this.#waiters.size > 0)
    }
  }

  /** Ends when all have answered, or a moment after the quorum is there: a slow witness holds up nobody, and its late answer counts too. */
  async #round(checkpoint: string, size: bigint, free: readonly Asked[]): Promise<void> {
    const { promise: enough, resolve } = Promise.withResolvers<void>()
    const all = Promise.all(
      free.map(async (asked) => {
        await this.#ask(asked, checkpoint, size)
        if (this.#notes.hasQuorum(size)) resolve()
      }),
    )
    const graceMs = this.#waiters.size > 0 ? 0 : GRACE_MS
    await Promise.race([all, enough.then(() => Promise.race([all, sleep(graceMs, undefined, { ref: false })]))])
  }

  async #ask(asked: Asked, checkpoint: string, size: bigint): Promise<void> {
    const { logger, clock, onAnswer } = this.#options
    const { name } = asked.witness
    asked.busy = true
    try {
      await this.#obtain(asked, checkpoint, size)
      if (asked.failures > 0) logger.info({ witness: name }, 'the witness cosigns again')
      asked.failures = 0
      onAnswer?.(name, 'ok')
    } catch (thrown) {
      if (this.#stop.signal.aborted) return
      const pauseMs = Math.min(BACKOFF_MS * 2 ** asked.failures, MAX_BACKOFF_MS) * (0.8 + Math.random() * 0.4)
      asked.failures++
      asked.notBefore = clock.monotonicMs() + pauseMs
      onAnswer?.(name, 'failed')
      logger.warn({ witness: name, failures: asked.failures, error: toSealstoneError(thrown).message }, 'a witness did not cosign')
    } finally {
      asked.busy = false
    }
  }

  async #obtain({ witness, url }: AskedWitness, checkpoint: string, size: bigint): Promise<void> {
    const { log, keeper, timeoutMs = DEFAULT_TIMEOUT_MS } = this.#options
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(timeoutMs)])
    const ask = (oldSize: bigint) =>
      askWitness(url, { oldSize, proof: oldSize === 0n ? [] : log.consistencyProof(oldSize, size), checkpoint }, signal)
    const known = keeper.witnessSize(witness.name)
    let answer = await ask(known > size ? 0n : known)
    // It cosigned something that is not known here: its answer was lost on the way, or a crash took our note of it.
    if (answer.kind === 'size' && answer.size <= size) answer = await ask(answer.size)
    if (answer.kind === 'size') {
      const what = answer.size > size ? `${answer.size} entries, this log has ${size}` : `another tree of ${answer.size} entries than this log has`
      throw new SealstoneError('WITNESS_FAILED', `it has cosigned ${what}: the log was rolled back or forked, or another one has its name and keys`)
    }
    this.#notes.take(witness, size, checkpoint, answer.lines)
    for (const waiter of this.#waiters) if (this.#notes.hasQuorum(waiter.size)) waiter.done()
  }

  #isFree({ busy, notBefore }: Asked): boolean {
    return !busy && this.#options.clock.monotonicMs() >= notBefore
  }

  /** @param mayEnd whether a wake ends it early */
  async #rest(milliseconds: number, mayEnd: () => boolean): Promise<void> {
    if (this.#stop.signal.aborted) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, milliseconds).unref()
    this.#wake = () => {
      if (this.#stop.signal.aborted || mayEnd()) resolve()
    }
    await promise
    clearTimeout(timer)
    this.#wake = () => {}
  }
}

function sizeOf(note: string): bigint {
  return decodeCheckpoint(parseNote(note).text).size
}

const DEFAULT_TIMEOUT_MS = 5000
const DEFAULT_PAUSE_MS = 1000
const GRACE_MS = 250
const SHORT_MS = 250
const IDLE_MS = 60_000
const BACKOFF_MS = 1000
const MAX_BACKOFF_MS = 5 * 60_000
