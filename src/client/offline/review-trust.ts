/** Whose signatures under a checkpoint a review believes, and what a trust file says of the keys that the log names. */
import { LIMITS } from '#core'
import { earliestTimestamp, judgeKeyState, parseTrustFile, type TrustedLog, trustedLog, type TrustFile } from '#envelopes'
import { nativeEngine } from '#suites/native'
import { readDocument } from './read-document.ts'

export interface ReviewTrust extends TrustedLog {
  /**
   * What became of a key version; undefined if the trust file does not know it.
   * @param checkpoints signed ones that the entry of the signature was proven to be in: timestamps below them count
   */
  judgeKey(name: string, version: number, signedAt: string, checkpoints: readonly string[]): Promise<KeyJudgement | undefined>
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
  const log = trustedLog(trust, engine)
  return { ...log, judgeKey: async (name, version, ...when) => judgeKey(trust, log, name, version, ...when) }
}

/** `undefined` if there is no such file. Throws TRUST_INVALID, FILE_UNREADABLE. */
export async function loadReviewTrust(path: string): Promise<ReviewTrust | undefined> {
  const bytes = await readDocument(path, LIMITS.trustFileBytes)
  return bytes && readReviewTrust(bytes)
}

async function judgeKey(
  trust: TrustFile,
  { authorities }: TrustedLog,
  name: string,
  version: number,
  signedAt: string,
  checkpoints: readonly string[],
): Promise<KeyJudgement | undefined> {
  const key = trust.keys.find((known) => known.name === name && known.version === version)
  if (key === undefined) return undefined
  const policy = trust.policies.find((known) => known.name === name)
  const { usable, reason } = judgeKeyState(key, policy, signedAt, await stampedBy(authorities, checkpoints))
  const since = key.state === 'pre-active' ? undefined : key.times?.[key.state]
  return { usable, reason, state: key.state, ...(since === undefined ? {} : { since }) }
}

/** Undefined where no authority is trusted, as `judgeKeyState` wants it. */
async function stampedBy(authorities: TrustedLog['authorities'], checkpoints: readonly string[]): Promise<{ time: string | undefined } | undefined> {
  if (authorities.length === 0) return undefined
  const found = await Promise.all(checkpoints.map((checkpoint) => earliestTimestamp(checkpoint, authorities)))
  const [time] = found.flatMap(({ earliest }) => earliest?.time ?? []).toSorted()
  return { time }
}
