/** Says in the log that somebody reads a large part of it, before the entry that makes it large is given out. Once per call. */
import { newOperationId } from '#core'
import type { EntryFilter, NewLeaf } from '#tlog'
import type { PolicyDecision } from './authorize.ts'
import type { OperationContext } from './context.ts'

export interface ReadFacts {
  readonly caller: NewLeaf['caller']
  readonly decision: PolicyDecision
  readonly filter: EntryFilter
  /** Entries in the log when the call began. */
  readonly end: bigint
  readonly isFollowed: boolean
}

export class ExportNotice {
  readonly #audit: OperationContext['audit']
  readonly #facts: ReadFacts
  #given = 0
  #isTold = false

  constructor({ audit }: Pick<OperationContext, 'audit'>, facts: ReadFacts) {
    this.#audit = audit
    this.#facts = facts
  }

  /** One more entry is about to be given out. Throws AUDIT_UNAVAILABLE: nobody reads unseen while the log cannot be written. */
  async count(): Promise<void> {
    this.#given += 1
    if (this.#given > FEW_ENTRIES) await this.write()
  }

  async write(): Promise<void> {
    if (this.#isTold) return
    this.#isTold = true
    const { caller, decision, ...read } = this.#facts
    await this.#audit.append({
      kind: 'log-export',
      operationId: newOperationId(),
      caller,
      operation: 'audit.read',
      result: 'ok',
      reason: describe(read),
      ...decision,
    })
  }
}

/** Whose entries were asked for is not repeated here: a name in words would go by the pseudonyms. */
function describe({ filter, end, isFollowed }: Pick<ReadFacts, 'filter' | 'end' | 'isFollowed'>): string {
  const { from, limit, reverse = false, caller, words = [], ...rest } = filter
  const first = from ?? (reverse ? end - 1n : 0n)
  const range = isFollowed
    ? `entries from ${first} on, as they come`
    : reverse
      ? `entries from ${first} down`
      : `entries from ${first} to ${end - 1n}`
  const narrowed = Object.entries(rest).map(([name, value]) => `${name} ${String(value)}`)
  const parts = [
    range,
    ...(limit === undefined ? [] : [`at most ${limit}`]),
    ...(caller === undefined ? [] : ['of one caller']),
    ...(words.length === 0 ? [] : ['with some words']),
    ...narrowed,
  ]
  return parts.join(', ').slice(0, MAX_REASON)
}

/** Looking through some pages is no export. */
const FEW_ENTRIES = 1000
const MAX_REASON = 4096
