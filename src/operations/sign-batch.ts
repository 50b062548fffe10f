/** Signs many in one call, each with its own answer or error; the log and the key host are used for all of them together. */
import { LIMITS, SealstoneError, spanned, toSealstoneError } from '#core'
import type { OperationContext } from './context.ts'
import type { CallContext, SignAnswer, SignRequest } from './ports.ts'
import { type RunningSignings, signModel } from './sign-model.ts'
import { BatchPath } from './signing-path.ts'

export type BatchResult = { readonly ok: true; readonly answer: SignAnswer } | { readonly ok: false; readonly error: SealstoneError }

/** In the order of the requests. Throws only for a batch that is empty or too large; CANCELLED or DEADLINE_EXCEEDED when the caller is gone. */
export async function signBatch(
  context: OperationContext,
  running: RunningSignings,
  call: CallContext,
  requests: readonly SignRequest[],
): Promise<BatchResult[]> {
  if (requests.length < 1 || requests.length > LIMITS.batchSignings)
    throw new SealstoneError('INPUT_INVALID', `the batch has ${requests.length} requests, want 1 to ${LIMITS.batchSignings}`)
  call.signal.throwIfAborted()
  const batch = new BatchPath(context.keys, requests.length)
  return Promise.all(
    requests.map(async (request): Promise<BatchResult> => {
      try {
        const member = batch.member()
        const answer = await spanned(call.span, 'sign', (span) => signModel(context, running, { ...call, span }, request, member))
        return { ok: true, answer }
      } catch (thrown) {
        return { ok: false, error: toSealstoneError(thrown) }
      }
    }),
  )
}
