/** Checkpoints of a log that somebody else keeps, opened under the log keys that the reader trusts. */
import { SealstoneError } from '#core'
import {
  countCosignatures,
  type LogSignatureVerifier,
  type LogVerifierKey,
  type OpenedCheckpoint,
  openCheckpoint,
  type TileSource,
  type Witness,
} from '#tlog'

/** The log that is meant, and the keys that must have signed what is said to be its checkpoint. */
export interface KnownLog {
  readonly origin: string
  readonly keys: readonly LogVerifierKey[]
  readonly verifier: LogSignatureVerifier
  readonly witnesses: readonly Witness[]
  /** So many of them must have cosigned what the log says of itself now; 0: none. */
  readonly quorum: number
}

export interface SignedCheckpoint extends OpenedCheckpoint {
  /** As it was read: what others need to verify it too. */
  readonly note: string
}

/** Throws FORMAT_INVALID, or VERIFICATION_FAILED unless both log signatures stand. */
export function openSigned(note: string, { keys, verifier }: KnownLog): SignedCheckpoint {
  return { ...openCheckpoint(note, keys, verifier), note }
}

/** What the log says of itself now. Throws as `openSigned` does, VERIFICATION_FAILED below the quorum of witnesses, and what the source throws. */
export async function readCheckpoint(source: TileSource, log: KnownLog): Promise<SignedCheckpoint> {
  const checkpoint = openSigned(await source.checkpoint(), log)
  const fault = quorumFault(checkpoint, log)
  if (fault === undefined) return checkpoint
  throw new SealstoneError('VERIFICATION_FAILED', fault, { hint: 'without its witnesses a log may show others another history; ask its operator' })
}

/** In words, or undefined where enough witnesses cosigned. What was kept from before there were witnesses is not asked for them. */
export function quorumFault({ note, origin, size }: SignedCheckpoint, { witnesses, quorum, verifier }: KnownLog): string | undefined {
  if (quorum === 0) return undefined
  const count = countCosignatures(note, witnesses, verifier).length
  return count >= quorum
    ? undefined
    : `the checkpoint of ${origin} at size ${size} has cosignatures by ${count} witnesses, the trust file wants ${quorum}`
}

/** When the ML-DSA-44 log key signed it, RFC 3339. */
export function signedAt({ timestampSeconds }: OpenedCheckpoint): string {
  const date = new Date(Number(timestampSeconds) * 1000)
  return Number.isNaN(date.getTime()) ? `second ${timestampSeconds}` : date.toISOString()
}
