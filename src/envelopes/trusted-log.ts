/** What a trust file says of its audit log: which keys must have signed a checkpoint, and what verifies them. */
import { fromBase64 } from '#core'
import { type Engine, logSignatureVerifier } from '#suites'
import { type LogSignatureVerifier, type LogVerifierKey, parseVerifierKey, parseWitness, type Witness } from '#tlog'
import type { TrustFile } from './trust/trust-file.ts'

export interface TrustedLog {
  readonly origin: string
  /** One Ed25519 and one ML-DSA-44 key, both with the origin as their name. */
  readonly keys: readonly LogVerifierKey[]
  readonly verifier: LogSignatureVerifier
  readonly witnesses: readonly Witness[]
  /** So many of them must have cosigned; 0: none. */
  readonly quorum: number
  /** Whose timestamps are believed. */
  readonly authorities: readonly { readonly name: string; readonly roots: readonly Uint8Array[] }[]
}

export function trustedLog({ log }: TrustFile, engine: Engine): TrustedLog {
  return { ...parseTrustedLog(log), verifier: logSignatureVerifier(engine) }
}

export function parseTrustedLog(log: TrustFile['log']): Omit<TrustedLog, 'verifier'> {
  return {
    origin: log.origin,
    keys: log.keys.map(parseVerifierKey),
    witnesses: log.witnesses?.map(({ keys }) => parseWitness(keys)) ?? [],
    quorum: log.quorum ?? 0,
    authorities: log.authorities?.map(({ name, roots }) => ({ name, roots: roots.map(fromBase64) })) ?? [],
  }
}
