/** The order of a host's requests: what comes while the servers say who they are waits for that; what takes long runs beside the others. */
import { toSealstoneError } from '#core'
import { errorAnswer, failedAnswer, INVALID_REQUEST } from './answers.ts'
import type { HostOutput } from './line-writer.ts'

export class HostTurns {
  readonly #output: HostOutput
  /** Requests of the host that are asked of several servers. */
  readonly #running = new Set<Promise<void>>()
  /** While the servers are asked who they are, and what came early after it. */
  #starting: Promise<void> | undefined
  #early = 0

  constructor(host: HostOutput) {
    this.#output = host
  }

  /** Something is waited for, so that requests go through `later`. */
  get isStarting(): boolean {
    return this.#starting !== undefined
  }

  /** After all that is waited for. @returns false where too much waits already */
  later(work: () => Promise<void>): boolean {
    if (++this.#early > MOST_RUNNING) return false
    this.chain((this.#starting ?? Promise.resolve()).then(work))
    return true
  }

  /** What comes from now on waits for this, until nothing waits any more. */
  chain(work: Promise<void>): void {
    const last = work.catch(() => {}) // the host is told by its answer
    this.#starting = last
    void last.then(() => {
      if (this.#starting !== last) return
      this.#starting = undefined
      this.#early = 0
    })
  }

  /** Beside the others, which do not wait for it. A failure is the answer to the request. Never rejects. */
  async run(id: string, work: () => Promise<void>): Promise<void> {
    if (this.#running.size >= MOST_RUNNING) {
      return await this.#output.write(errorAnswer(id, INVALID_REQUEST, `${MOST_RUNNING} requests wait already`))
    }
    const running = work().catch((error: unknown) => void this.#output.write(failedAnswer(id, toSealstoneError(error))))
    this.#running.add(running)
    await running
    this.#running.delete(running)
  }

  async settled(): Promise<void> {
    await this.#starting
    await Promise.all(this.#running)
  }
}

const MOST_RUNNING = 64
