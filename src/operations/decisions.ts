/** Writes down what programs decided that stand where models and tools are used: the first of a minute one by one, the rest counted. */
import { cutText, defined, newOperationId, toSealstoneError, visible } from '#core'
import type { NewLeaf } from '#tlog'
import { authorize } from './authorize.ts'
import type { OperationContext } from './context.ts'
import { EventBudget } from './event-budget.ts'
import type { CallContext, Decision } from './ports.ts'

type Row = Pick<Decision, 'operation' | 'decision'> & { readonly caller: NewLeaf['caller']; count: number }

export class Decisions {
  readonly #context: OperationContext
  /** One for each caller and decision, so that neither another caller's nor many tools that were let through hide one that was not. */
  readonly #budgets = new Map<string, EventBudget>()
  /** Since the last summary, by caller, operation and decision. */
  readonly #rows = new Map<string, Row>()

  constructor(context: OperationContext) {
    this.#context = context
  }

  /**
   * The index of its leaf, which is durable then, or undefined where it was counted. A crash before the append answers nobody; one after it leaves a
   * leaf whose caller may come again. It is the caller's word: the leaf's `caller` says whose.
   * Throws PERMISSION_DENIED after the refusal is durable, AUDIT_UNAVAILABLE when nothing was written.
   */
  async record(call: CallContext, request: Decision): Promise<bigint | undefined> {
    const allowed = await authorize(this.#context, call, 'audit.record')
    const { operation, decision, subject, digest, reason } = request
    const row: Row = { caller: call.identity, operation, decision, count: 1 }
    const isTold = this.#budget(call.identity, decision).take(operation)
    if (!isTold && this.#add(row)) return undefined
    const { index } = await this.#context.audit.append({
      kind: 'decision',
      operationId: newOperationId(),
      caller: call.identity,
      operation,
      decision,
      modelName: harmless(subject),
      ...defined({ modelDigest: digest && `sha256:${digest}`, reason: reason && harmless(reason) }),
      ...allowed.decision,
    })
    return index
  }

  /** One leaf for each caller, operation and decision that was counted. What cannot be written is told later. Never throws. */
  async flush(): Promise<void> {
    const rows = [...this.#rows.values()]
    this.#rows.clear()
    for (const row of rows) {
      try {
        await this.#context.audit.append({ kind: 'decision', operationId: newOperationId(), ...row, reason: COUNTED })
      } catch (error) {
        this.#context.logger.error({ kind: 'decision', error: toSealstoneError(error).message }, 'decisions could not be logged and are told later')
        this.#add(row, Number.POSITIVE_INFINITY)
      }
    }
  }

  /** Callers beyond the bound share one budget for each decision. */
  #budget(caller: NewLeaf['caller'], decision: Decision['decision']): EventBudget {
    const own = `${decision} ${caller}`
    const name = this.#budgets.has(own) || this.#budgets.size < MOST_ROWS ? own : decision
    const budget = this.#budgets.get(name) ?? new EventBudget(this.#context.clock)
    this.#budgets.set(name, budget)
    return budget
  }

  /** False if there is no room for one more row: then it is a leaf of its own, however many there are. */
  #add(row: Row, most = MOST_ROWS): boolean {
    const name = `${row.caller} ${row.operation} ${row.decision}`
    const known = this.#rows.get(name)
    if (known !== undefined) known.count += row.count
    else if (this.#rows.size < most) this.#rows.set(name, { ...row })
    else return false
    return true
  }
}

/** As the leaf has it: what a server calls its tools must not be obeyed by who reads the log. */
function harmless(text: string): string {
  return cutText(visible(text), MAX_TEXT)
}

const COUNTED = 'counted, not told one by one'
/** Of 20 callers with every operation and decision; more identities than the policy of a daemon names. */
const MOST_ROWS = 256
/** UTF-16 units, as both members of the leaf are limited. */
const MAX_TEXT = 4096
