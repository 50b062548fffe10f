/** Whose signatures under a checkpoint a review believes, and what a trust file says of the keys that the log names. */
import { LIMITS } from '#core'
import { judgeKeyState, parseTrustFile, type TrustedLog, trustedLog, type TrustFile } from '#envelopes'
import { nativeEngine } from '#suites/native'
import { readDocument } from './read-document.ts'

export interface ReviewTrust extends TrustedLog {
  /** What became of a key version; undefined if the trust file does not know it. */
  judgeKey(name: string, version: number, signedAt: string): KeyJudgement | undefined
}

export interface KeyJudgement {
  /** Whether it could sign at that time. */
  readonly usable: boolean
  readonly reason: string
  /** Its state now, and since when. */
  readonly state: string
  readonly since?: string
}

/** One that has expired still says whose log it was. Throws TRUST_INVALID. */
export function readReviewTrust(document: Uint8Array): ReviewTrust {
  const engine = nativeEngine()
  const trust = parseTrustFile(document, engine)
  return { ...trustedLog(trust, engine), judgeKey: (name, version, signedAt) => judgeKey(trust, name, version, signedAt) }
}

/** `undefined` if there is no such file. Throws TRUST_INVALID, FILE_UNREADABLE. */
export async function loadReviewTrust(path: string): Promise<ReviewTrust | undefined> {
  const bytes = await readDocument(path, LIMITS.trustFileBytes)
  return bytes && readReviewTrust(bytes)
}

function judgeKey(trust: TrustFile, name: string, version: number, signedAt: string): KeyJudgement | undefined {
  const key = trust.keys.find((known) => known.name === name && known.version === version)
  if (key === undefined) return undefined
  const policy = trust.policies.find((known) => known.name === name)
  const { usable, reason } = judgeKeyState(key, policy, signedAt)
  const since = key.state === 'pre-active' ? undefined : key.times?.[key.state]
  return { usable, reason, state: key.state, ...(since === undefined ? {} : { since }) }
}
