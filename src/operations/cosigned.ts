/** Receipts with the cosignatures of witnesses: a wait for them where the daemon is told to, which never makes a signature fail. */
import { replaceReceipt } from '#envelopes'
import type { Receipt } from '#tlog'
import type { OperationContext } from './context.ts'
import type { SignAnswer } from './ports.ts'

/** The witnesses of the log, where there are any. */
export interface WitnessPort {
  /** How long an answer may wait for a quorum. */
  readonly waitMs: number
  /** Resolves when a quorum covers the entry, or after so long. */
  waitFor(index: bigint, milliseconds: number): Promise<void>
  /** The best cosigned checkpoint that covers the entry. */
  covering(index: bigint): { readonly note: string } | undefined
}

/**
 * The same answer with a newer receipt: what was signed is not touched, and the stored answer stays as it is. A crash while waiting loses only
 * the reply, as any crash after the outcome does.
 */
export async function cosignedAnswer({ witnesses, audit }: OperationContext, answer: SignAnswer): Promise<SignAnswer> {
  const { leafIndex: index } = answer
  if (witnesses === undefined || witnesses.waitMs === 0) return answer
  await witnesses.waitFor(index, witnesses.waitMs)
  if (witnesses.covering(index) === undefined) return answer
  const receipt = await audit.receipt(index)
  return { ...answer, receipt, hybridSig: replaceReceipt(answer.hybridSig, receipt) }
}

/** The entry is covered by a checkpoint first, which the witnesses can then cosign. */
export async function cosignedReceipt({ witnesses, audit }: OperationContext, index: bigint): Promise<Receipt> {
  const receipt = await audit.receipt(index)
  if (witnesses === undefined || witnesses.waitMs === 0) return receipt
  await witnesses.waitFor(index, witnesses.waitMs)
  return audit.receipt(index)
}
