/** What waits for the key host: bounded, each with its deadline, by priority and in turn between callers. Knows nothing of processes. */
import { SealstoneError, toSealstoneError } from '#core'
import { type Command, type CommandKind, type Commands, KEY_HOST_LIMITS } from './protocol.ts'

/** `log`: the audit log's own signatures, for which everything else waits. `batch`: gives way to single requests. */
export type Priority = 'log' | 'normal' | 'batch'

export interface SubmitOptions {
  readonly signal?: AbortSignal
  /** From submission to answer, waiting included. */
  readonly timeoutMs: number
  /** Bytes of the messages, counted against the waiting limit. */
  readonly bytes: number
  readonly priority?: Priority
  /** Whose turn it is; callers of one priority are served in turn. */
  readonly caller?: string
}

export interface Job {
  readonly id: number
  readonly command: Command
  readonly bytes: number
  readonly priority: Priority
  readonly caller: string
  readonly resolve: (result: never) => void
  readonly reject: (error: SealstoneError) => void
  /** Removes deadline and abort listener. */
  readonly release: () => void
  /** performance.now() */
  readonly submittedAt: number
  attempts: number
  settled: boolean
}

export class WorkQueue {
  /** Given back by a child that died: they go first. */
  #returned: Job[] = []
  readonly #lanes: Record<Priority, FairLane> = { log: new FairLane(), normal: new FairLane(), batch: new FairLane() }
  /** Everything without an answer, with those who wait for that. */
  readonly #open = new Set<Job>()
  #watchers: { readonly open: Set<Job>; readonly resolve: () => void }[] = []
  #bytes = 0
  #count = 0
  #lastId = 0

  /** Jobs that wait or are with a child. */
  get count(): number {
    return this.#count
  }

  /** Rejects with OVERLOADED, DEADLINE_EXCEEDED, CANCELLED, or what the job is rejected with. */
  submit<Kind extends CommandKind>(command: Extract<Command, { kind: Kind }>, options: SubmitOptions): Promise<Commands[Kind]['result']> {
    const { signal, timeoutMs, bytes, priority = 'normal', caller = '' } = options
    if (signal?.aborted === true) return Promise.reject(toSealstoneError(signal.reason, 'CANCELLED'))
    if (this.#count >= KEY_HOST_LIMITS.commands || this.#bytes + bytes > KEY_HOST_LIMITS.waitingBytes) {
      return Promise.reject(new SealstoneError('OVERLOADED', `${this.#count} requests with ${this.#bytes} bytes wait for the key host`))
    }
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId
      const stop = (error: SealstoneError): void => this.settle(job, () => reject(error))
      const onAbort = (): void => stop(toSealstoneError(signal?.reason, 'CANCELLED'))
      const deadline = setTimeout(() => stop(new SealstoneError('DEADLINE_EXCEEDED', `the key host did not answer in ${timeoutMs} ms`)), timeoutMs)
      signal?.addEventListener('abort', onAbort, { once: true })
      const release = (): void => {
        clearTimeout(deadline)
        signal?.removeEventListener('abort', onAbort)
      }
      const job: Job = { id, command, bytes, priority, caller, resolve, reject, release, submittedAt: performance.now(), attempts: 0, settled: false }
      this.#bytes += bytes
      this.#count += 1
      this.#open.add(job)
      this.#lanes[priority].push(job)
    })
  }

  /** The next job that `accepts` takes, by priority and in turn; it counts as an attempt. */
  take(accepts: (command: Command) => boolean): Job | undefined {
    const job = this.#takeReturned(accepts) ?? this.#lanes.log.take(accepts) ?? this.#lanes.normal.take(accepts) ?? this.#lanes.batch.take(accepts)
    if (job !== undefined) job.attempts += 1
    return job
  }

  /** Whatever a dead child had goes to the front once; the second time the caller gets the error. */
  takeBack(jobs: readonly Job[], error: SealstoneError): void {
    const unsettled = jobs.filter(({ settled }) => !settled)
    for (const job of unsettled) if (job.attempts >= MAX_ATTEMPTS) this.settle(job, () => job.reject(error))
    this.#returned.unshift(...unsettled.filter((job) => !job.settled))
  }

  /** Everything that waits; what is with a child is not touched. */
  failWaiting(error: SealstoneError): void {
    const jobs = [...this.#returned, ...Object.values(this.#lanes).flatMap((lane) => lane.drain())]
    this.#returned = []
    for (const job of jobs) this.settle(job, () => job.reject(error))
  }

  /** Once; a job that nobody waits for any more is left where it is and passed over later. */
  settle(job: Job, finish: () => void): void {
    if (job.settled) return
    job.settled = true
    job.release()
    this.#bytes -= job.bytes
    this.#count -= 1
    this.#open.delete(job)
    finish()
    for (const { open, resolve } of this.#watchers) if (open.delete(job) && open.size === 0) resolve()
    this.#watchers = this.#watchers.filter(({ open }) => open.size > 0)
  }

  /** Resolves when every job that waits or runs now has its answer. */
  async settled(): Promise<void> {
    if (this.#open.size === 0) return
    await new Promise<void>((resolve) => this.#watchers.push({ open: new Set(this.#open), resolve }))
  }

  #takeReturned(accepts: (command: Command) => boolean): Job | undefined {
    this.#returned = this.#returned.filter(({ settled }) => !settled)
    const at = this.#returned.findIndex(({ command }) => accepts(command))
    return at === -1 ? undefined : this.#returned.splice(at, 1)[0]
  }
}

/** One queue a caller, served in turn: who sends much waits for itself. */
class FairLane {
  // A Map keeps its order: whose turn it is comes first.
  readonly #byCaller = new Map<string, Job[]>()

  push(job: Job): void {
    const jobs = this.#byCaller.get(job.caller)
    if (jobs === undefined) this.#byCaller.set(job.caller, [job])
    else jobs.push(job)
  }

  take(accepts: (command: Command) => boolean): Job | undefined {
    for (const [caller, jobs] of this.#byCaller) {
      while (jobs[0]?.settled === true) jobs.shift()
      const [first] = jobs
      if (first === undefined) this.#byCaller.delete(caller)
      else if (accepts(first.command)) {
        jobs.shift()
        this.#byCaller.delete(caller)
        if (jobs.length > 0) this.#byCaller.set(caller, jobs)
        return first
      }
    }
    return undefined
  }

  drain(): Job[] {
    const jobs = [...this.#byCaller.values()].flat()
    this.#byCaller.clear()
    return jobs
  }
}

const MAX_ATTEMPTS = 2
