/** Whose log keys an audit command believes: --trust, or the trust file of the state directory, or what the daemon itself says. */
import { join } from 'node:path'
import type { Client } from '#client'
import { loadReviewTrust, readReviewTrust, type ReviewTrust } from '#client/offline'
import { SealstoneError } from '#core'
import type { Output } from '../output.ts'

export async function openReviewTrust(
  home: string,
  path: string | undefined,
  client: Client,
  output: Output,
  signal: AbortSignal,
): Promise<ReviewTrust> {
  const kept = await loadReviewTrust(path ?? join(home, 'trust.json'))
  if (kept !== undefined) return kept
  if (path !== undefined) throw new SealstoneError('TRUST_MISSING', `there is no trust file at ${path}`)
  output.warn("the log's keys are those that the daemon itself says; pass --trust with a trust file that you got in another way")
  return readReviewTrust(await client.getTrust({ signal }))
}
