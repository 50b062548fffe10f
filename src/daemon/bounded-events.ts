/** Events that others can bring about as often as they like: the first of a minute are leaves of their own, the rest are counted into one. */
import type { AuditLog } from '#audit'
import { type Clock, type Identity, type Logger, newOperationId, parseIdentity, toSealstoneError } from '#core'
import { EventBudget } from '#operations'
import type { NewLeaf } from '#tlog'

export interface BoundedEvent extends Pick<NewLeaf, 'kind' | 'operation' | 'result' | 'errorCode'> {
  readonly caller: Identity
  /** Which events are counted together: words that do not change with each. */
  readonly what: string
  /** What only a leaf of its own tells. */
  readonly only?: Pick<NewLeaf, 'clockStepMs' | 'certificateDigest'> & { readonly detail?: string }
}

interface Rooms {
  readonly audit: Pick<AuditLog, 'append'>
  readonly clock: Clock
  readonly logger: Logger
}

export class BoundedEvents {
  readonly #rooms: Rooms
  readonly #counted = new Map<string, { readonly event: BoundedEvent; count: number }>()
  readonly #budget: EventBudget

  constructor(rooms: Rooms) {
    this.#rooms = rooms
    this.#budget = new EventBudget(rooms.clock)
  }

  /** Nobody need wait for it: an event has no answer that could be kept back. What cannot be written now is counted. Never throws. */
  async record(event: BoundedEvent): Promise<void> {
    const { what, only: { detail, ...only } = {}, ...leaf } = event
    const reason = detail === undefined ? what : `${what}: ${detail}`
    if (!this.#budget.take(`${event.kind} ${what}`) || !(await this.#append({ ...leaf, ...only, reason }))) this.#count(event, 1)
  }

  /** Tells what was counted. Call it every minute, and before the end. Never throws. */
  async flush(): Promise<void> {
    const counted = [...this.#counted.values()]
    this.#counted.clear()
    for (const { event, count } of counted) {
      const { what, only: _only, ...leaf } = event
      if (!(await this.#append({ ...leaf, count, reason: `${what}; counted, not told one by one` }))) this.#count(event, count)
    }
  }

  #count(event: BoundedEvent, count: number): void {
    const name = `${event.kind} ${event.what}`
    const known = this.#counted.get(name)
    if (known !== undefined) known.count += count
    else if (this.#counted.size < MOST_SORTS || event.what === OTHER) this.#counted.set(name, { event, count })
    else this.#count({ ...event, what: OTHER }, count)
  }

  async #append(leaf: Omit<NewLeaf, 'operationId'>): Promise<boolean> {
    try {
      await this.#rooms.audit.append({ operationId: newOperationId(), ...leaf })
      return true
    } catch (error) {
      this.#rooms.logger.error({ kind: leaf.kind, error: toSealstoneError(error).message }, 'an event could not be logged and is told later')
      return false
    }
  }
}

/** Of a caller that nobody knows. No certificate can name it: it has no dot. */
export const UNKNOWN_CALLER = parseIdentity('unknown')

/** Sorts of events that are counted apart. */
const MOST_SORTS = 16
const OTHER = 'for other reasons'
