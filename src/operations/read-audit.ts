/** Reading the audit log: the newest checkpoint, entries, receipts. Who reads many entries is told in it. */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { defined, SealstoneError } from '#core'
import type { EntryFilter, LogEntry, Receipt } from '#tlog'
import { authorize } from './authorize.ts'
import type { OperationContext } from './context.ts'
import { cosignedReceipt } from './cosigned.ts'
import { ExportNotice } from './export-notice.ts'
import type { CallContext, ListOptions } from './ports.ts'

export async function getCheckpoint(context: OperationContext, call: CallContext): Promise<{ note: string; size: bigint }> {
  await authorize(context, call, 'audit.read')
  const note = context.audit.checkpoint()
  if (note === undefined) throw new SealstoneError('ENTRY_UNKNOWN', 'the log has no checkpoint yet', { hint: 'sign something first' })
  const size = BigInt(note.split('\n')[1] ?? '0') // c2sp.org/tlog-checkpoint: the second line is the size
  return { note: context.witnesses?.covering(size - 1n)?.note ?? note, size }
}

/**
 * Streams entries. Between the pages everybody else has a turn, so that a search through the whole log delays no signature; the caller's signal is looked
 * at between entries, so that a reader that vanishes costs one.
 */
export async function* listEntries(
  context: OperationContext,
  call: CallContext,
  filter: EntryFilter,
  { following, isExport = false }: ListOptions = {},
): AsyncGenerator<LogEntry> {
  const { decision } = await authorize(context, call, 'audit.read')
  const { audit } = context
  let end = audit.size()
  const told = new ExportNotice(context, { caller: call.identity, decision, filter, end, isFollowed: following !== undefined })
  if (isExport) await told.write()
  let { from, limit } = filter
  while (limit !== 0) {
    const { entries, next } = audit.page({ ...filter, ...defined({ from, limit }) }, end)
    for (const entry of entries) {
      call.signal.throwIfAborted()
      await told.count()
      yield entry
    }
    if (limit !== undefined) limit -= entries.length
    if (next === undefined) {
      if (following === undefined) return
      from = from !== undefined && from > end ? from : end
      while (audit.size() === end) {
        if (following.isOver()) return
        await wait(call.signal)
      }
      end = audit.size()
      continue
    }
    from = next
    await nextTurn()
    call.signal.throwIfAborted()
  }
}

async function wait(signal: AbortSignal): Promise<void> {
  await sleep(LOOK_AGAIN_MS, undefined, { signal }).catch((error: unknown) => {
    signal.throwIfAborted()
    throw error
  })
}

export async function getReceipt(context: OperationContext, call: CallContext, index: bigint): Promise<Receipt> {
  await authorize(context, call, 'audit.read')
  return cosignedReceipt(context, index)
}

/** Of a number in memory, which costs nothing; a follower sees an entry that much later at most. */
const LOOK_AGAIN_MS = 100
