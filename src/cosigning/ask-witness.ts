/** One request to one witness (c2sp.org/tlog-witness): its cosignatures, or the size that it knows. Bounded in time and length. */
import { innermostReason, readBounded, SealstoneError, utf8Text } from '#core'
import { type AddCheckpointRequest, formatAddCheckpoint, type NoteSignature, parseSignatureLines, parseTreeSize } from '#tlog'

export type WitnessAnswer =
  | { readonly kind: 'cosigned'; readonly lines: readonly NoteSignature[] }
  /** It cosigned a tree of this size last. */
  | { readonly kind: 'size'; readonly size: bigint }

/** @param url the submission prefix. Throws WITNESS_FAILED with what the witness said, or why it said nothing. */
export async function askWitness(url: string, request: AddCheckpointRequest, signal: AbortSignal): Promise<WitnessAnswer> {
  let response: Response
  let body: string
  try {
    response = await fetch(`${url.replace(/\/+$/, '')}/add-checkpoint`, {
      method: 'POST',
      body: formatAddCheckpoint(request),
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      redirect: 'error',
      signal,
    })
    body = utf8Text(await readBounded(response, MAX_ANSWER_BYTES))
  } catch (cause) {
    throw failed(signal.aborted ? 'it does not answer in time' : `it cannot be reached (${innermostReason(cause)})`, cause)
  }
  if (response.status === 200) return { kind: 'cosigned', lines: read(() => parseSignatureLines(body)) }
  if (response.status === 409) return { kind: 'size', size: read(() => parseTreeSize(body)) }
  // Its words go into our log: one line, and not without end.
  throw failed(`it answers ${response.status}: ${JSON.stringify(body.trim().slice(0, 200))}`)
}

function read<Result>(parse: () => Result): Result {
  try {
    return parse()
  } catch (cause) {
    throw failed(`its answer is malformed: ${(cause as Error).message}`, cause)
  }
}

function failed(message: string, cause?: unknown): SealstoneError {
  return new SealstoneError('WITNESS_FAILED', message, cause === undefined ? {} : { cause })
}

const MAX_ANSWER_BYTES = 64 * 1024
