/** Whether a proof shows that a leaf is in the log, in a checkpoint that both log keys and enough witnesses signed; said in words. */
import { toSealstoneError } from '#core'
import { judgeQuorum, type TlogProof, verifyTlogProof } from '#tlog'
import type { TrustedLog } from './trusted-log.ts'
import type { Check } from './verdict.ts'

export function judgeInclusion(proof: TlogProof, leaf: Uint8Array, log: Pick<TrustedLog, 'keys' | 'verifier' | 'witnesses' | 'quorum'>): Check {
  const name = 'audit-receipt'
  try {
    const { origin, size, timestampSeconds } = verifyTlogProof(proof, leaf, log.keys, log.verifier)
    const time = new Date(Number(timestampSeconds) * 1000).toISOString()
    const reason = `entry ${proof.index} of ${origin}, in its checkpoint of ${size} entries signed by both log keys at ${time}`
    const quorum = judgeQuorum(proof.checkpoint, log)
    if (quorum?.isEnough === false) return { name, status: 'failed', reason: `receipt has ${quorum.cosigned}, the trust file wants ${log.quorum}` }
    return { name, status: 'passed', reason: quorum === undefined ? reason : `${reason}, with ${quorum.cosigned}` }
  } catch (thrown) {
    return { name, status: 'failed', reason: toSealstoneError(thrown).message }
  }
}
