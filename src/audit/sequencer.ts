/** Puts leaves in order and makes them durable in batches: what waits while one batch is written is the next batch (group commit). */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { type Logger, SealstoneError, toSealstoneError } from '#core'
import { type Checkpoint, type LogSignatureVerifier, type LogVerifierKey, openCheckpoint, rememberNodes } from '#tlog'
import { type Committed, findFault, release, stage, type Submission, type Waiter } from './batch.ts'
import { loadLog, type LoadedLog, type LogParts } from './load-log.ts'
import type { StoredAnswer, StoredHead } from './store.ts'

/** Signs checkpoints with the log's own two keys; implemented where the key host is at hand. */
export interface CheckpointSigner {
  readonly keys: readonly LogVerifierKey[]
  /** The whole signed note: an Ed25519 and an ML-DSA-44 signature. */
  sign(checkpoint: Checkpoint): Promise<string>
}

export interface SequencerOptions extends LogParts {
  readonly signer: CheckpointSigner
  readonly verifier: LogSignatureVerifier
  readonly logger: Logger
  /** Leaves that may wait; one more is refused. */
  readonly maxQueued: number
  readonly now: () => number
  /** Told how many seconds a commit took, fsync included. */
  readonly onCommit?: (seconds: number) => void
  /** Whether the next batch should wait for more than the `entries` that it would have now: asked again and again, for a short while. Default: never. */
  readonly isWorthWaiting?: (entries: number) => boolean
}

export class Sequencer {
  readonly #options: SequencerOptions
  #log: LoadedLog
  #queue: Waiter[] = []
  #inBatch = 0
  #running: Promise<void> | undefined
  #closed = false
  // After a failed batch the database is asked again what is durable, before anything is built on it.
  #mustReload = false

  constructor(options: SequencerOptions, log: LoadedLog) {
    this.#options = options
    this.#log = log
  }

  /** What is durable now. */
  get log(): LoadedLog {
    return this.#log
  }

  /** Resolves when durable. Throws OVERLOADED, DAEMON_DRAINING, IDEMPOTENCY_CONFLICT or AUDIT_UNAVAILABLE; the leaf is then not in the log. */
  submit(submission: Submission): Promise<Committed> {
    const { maxQueued } = this.#options
    if (this.#closed) return Promise.reject(new SealstoneError('DAEMON_DRAINING', 'the audit log is closing'))
    if (this.#queue.length + this.#inBatch >= maxQueued) {
      return Promise.reject(new SealstoneError('OVERLOADED', `${maxQueued} entries wait for the audit log already`))
    }
    const { promise, resolve, reject } = Promise.withResolvers<Committed>()
    this.#queue.push({ ...submission, resolve, reject })
    this.#running ??= this.#run()
    return promise
  }

  /** Refuses new work, waits for what was accepted. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#running
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      await this.#gather()
      const batch = this.#queue.splice(0, batchLength(this.#queue))
      this.#inBatch = batch.length
      await this.#settle(batch)
      this.#inBatch = 0
    }
    // In the same turn as the last look at the queue, so that nothing can arrive unseen in between.
    this.#running = undefined
  }

  /** One turn of the event loop, not a timer: whatever has arrived by now is in this batch, and a lone request goes straight on. */
  async #gather(): Promise<void> {
    await nextTurn()
    const { isWorthWaiting } = this.#options
    for (const end = performance.now() + GATHER_MS; isWorthWaiting?.(this.#queue.length) === true && performance.now() < end; ) await sleep(1)
  }

  async #settle(batch: readonly Waiter[]): Promise<void> {
    let waiting: readonly Waiter[] = batch
    try {
      waiting = this.#refuseRepeated(batch)
      for (;;) {
        const result = await this.#commit(waiting)
        if ('committed' in result) {
          const steps = waiting.some(({ covered }) => covered) ? STEPS_IN_A_TURN : INDEXES_IN_A_TURN
          for (const [at, committed] of result.committed.entries()) {
            if (isTurn(at, steps)) await nextTurn()
            waiting[at]?.resolve(committed)
          }
          return
        }
        if ('unsigned' in result) {
          // Entries that need no checkpoint are written without one: how a signing failed is told also when nothing can be signed.
          this.#reject(
            waiting.filter(({ covered }) => covered),
            result.unsigned,
          )
          waiting = waiting.filter(({ covered }) => !covered)
        } else {
          // One caller could not build its answer: it alone fails, the others are staged again without it.
          waiting[result.at]?.reject(result.error)
          waiting = waiting.filter((_, at) => at !== result.at)
        }
      }
    } catch (thrown) {
      this.#mustReload = true
      this.#reject(waiting, thrown)
    }
  }

  #reject(waiting: readonly Waiter[], thrown: unknown): void {
    const cause = toSealstoneError(thrown)
    this.#options.logger.error({ code: cause.code, error: cause.message, entries: waiting.length }, 'audit log entries could not be written')
    const hint = cause.code === 'DATABASE_UNAVAILABLE' ? { hint: cause.hint } : {}
    for (const { reject } of waiting)
      reject(new SealstoneError('AUDIT_UNAVAILABLE', `the audit log cannot be written: ${cause.message}`, { cause, ...hint }))
  }

  /** Two requests under one key never both become durable; `operations` shares their answer, this is the last guard. */
  #refuseRepeated(batch: readonly Waiter[]): Waiter[] {
    const seen = new Set<string>()
    return batch.filter(({ answer, reject }) => {
      if (answer === undefined) return true
      const isRepeated = seen.has(answer.key) || this.#options.store.hasAnswer(answer.key)
      seen.add(answer.key)
      if (isRepeated) reject(new SealstoneError('IDEMPOTENCY_CONFLICT', 'a request with this idempotency key was answered already'))
      return !isRepeated
    })
  }

  async #commit(waiting: readonly Waiter[]): Promise<{ committed: Committed[] } | { at: number; error: unknown } | { unsigned: unknown }> {
    const { store, signer, logger } = this.#options
    if (waiting.length === 0) return { committed: [] }
    if (this.#mustReload) {
      this.#log = loadLog(this.#options)
      this.#mustReload = false
      logger.info({ size: String(this.#log.head.size) }, 'audit log read again after a failure')
    }
    const before = this.#log.head

    // Staged in memory only: a crash, here and until the commit, leaves nothing of this batch.
    const staged = stage(this.#log.tree.clone(), waiting)
    const root = staged.tree.root()
    const { size } = staged.tree

    // A signature over a tree that is not durable yet. It stays in this process: if the commit fails, or a check fails meanwhile, it is
    // dropped, so nobody ever holds a checkpoint that the log does not keep.
    const isCovered = waiting.some(({ covered }) => covered)
    const signing = isCovered ? this.#sign(signer, { origin: before.origin, size, root }).then(signed, unsigned) : undefined
    const fault = findFault(waiting)
    const outcome = await signing
    if (fault !== undefined) return fault
    if (outcome !== undefined && 'unsigned' in outcome) return outcome
    const checkpoint = outcome?.note

    const committed: Committed[] = []
    const answers: StoredAnswer[] = []
    const node = rememberNodes(staged.tree.reader(this.#options.tiles.reader(staged.tiles)))
    let receipts = 0
    for (const [at, waiter] of waiting.entries()) {
      if (waiter.covered && isTurn(receipts++, STEPS_IN_A_TURN)) await nextTurn() // proofs and answers are work; an index is none
      try {
        committed.push(release(waiter, staged.leaves[at], { size, checkpoint, node }, answers))
      } catch (error) {
        return { at, error }
      }
    }

    const after: StoredHead = { origin: before.origin, size, root, checkpoint: checkpoint ?? before.checkpoint }
    const leaves = staged.leaves.filter((leaf) => leaf !== undefined)
    const started = performance.now()
    store.commit({ before, after, leaves, tiles: staged.tiles, answers, time: this.#options.now() })
    this.#options.onCommit?.((performance.now() - started) / 1000)
    this.#log = {
      head: after,
      tree: staged.tree,
      checkpointSize: checkpoint === undefined ? this.#log.checkpointSize : size,
      lastTime: leaves.at(-1)?.time ?? this.#log.lastTime,
    }
    return { committed }
  }

  /** A checkpoint that would not verify is never stored: the log could not be opened again. */
  async #sign(signer: CheckpointSigner, checkpoint: Checkpoint): Promise<string> {
    const note = await signer.sign(checkpoint)
    const signed = openCheckpoint(note, signer.keys, this.#options.verifier)
    if (signed.size !== checkpoint.size || signed.origin !== checkpoint.origin || signed.root.toHex() !== checkpoint.root.toHex()) {
      throw new SealstoneError('SIGNATURE_MISMATCH', `the signer signed another checkpoint than the one at size ${checkpoint.size}`)
    }
    return note
  }
}

/** What waits is the next batch, in order, up to as much as one commit can write without holding everybody else up for long. */
function batchLength(queue: readonly Waiter[]): number {
  let answers = 0
  const end = queue.findIndex(({ answer }, at) => at >= MAX_LEAVES || (answer !== undefined && ++answers > MAX_ANSWERS))
  return end < 0 ? queue.length : end
}

/** Whatever else has to be done gets its turn between the steps of a large batch: a refusal, or the next work for the key host. */
function isTurn(step: number, steps: number): boolean {
  return step > 0 && step % steps === 0
}

function signed(note: string): { readonly note: string } {
  return { note }
}

function unsigned(error: unknown): { readonly unsigned: unknown } {
  return { unsigned: error }
}

/** A commit takes milliseconds then. */
const MAX_LEAVES = 1024
/** An answer is tens of kilobytes, a leaf one: more of them in one commit let everybody else wait longer than the commit saves. */
const MAX_ANSWERS = 64
const STEPS_IN_A_TURN = 8
/** Who only hears of an index has less to do at once, and a turn of the event loop costs nearly as much as an append. */
const INDEXES_IN_A_TURN = 32
/** An entry waits at most so long for others to come. */
const GATHER_MS = 30
