/** SignBatch: each request is read, signed and answered by itself; one that is wrong does not keep the others from being signed. */
import { SealstoneError, toSealstoneError } from '#core'
import type { BatchResult, CallContext, Operations, SignRequest } from '#operations'
import type { ErrorTranslator, SignBatchRequest, SignBatchResponseInit, SignRequest as SignRequestMessage, SignResultInit } from '#wire'
import { signAnswerMessage, toSignRequest } from './signing-messages.ts'

export async function signBatch(
  operations: Pick<Operations, 'signBatch'>,
  translator: ErrorTranslator,
  call: CallContext,
  { requests }: SignBatchRequest,
): Promise<SignBatchResponseInit> {
  const read = requests.map(readRequest)
  const good = read.flatMap((request) => (request instanceof SealstoneError ? [] : [request]))
  const signed = good.length === 0 && read.length > 0 ? [] : [...(await operations.signBatch(call, good))]
  const results = read.map((request): BatchResult => {
    if (request instanceof SealstoneError) return { ok: false, error: request }
    return signed.shift() ?? { ok: false, error: new SealstoneError('INTERNAL', 'a request of the batch was not answered') }
  })
  return { results: results.map((result) => resultMessage(translator, result)) }
}

function readRequest(message: SignRequestMessage): SignRequest | SealstoneError {
  try {
    return toSignRequest(message)
  } catch (thrown) {
    return toSealstoneError(thrown)
  }
}

function resultMessage(translator: ErrorTranslator, result: BatchResult): SignResultInit {
  if (result.ok) return { result: 'response', response: signAnswerMessage(result.answer) }
  return { result: 'failure', failure: translator.describe(result.error) }
}
