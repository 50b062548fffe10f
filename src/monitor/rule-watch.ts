/** Applies the rules to entries in the order of the log; the times of a frequency rule live on from round to round. */
import { matchesGlob, unreachable } from '#core'
import type { Leaf } from '#tlog'
import type { Alert } from './alert.ts'
import type { Rule, RuleMember } from './rules.ts'

/** By the name of the rule: times of its newest matches, milliseconds since 1970. */
export type RuleTimes = Readonly<Record<string, readonly number[]>>

export class RuleWatch {
  readonly #rules: readonly Rule[]
  readonly #times: Map<string, number[]>

  constructor(rules: readonly Rule[], times: RuleTimes) {
    this.#rules = rules
    this.#times = new Map(rules.map(({ name }) => [name, [...(times[name] ?? [])]]))
  }

  get times(): RuleTimes {
    return Object.fromEntries([...this.#times].filter(([, times]) => times.length > 0))
  }

  /** What the entry sets off. */
  look(index: bigint, leaf: Leaf): Alert[] {
    return this.#rules.flatMap((rule) => {
      if (!matches(rule, leaf)) return []
      const often = rule.frequency === undefined ? '' : this.#countUp(rule.name, rule.frequency, Date.parse(leaf.time))
      if (often === undefined) return []
      const message = `${rule.name}${often}: ${describe(leaf)}`
      return [{ kind: 'rule', severity: rule.severity, rule: rule.name, message, index, leaf } as const]
    })
  }

  /** Told once for so many: the count begins anew. */
  #countUp(name: string, { moreThan, withinMs }: NonNullable<Rule['frequency']>, time: number): string | undefined {
    const times = [...(this.#times.get(name) ?? []).filter((earlier) => earlier > time - withinMs), time]
    const isMore = times.length > moreThan
    this.#times.set(name, isMore ? [] : times)
    return isMore ? ` (${times.length} within ${withinMs / 1000} s)` : undefined
  }
}

function matches({ patterns, outsideHours }: Rule, leaf: Leaf): boolean {
  const isMeant = Object.entries(patterns).every(([member, pattern]) => {
    const value = valueOf(member as RuleMember, leaf)
    return value !== undefined && matchesGlob(pattern, value)
  })
  return isMeant && outsideHours?.contains(new Date(leaf.time)) !== true
}

function valueOf(member: RuleMember, leaf: Leaf): string | undefined {
  switch (member) {
    case 'kind':
      return leaf.kind
    case 'operation':
      return leaf.operation
    case 'key':
      return leaf.key
    case 'caller':
      return leaf.caller
    case 'model':
      return leaf.modelName
    case 'result':
      return leaf.result
    case 'error':
      return leaf.errorCode
    case 'decision':
      return leaf.decision
    default:
      return unreachable(member)
  }
}

function describe({ kind, operation, key, modelName, caller, time }: Leaf): string {
  return [
    kind,
    operation,
    ...(key === undefined ? [] : [`key ${key}`]),
    ...(modelName === undefined ? [] : [modelName]),
    `by ${caller}`,
    `at ${time}`,
  ].join(', ')
}
