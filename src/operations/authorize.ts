/** Step 1 of every operation: who is calling, may they do this; a refusal is in the log before the caller hears of it. */
import { defined, type KeyName, newOperationId, SealstoneError, toSealstoneError, traceFields } from '#core'
import type { KeyStore } from '#keys'
import { type Allowed, decide, decideForSomeKey, type OperationName } from '#policy'
import type { NewLeaf } from '#tlog'
import type { OperationContext } from './context.ts'
import type { CallContext } from './ports.ts'

/** What the intent says of why it was allowed. */
export type PolicyDecision = Required<Pick<NewLeaf, 'policyRule' | 'policyDigest'>>

export interface Authorized extends Allowed {
  readonly decision: PolicyDecision
}

/** Throws PERMISSION_DENIED after the refusal is durable, CANCELLED or DEADLINE_EXCEEDED when the caller is gone. */
export async function authorize(context: OperationContext, call: CallContext, operation: OperationName, key?: string): Promise<Authorized> {
  call.signal.throwIfAborted()
  const decision = decide(context.policy, call.identity, operation, key)
  if (!decision.allowed) return await refuse(context, call, operation, key, decision.reason)
  return { ...decision, decision: { policyRule: decision.rule, policyDigest: context.policyDigest } }
}

/** The same for what the owner of the daemon's socket alone may do, whatever the policy says of others. @param what that is, in words */
export async function authorizeOwner(context: OperationContext, call: CallContext, operation: OperationName, what: string): Promise<Authorized> {
  const allowed = await authorize(context, call, operation)
  if (call.identity === 'local') return allowed
  return await refuse(context, call, operation, undefined, `only the owner of the daemon's socket may ${what}`, allowed.rule)
}

/** Throws PERMISSION_DENIED after the refusal is durable. */
export async function refuseAssertedDigests(context: OperationContext, call: CallContext, key: string, rule: number): Promise<never> {
  return await refuse(context, call, 'sign', key, 'the policy wants digests that the daemon computed, and not every file has a hash ticket', rule)
}

/**
 * Holds a key version for what is to be signed with it. Where its state forbids that, who tried is in the log before he hears of it, as with the policy: a
 * reviewer sees who goes on asking for a key that is out of use. Throws KEY_UNKNOWN, or KEY_UNUSABLE after the refusal is durable.
 */
export async function useKey(
  context: OperationContext,
  call: CallContext,
  operation: OperationName,
  { key, keyVersion, decision }: { readonly key: KeyName; readonly keyVersion?: number | undefined; readonly decision: PolicyDecision },
): Promise<ReturnType<KeyStore['use']>> {
  try {
    return context.keys.use(key, keyVersion)
  } catch (thrown) {
    const { code, message } = toSealstoneError(thrown)
    if (code === 'KEY_UNUSABLE')
      await tell(context, call, { operation, key, errorCode: code, reason: message, ...decision, ...defined({ keyVersion }) })
    throw thrown
  }
}

/** The same before the key is known: a caller who may do this with no key at all has nothing worked on. */
export async function authorizeForSomeKey(context: OperationContext, call: CallContext, operation: OperationName): Promise<void> {
  call.signal.throwIfAborted()
  const decision = decideForSomeKey(context.policy, call.identity, operation)
  if (!decision.allowed) await refuse(context, call, operation, undefined, decision.reason)
}

async function refuse(
  context: OperationContext,
  call: CallContext,
  operation: OperationName,
  key: string | undefined,
  reason: string,
  rule?: number,
): Promise<never> {
  context.metrics.refused({ reason: 'policy' })
  const { policyDigest } = context
  await tell(context, call, { operation, errorCode: 'PERMISSION_DENIED', reason, policyDigest, ...defined({ key, policyRule: rule }) })
  context.logger.warn({ identity: call.identity, operation, key, ...traceFields(call.span) }, 'refused by policy')
  throw new SealstoneError('PERMISSION_DENIED', `${call.identity} may not ${operation}${key === undefined ? '' : ` with key ${key}`}: ${reason}`, {
    details: { operation, ...(key === undefined ? {} : { key }) },
  })
}

/** A crash before this append answers nobody; after it the refusal stands and the caller asks again. */
async function tell(
  context: OperationContext,
  call: CallContext,
  facts: Pick<NewLeaf, 'operation' | 'key' | 'keyVersion' | 'errorCode' | 'reason' | 'policyDigest' | 'policyRule'>,
): Promise<void> {
  await context.audit.append({ kind: 'refused', operationId: newOperationId(), caller: call.identity, result: 'error', ...facts })
}
