/** The request by which a log asks a witness to cosign its checkpoint, and the witness's answers (c2sp.org/tlog-witness, `add-checkpoint`). */
import { excerpt, SealstoneError, toBase64 } from '#core'
import { parseProofHash } from './tlog-proof.ts'

export interface AddCheckpointRequest {
  /** Size of the last checkpoint that the witness cosigned, 0 for none. */
  readonly oldSize: bigint
  /** From the old size to that of the checkpoint; empty if the old size is 0 or the same. */
  readonly proof: readonly Uint8Array[]
  /** The signed note. */
  readonly checkpoint: string
}

export function formatAddCheckpoint({ oldSize, proof, checkpoint }: AddCheckpointRequest): string {
  return [`old ${oldSize}`, ...proof.map(toBase64), '', checkpoint].join('\n') // the note ends in a newline
}

/** Strict; the checkpoint is kept as it is and not opened. Throws FORMAT_INVALID or INPUT_TOO_LARGE. */
export function parseAddCheckpoint(body: string): AddCheckpointRequest {
  if (body.length > MAX_ADD_CHECKPOINT_BYTES)
    throw new SealstoneError('INPUT_TOO_LARGE', `request is ${body.length} characters, want at most ${MAX_ADD_CHECKPOINT_BYTES}`)
  const split = body.indexOf('\n\n')
  if (split < 0) throw invalid('request has no empty line before its checkpoint')
  const [first = '', ...lines] = body.slice(0, split).split('\n')
  if (!first.startsWith('old ')) throw invalid(`request begins with ${excerpt(first)}, want "old" and the size of the last cosigned tree`)
  if (lines.length > MAX_PROOF_LINES) throw invalid(`request has ${lines.length} proof lines, want at most ${MAX_PROOF_LINES}`)
  return { oldSize: parseSize(first.slice('old '.length)), proof: lines.map(parseProofHash), checkpoint: body.slice(split + 2) }
}

/** The body of a 409: the size of the last checkpoint that the witness cosigned. */
export function formatTreeSize(size: bigint): string {
  return `${size}\n`
}

/** Throws FORMAT_INVALID. */
export function parseTreeSize(body: string): bigint {
  if (!body.endsWith('\n')) throw invalid(`tree size is ${excerpt(body)}, want a decimal number and a newline`)
  return parseSize(body.slice(0, -1))
}

function parseSize(text: string): bigint {
  if (!/^(?:0|[1-9][0-9]{0,18})$/.test(text)) throw invalid(`tree size is ${excerpt(text)}, want a decimal number`)
  return BigInt(text)
}

function invalid(message: string): SealstoneError {
  return new SealstoneError('FORMAT_INVALID', message)
}

/** Of that body. */
export const TREE_SIZE_TYPE = 'text/x.tlog.size'
// Proof lines, and a checkpoint with the signatures of some cosigners, 64 of them post-quantum at most.
export const MAX_ADD_CHECKPOINT_BYTES = 256 * 1024
const MAX_PROOF_LINES = 63
