/** What every honest log keeps to, whatever it records: time goes on, and intents and outcomes belong together. */
import type { Leaf } from '#tlog'
import type { Alert } from './alert.ts'

export interface OpenIntent {
  readonly index: bigint
  /** RFC 3339. */
  readonly time: string
  /** It was told that nothing closed it. */
  readonly told: boolean
}

export class EntryWatch {
  readonly #open: Map<string, OpenIntent>
  #lastTime: string

  constructor(open: ReadonlyMap<string, OpenIntent>, lastTime: string) {
    this.#open = new Map(open)
    this.#lastTime = lastTime
  }

  /** By the id of the operation. */
  get openIntents(): ReadonlyMap<string, OpenIntent> {
    return this.#open
  }

  get lastTime(): string {
    return this.#lastTime
  }

  /** Entries come in the order of the log. */
  look(index: bigint, leaf: Leaf): Alert[] {
    const alerts: Alert[] = []
    if (leaf.time < this.#lastTime) {
      const message = `entry ${index} is of ${leaf.time}, the one before it of ${this.#lastTime}`
      alerts.push({ kind: 'time-backwards', severity: 'critical', message, index, leaf })
    }
    this.#lastTime = leaf.time
    if (leaf.kind === 'intent') alerts.push(...this.#openIntent(index, leaf))
    if (leaf.kind === 'outcome' && !this.#open.delete(leaf.operationId)) {
      const message = `entry ${index} is an outcome of ${leaf.operation}, and no open intent before it is of the same operation`
      alerts.push({ kind: 'outcome-without-intent', severity: 'critical', message, index, leaf })
    }
    return alerts
  }

  /** Intents that nothing closed for longer than `boundMs`; each is told once. */
  findOverdue(now: Date, boundMs: number): Alert[] {
    const before = new Date(now.getTime() - boundMs).toISOString()
    return Array.from(this.#open).flatMap(([operationId, intent]) => {
      if (intent.told || intent.time >= before) return []
      this.#open.set(operationId, { ...intent, told: true })
      const { index, time } = intent
      return [{ kind: 'intent-open', severity: 'critical', message: `the intent of entry ${index}, of ${time}, has no outcome`, index } as const]
    })
  }

  /** A log of intents alone must not fill the memory: the oldest are told and forgotten. */
  #openIntent(index: bigint, { operationId, time }: Leaf): Alert[] {
    this.#open.set(operationId, { index, time, told: false })
    if (this.#open.size <= MAX_OPEN_INTENTS) return []
    const [oldest] = this.#open
    if (oldest === undefined) return []
    this.#open.delete(oldest[0])
    const message = `more than ${MAX_OPEN_INTENTS} intents have no outcome; that of entry ${oldest[1].index} is not watched any longer`
    return oldest[1].told ? [] : [{ kind: 'intent-open', severity: 'critical', message, index: oldest[1].index }]
  }
}

const MAX_OPEN_INTENTS = 100_000
