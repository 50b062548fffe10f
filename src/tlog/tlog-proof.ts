/** Proofs that stand alone (c2sp.org/tlog-proof@v1): entry index, inclusion proof and signed checkpoint in one text. */
import { excerpt, fromBase64, SealstoneError, toBase64 } from '#core'
import { type LogSignatureVerifier, type OpenedCheckpoint, openCheckpoint } from './checkpoint.ts'
import { HASH_BYTES, leafHash } from './merkle.ts'
import { verifyInclusion } from './proofs.ts'
import type { LogVerifierKey } from './verifier-key.ts'

export interface TlogProof {
  /** Zero-based index of the entry in the log. */
  readonly index: bigint
  /** From the leaf's sibling up to a child of the root. */
  readonly hashes: readonly Uint8Array[]
  /** The signed note, verbatim. */
  readonly checkpoint: string
  /** Opaque and not authenticated. */
  readonly extra?: Uint8Array
}

/** What a caller keeps: the leaf's bytes and the proof that they are in the log. */
export interface Receipt {
  /** Canonical JSON, see leaf.ts. */
  readonly leaf: Uint8Array
  /** c2sp.org/tlog-proof@v1 with the signed checkpoint. */
  readonly proof: string
}

export function formatTlogProof({ index, hashes, checkpoint, extra }: TlogProof): string {
  const lines = [
    HEADER,
    ...(extra === undefined ? [] : [`extra ${toBase64(extra)}`]),
    `index ${index}`,
    ...hashes.map(toBase64),
    '',
    checkpoint, // ends in a newline
  ]
  return lines.join('\n')
}

/** The receipt as one text that stands alone: the leaf is its `extra` data, which is believed only as far as the proof goes. */
export function standaloneProof({ leaf, proof }: Receipt): string {
  return formatTlogProof({ ...parseTlogProof(proof), extra: leaf })
}

/** Strict; the checkpoint is kept as it is and not opened. Throws FORMAT_INVALID or INPUT_TOO_LARGE. */
export function parseTlogProof(text: string): TlogProof {
  if (text.length > MAX_PROOF_LENGTH)
    throw new SealstoneError('INPUT_TOO_LARGE', `proof is ${text.length} characters, want at most ${MAX_PROOF_LENGTH}`)
  const split = text.indexOf('\n\n')
  if (split < 0) throw invalid('proof has no blank line before its checkpoint')
  const [header, ...lines] = text.slice(0, split).split('\n')
  if (header !== HEADER) throw invalid(`proof begins with ${excerpt(header ?? '')}, want ${HEADER}`)
  const extra = lines[0]?.startsWith('extra ') === true ? fromBase64((lines.shift() as string).slice('extra '.length)) : undefined
  const [, index] = /^index (0|[1-9][0-9]{0,18})$/.exec(lines[0] ?? '') ?? []
  if (index === undefined) throw invalid(`index line is ${excerpt(lines[0] ?? '')}, want "index" and a decimal number`)
  const hashes = lines.slice(1).map(parseProofHash)
  if (hashes.length > MAX_HASHES) throw invalid(`proof has ${hashes.length} hashes, want at most ${MAX_HASHES}`)
  return { index: BigInt(index), hashes, checkpoint: text.slice(split + 2), ...(extra === undefined ? {} : { extra }) }
}

/** Throws VERIFICATION_FAILED unless both log signatures stand and the leaf is in the tree that they speak of. */
export function verifyTlogProof(
  proof: TlogProof,
  leaf: Uint8Array,
  keys: readonly LogVerifierKey[],
  verifier: LogSignatureVerifier,
): OpenedCheckpoint {
  const checkpoint = openCheckpoint(proof.checkpoint, keys, verifier)
  const { index, hashes } = proof
  if (!verifyInclusion({ index, size: checkpoint.size, leafHash: leafHash(leaf), proof: hashes, root: checkpoint.root })) {
    throw new SealstoneError('VERIFICATION_FAILED', `entry ${index} is not proven to be in ${excerpt(checkpoint.origin)} at size ${checkpoint.size}`)
  }
  return checkpoint
}

/** One line of a proof. Throws FORMAT_INVALID. */
export function parseProofHash(line: string): Uint8Array {
  const hash = fromBase64(line)
  if (hash.length !== HASH_BYTES) throw invalid(`proof hash is ${hash.length} bytes, want ${HASH_BYTES}`)
  return hash
}

function invalid(message: string): SealstoneError {
  return new SealstoneError('FORMAT_INVALID', message)
}

const HEADER = 'c2sp.org/tlog-proof@v1'
const MAX_HASHES = 63
const MAX_PROOF_LENGTH = 1024 * 1024
