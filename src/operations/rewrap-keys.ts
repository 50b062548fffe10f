/** A new wrapping key for every sealed seed, with intent and outcome in the log. Signing goes on meanwhile. */
import { newOperationId, toSealstoneError } from '#core'
import type { RewrapResult } from '#keys'
import { authorize } from './authorize.ts'
import type { OperationContext } from './context.ts'
import type { CallContext } from './ports.ts'

/** It concerns all keys, so the right is asked without a key's name. Throws what `KeyStore.rewrap` throws. */
export async function rewrapKeys(context: OperationContext, call: CallContext, destroyOld: boolean): Promise<RewrapResult> {
  const { decision } = await authorize(context, call, 'keys.rewrap')
  const facts = { operationId: newOperationId(), caller: call.identity, operation: 'keys.rewrap' }
  await context.audit.append({
    kind: 'intent',
    ...facts,
    ...decision,
    reason: destroyOld ? 'the old wrapping keys are destroyed after it' : 'the old wrapping keys stay',
  })
  let result: RewrapResult
  try {
    // A crash in here leaves seeds under both wrapping keys, and both keys in the token: everything signs, and the next rewrap ends it.
    result = await context.keys.rewrap({ destroyOld })
  } catch (thrown) {
    const error = toSealstoneError(thrown)
    await context.audit.append({ kind: 'outcome', ...facts, result: 'error', errorCode: error.code })
    throw error
  }
  const { wrappingKey, seeds, destroyed } = result
  const gone = destroyed.length === 0 ? '' : `; destroyed ${destroyed.join(', ')}`
  await context.audit.append({
    kind: 'outcome',
    ...facts,
    result: 'ok',
    reason: `${seeds} seeds are sealed by wrapping key ${wrappingKey.number}, ${wrappingKey.ckaId}${gone}`,
  })
  return result
}
