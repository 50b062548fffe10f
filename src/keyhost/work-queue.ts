/** The work of one key host: what waits, what the child has, each with its deadline, and the bounds on both. Knows nothing of processes. */
import { SealstoneError, toSealstoneError } from '#core'
import { type Command, type CommandKind, type Commands, KEY_HOST_LIMITS } from './protocol.ts'

export interface SubmitOptions {
  readonly signal?: AbortSignal
  /** From submission to answer, waiting included. */
  readonly timeoutMs: number
  /** Bytes of the messages, counted against the waiting limit. */
  readonly bytes: number
}

export interface Job {
  readonly id: number
  readonly command: Command
  readonly bytes: number
  readonly resolve: (result: never) => void
  readonly reject: (error: SealstoneError) => void
  /** Removes deadline and abort listener. */
  readonly release: () => void
  attempts: number
  settled: boolean
}

export class WorkQueue {
  #waiting: Job[] = []
  readonly #sent = new Map<number, Job>()
  #bytes = 0
  #lastId = 0

  get counts(): { readonly waiting: number; readonly inFlight: number } {
    return { waiting: this.#waiting.length, inFlight: this.#sent.size }
  }

  /** The job that the child has had for longest. */
  get oldestInFlight(): Job | undefined {
    const [oldest] = this.#sent.values()
    return oldest
  }

  /** Rejects with OVERLOADED, DEADLINE_EXCEEDED, CANCELLED, or what the job is rejected with. */
  submit<Kind extends CommandKind>(
    command: Extract<Command, { kind: Kind }>,
    { signal, timeoutMs, bytes }: SubmitOptions,
  ): Promise<Commands[Kind]['result']> {
    if (signal?.aborted === true) return Promise.reject(toSealstoneError(signal.reason, 'CANCELLED'))
    const count = this.#waiting.length + this.#sent.size
    if (count >= KEY_HOST_LIMITS.commands || this.#bytes + bytes > KEY_HOST_LIMITS.waitingBytes) {
      return Promise.reject(new SealstoneError('OVERLOADED', `${count} requests with ${this.#bytes} bytes wait for the key host`))
    }
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId
      const stop = (error: SealstoneError): void => this.#settle(job, () => reject(error))
      const onAbort = (): void => stop(toSealstoneError(signal?.reason, 'CANCELLED'))
      const deadline = setTimeout(() => stop(new SealstoneError('DEADLINE_EXCEEDED', `the key host did not answer in ${timeoutMs} ms`)), timeoutMs)
      signal?.addEventListener('abort', onAbort, { once: true })
      const release = (): void => {
        clearTimeout(deadline)
        signal?.removeEventListener('abort', onAbort)
      }
      const job: Job = { id, command, bytes, resolve, reject, release, attempts: 0, settled: false }
      this.#bytes += bytes
      this.#waiting.push(job)
    })
  }

  /** The next job for the child; none while it has `WINDOW` of them. */
  take(): Job | undefined {
    if (this.#sent.size >= WINDOW) return undefined
    const job = this.#waiting.shift()
    if (job === undefined) return undefined
    job.attempts += 1
    this.#sent.set(job.id, job)
    return job
  }

  isInFlight(id: number): boolean {
    return this.#sent.has(id)
  }

  /** The child has answered. */
  answer(id: number, finish: (job: Job) => void): void {
    const job = this.#sent.get(id)
    if (job === undefined) return
    this.#sent.delete(id)
    this.#settle(job, () => finish(job))
  }

  /** Whatever a dead child had goes to the front once; the second time the caller gets the error. */
  takeBack(error: SealstoneError): void {
    const jobs = [...this.#sent.values()]
    this.#sent.clear()
    for (const job of jobs) if (job.attempts >= MAX_ATTEMPTS) this.#settle(job, () => job.reject(error))
    this.#waiting.unshift(...jobs.filter((job) => !job.settled))
  }

  failAll(error: SealstoneError): void {
    const jobs = [...this.#sent.values(), ...this.#waiting]
    this.#sent.clear()
    this.#waiting = []
    for (const job of jobs) this.#settle(job, () => job.reject(error))
  }

  #settle(job: Job, finish: () => void): void {
    if (job.settled) return
    job.settled = true
    job.release()
    this.#bytes -= job.bytes
    // One that waits is forgotten; one that the child has keeps its place in the window until the child answers it.
    if (!this.#sent.has(job.id)) this.#waiting = this.#waiting.filter((waiting) => waiting !== job)
    finish()
  }
}

/** Commands that a child may have at once: enough to keep it busy, few enough that a cancelled one rarely runs. */
const WINDOW = 4
const MAX_ATTEMPTS = 2
