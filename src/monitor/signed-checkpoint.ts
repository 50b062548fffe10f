/** Checkpoints of a log that somebody else keeps, opened under the log keys that the reader trusts. */
import type { LogSignatureVerifier, LogVerifierKey, OpenedCheckpoint, TileSource } from '#tlog'
import { openCheckpoint } from '#tlog'

/** The log that is meant, and the keys that must have signed what is said to be its checkpoint. */
export interface KnownLog {
  readonly origin: string
  readonly keys: readonly LogVerifierKey[]
  readonly verifier: LogSignatureVerifier
}

export interface SignedCheckpoint extends OpenedCheckpoint {
  /** As it was read: what others need to verify it too. */
  readonly note: string
}

/** Throws FORMAT_INVALID, or VERIFICATION_FAILED unless both log signatures stand. */
export function openSigned(note: string, { keys, verifier }: KnownLog): SignedCheckpoint {
  return { ...openCheckpoint(note, keys, verifier), note }
}

/** What the log says of itself now. Throws as `openSigned` does, and what the source throws. */
export async function readCheckpoint(source: TileSource, log: KnownLog): Promise<SignedCheckpoint> {
  return openSigned(await source.checkpoint(), log)
}

/** When the ML-DSA-44 log key signed it, RFC 3339. */
export function signedAt({ timestampSeconds }: OpenedCheckpoint): string {
  const date = new Date(Number(timestampSeconds) * 1000)
  return Number.isNaN(date.getTime()) ? `second ${timestampSeconds}` : date.toISOString()
}
