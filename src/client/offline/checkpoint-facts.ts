/** Checkpoints and receipts that the daemon or somebody else gave: what they say, and whether the trust file bears it out. */
import { toHex, toSealstoneError } from '#core'
import { type Check, judgeInclusion, trustedLog, type TrustFile } from '#envelopes'
import { nativeEngine } from '#suites/native'
import { decodeCheckpoint, openCheckpoint, parseNote, parseTlogProof, type Receipt } from '#tlog'

export interface CheckpointFacts {
  /** The log's name. */
  readonly origin: string
  /** Entries that it covers. */
  readonly size: bigint
  /** Hex, 32 bytes. */
  readonly root: string
  /** Names of those who signed it; the log itself does so twice. */
  readonly signers: readonly string[]
}

/** Nothing is verified. Throws FORMAT_INVALID. */
export function checkpointFacts(note: string): CheckpointFacts {
  const { text, signatures } = parseNote(note)
  const { origin, size, root } = decodeCheckpoint(text)
  return { origin, size, root: toHex(root), signers: signatures.map(({ name }) => name) }
}

export function judgeCheckpoint(note: string, trust: TrustFile): Pick<Check, 'status' | 'reason'> {
  const { keys, verifier } = trustedLog(trust, nativeEngine())
  try {
    const { origin, timestampSeconds } = openCheckpoint(note, keys, verifier)
    return { status: 'passed', reason: `both keys of ${origin} signed it at ${new Date(Number(timestampSeconds) * 1000).toISOString()}` }
  } catch (thrown) {
    return { status: 'failed', reason: toSealstoneError(thrown).message }
  }
}

/** Whether the entry is in the log by the keys of the trust file. Throws FORMAT_INVALID, INPUT_TOO_LARGE. */
export function judgeReceipt({ leaf, proof }: Receipt, trust: TrustFile): Pick<Check, 'status' | 'reason'> {
  return judgeInclusion(parseTlogProof(proof), leaf, trustedLog(trust, nativeEngine()))
}
