/** Whether a proof shows that a leaf is in the log, in a checkpoint that both log keys signed; said in words. */
import { toSealstoneError } from '#core'
import { type TlogProof, verifyTlogProof } from '#tlog'
import type { TrustedLog } from './trusted-log.ts'
import type { Check } from './verdict.ts'

export function judgeInclusion(proof: TlogProof, leaf: Uint8Array, { keys, verifier }: Pick<TrustedLog, 'keys' | 'verifier'>): Check {
  const name = 'audit-receipt'
  try {
    const { origin, size, timestampSeconds } = verifyTlogProof(proof, leaf, keys, verifier)
    const time = new Date(Number(timestampSeconds) * 1000).toISOString()
    const reason = `entry ${proof.index} of ${origin}, in its checkpoint of ${size} entries signed by both log keys at ${time}`
    return { name, status: 'passed', reason }
  } catch (thrown) {
    return { name, status: 'failed', reason: toSealstoneError(thrown).message }
  }
}
