/** Reading the audit log: the newest checkpoint, entries, receipts. Nothing here writes a leaf but a refusal. */
import { SealstoneError } from '#core'
import type { EntryFilter, LogEntry, Receipt } from '#tlog'
import { authorize } from './authorize.ts'
import type { OperationContext } from './context.ts'
import type { CallContext } from './ports.ts'

export async function getCheckpoint(context: OperationContext, call: CallContext): Promise<{ note: string; size: bigint }> {
  await authorize(context, call, 'audit.read')
  const note = context.audit.checkpoint()
  if (note === undefined) throw new SealstoneError('ENTRY_UNKNOWN', 'the log has no checkpoint yet', { hint: 'sign something first' })
  return { note, size: BigInt(note.split('\n')[1] ?? '0') } // c2sp.org/tlog-checkpoint: the second line is the size
}

/** Streams entries; the caller's signal is looked at between them, so a reader that vanishes costs one entry. */
export async function* listEntries(context: OperationContext, call: CallContext, filter: EntryFilter): AsyncGenerator<LogEntry> {
  await authorize(context, call, 'audit.read')
  for (const entry of context.audit.entries(filter)) {
    call.signal.throwIfAborted()
    yield entry
  }
}

export async function getReceipt(context: OperationContext, call: CallContext, index: bigint): Promise<Receipt> {
  await authorize(context, call, 'audit.read')
  return context.audit.receipt(index)
}
