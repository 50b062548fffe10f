/** Whether a proof shows that a leaf is in the log, in a checkpoint that both log keys and enough witnesses signed; said in words. */
import { toSealstoneError } from '#core'
import { countCosignatures, type TlogProof, verifyTlogProof } from '#tlog'
import type { TrustedLog } from './trusted-log.ts'
import type { Check } from './verdict.ts'

export function judgeInclusion(
  proof: TlogProof,
  leaf: Uint8Array,
  { keys, verifier, witnesses, quorum }: Pick<TrustedLog, 'keys' | 'verifier' | 'witnesses' | 'quorum'>,
): Check {
  const name = 'audit-receipt'
  try {
    const { origin, size, timestampSeconds } = verifyTlogProof(proof, leaf, keys, verifier)
    const time = new Date(Number(timestampSeconds) * 1000).toISOString()
    const reason = `entry ${proof.index} of ${origin}, in its checkpoint of ${size} entries signed by both log keys at ${time}`
    if (witnesses.length === 0) return { name, status: 'passed', reason }
    const count = countCosignatures(proof.checkpoint, witnesses, verifier).length
    const cosigned = `cosignatures by ${count} of ${witnesses.length} ${witnesses.length === 1 ? 'witness' : 'witnesses'}`
    if (count < quorum) return { name, status: 'failed', reason: `receipt has ${cosigned}, the trust file wants ${quorum}` }
    return { name, status: 'passed', reason: `${reason}, with ${cosigned}` }
  } catch (thrown) {
    return { name, status: 'failed', reason: toSealstoneError(thrown).message }
  }
}
