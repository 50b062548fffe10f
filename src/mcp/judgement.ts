/** What the operator's trust file says of something from the log: the daemon is asked, and not simply believed. */
import { z } from 'zod'
import type { LogTrust } from '#client/offline'
import type { Service } from './service.ts'
import { Untrusted, untrusted } from './untrusted.ts'

export const JudgementShape = z.strictObject({
  status: z.enum(['passed', 'failed', 'not-checked']).describe('not-checked: this server was started without a trust file'),
  reason: Untrusted,
})

export async function judged(
  service: Service,
  judge: (trust: LogTrust['trust']) => { readonly status: string; readonly reason: string },
): Promise<z.output<typeof JudgementShape>> {
  const trust = await service.logTrust()
  if (trust === undefined) return { status: 'not-checked', reason: untrusted('no trust file says which log to believe') }
  const { status, reason } = judge(trust)
  return { status: status === 'passed' ? 'passed' : 'failed', reason: untrusted(reason) }
}
