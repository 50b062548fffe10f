/** The decision: some rule allows it, or it is denied. There are no deny rules, so adding a rule never takes a right away. */
import { type Identity, matchesGlob } from '#core'
import { isSpiffe } from './identity.ts'
import { KEYLESS_OPERATIONS, type OperationName, type PolicyRule, type PolicyTable } from './policy-table.ts'

/** `rule` counts from 0; `digests`: only for a signing whose digests the daemon computed. */
export interface Allowed {
  readonly allowed: true
  readonly rule: number
  readonly digests?: 'daemon'
}

export type Decision =
  | Allowed
  /** One line for logs and callers, lower case. */
  | { readonly allowed: false; readonly reason: string }

/**
 * @param key whose use is asked for. Without one, an operation on keys means all of them: only a rule for the keys `*` allows that.
 *   `verify` and what is about the log are not about a key; there the rule's keys do not matter.
 */
export function decide(table: PolicyTable, identity: Identity, operation: OperationName, key?: string): Decision {
  const able = ableRules(table, identity, operation)
  if (typeof able === 'string') return { allowed: false, reason: able }
  const matching = able.filter((rule) => matchesKey(rule, operation, key))
  // A rule that demands less comes first: no other one takes from what it gives.
  const allowing = matching.find((rule) => rule.digests === undefined) ?? matching[0]
  if (allowing === undefined)
    return { allowed: false, reason: `no rule for this identity allows it with ${key === undefined ? 'all keys' : 'this key'}` }
  return {
    allowed: true,
    rule: table.indexOf(allowing),
    ...(operation === 'sign' && allowing.digests !== undefined ? { digests: allowing.digests } : {}),
  }
}

/** Whether there is any key, named or not, with which this would be allowed: for work that must come before the key is known. */
export function decideForSomeKey(table: PolicyTable, identity: Identity, operation: OperationName): Decision {
  const able = ableRules(table, identity, operation)
  return typeof able === 'string' ? { allowed: false, reason: able } : { allowed: true, rule: table.indexOf(able[0]) }
}

/** The rules for this identity and operation, or why there are none. */
function ableRules(table: PolicyTable, identity: Identity, operation: OperationName): [PolicyRule, ...PolicyRule[]] | string {
  const known = table.filter((rule) => matchesIdentity(rule.identity, identity))
  if (known.length === 0) return 'no rule names this identity'
  const [first, ...more] = known.filter((rule) => matchesOperation(rule, operation))
  return first === undefined ? 'no rule for this identity allows the operation' : [first, ...more]
}

/** A pattern matches its own kind of identity, so that `*.example.org` never lets a SPIFFE ID in; `*` alone is everybody. */
function matchesIdentity(pattern: string, identity: Identity): boolean {
  if (pattern === '*') return true
  return isSpiffe(pattern) === isSpiffe(identity) && matchesGlob(pattern, identity)
}

function matchesOperation({ operations }: PolicyRule, operation: OperationName): boolean {
  return operations.some((allowed) => allowed === '*' || allowed === operation)
}

function matchesKey({ keys }: PolicyRule, operation: OperationName, key: string | undefined): boolean {
  if (KEYLESS_OPERATIONS.includes(operation)) return true
  return key === undefined ? keys.includes('*') : keys.some((pattern) => matchesGlob(pattern, key))
}
