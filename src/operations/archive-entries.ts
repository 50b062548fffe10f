/** Old entries are moved into cold storage while others sign, with intent and outcome in the log: which ones, and where to. */
import { newOperationId, SealstoneError, toSealstoneError } from '#core'
import { authorizeOwner } from './authorize.ts'
import type { OperationContext } from './context.ts'
import type { ArchiveReport, ArchiveStep, CallContext } from './ports.ts'

/** Where old entries go to. */
export interface ArchivePort {
  /** As config.toml names it. */
  readonly directory: string
  /** Throws OVERLOADED while another run is under way, CANCELLED when the signal aborts while it looks what there is to move. */
  open(wanted: WantedEntries, signal: AbortSignal): Promise<ArchiveRun>
}

/** Which entries are old enough. */
export interface WantedEntries {
  /** With a lower index. */
  readonly before?: bigint
  /** Written before. */
  readonly olderThan?: Date
}

export interface ArchiveRun extends AsyncDisposable {
  /** Entries from `start` on, before `end`; in words for the log. */
  readonly plan: { readonly start: bigint; readonly end: bigint; readonly size: bigint; readonly reason: string }
  /** What is done is done in steps that nobody waits for long; ends after one of them when the signal aborts. */
  move(signal: AbortSignal): AsyncIterable<ArchiveStep>
  /** Ends it after the step that it is in, also one that nobody read of: how many entries were taken out in all. */
  stop(): Promise<number>
}

/**
 * Ends with a report. A crash before the intent leaves nothing; one after it leaves each bundle in the database, or in cold storage and read back from there, and
 * an intent that the next start closes as `unknown`. Throws PERMISSION_DENIED, CONFIG_INVALID where there is no cold storage, and what the run throws.
 */
export async function* archiveEntries(
  context: OperationContext,
  call: CallContext,
  wanted: WantedEntries,
): AsyncGenerator<Exclude<ArchiveStep, { kind: 'moved' }> | ArchiveReport> {
  const { decision } = await authorizeOwner(context, call, 'audit.archive', 'move entries of the log')
  const { archive } = context
  if (archive === undefined)
    throw new SealstoneError('CONFIG_INVALID', 'the daemon knows no cold storage', {
      hint: 'set cold in the section [audit] of config.toml, and start the daemon again',
    })
  await using run = await archive.open(wanted, call.signal)
  const { start, end, size, reason } = run.plan
  const report = { kind: 'report', directory: archive.directory, start, end, size } as const
  if (start >= end) {
    yield { ...report, moved: 0, bytesBefore: 0, bytesAfter: 0 }
    return
  }

  const facts = { operationId: newOperationId(), caller: call.identity, operation: 'audit.archive', reason }
  await context.audit.append({ kind: 'intent', ...facts, ...decision })
  let done: ArchiveReport | undefined
  // Also of a caller who goes while it is told how far it is.
  let errorCode = 'CANCELLED'
  try {
    for await (const step of run.move(call.signal)) {
      if (step.kind === 'moved') done = { ...report, moved: step.moved, bytesBefore: step.bytesBefore, bytesAfter: step.bytesAfter }
      else yield step
    }
  } catch (thrown) {
    errorCode = toSealstoneError(thrown).code
    throw thrown
  } finally {
    // A caller who goes does not read what was moved last: nothing moves any more when the log says how much it was.
    const moved = await run.stop()
    const result = done === undefined ? ({ result: 'error', errorCode } as const) : ({ result: 'ok' } as const)
    await context.audit.append({ kind: 'outcome', ...facts, ...result, ...(moved === 0 ? {} : { count: moved }) })
    context.logger.info({ moved, directory: archive.directory, ...result }, 'old entries were moved into cold storage')
  }
  if (done !== undefined) yield done
}
