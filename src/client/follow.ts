/** Entries of the audit log as they come, across restarts of the daemon: the one after the last that was given is always the next. */
import { cancelled, isTransient, pauseMs, pauseUnless, type SealstoneError, toSealstoneError } from '#core'
import type { EntryFilter, LogEntry } from '#tlog'
import type { ReadOptions } from './options.ts'

export interface FollowOptions extends ReadOptions {
  /** The daemon does not answer, or it answers again. Told once each time. */
  readonly onAway?: (error: SealstoneError) => void
  readonly onBack?: () => void
}

/**
 * Ends only by throwing: CANCELLED when the signal aborts, what the daemon refused, and what the first attempt met; later it waits for the daemon.
 * @param open opens a stream that waits for what comes after its last entry, and may end at any time
 */
export async function* followEntries(
  open: (filter: EntryFilter, options: ReadOptions) => AsyncIterable<LogEntry>,
  filter: EntryFilter,
  { onAway, onBack, forExport = false, ...options }: FollowOptions,
): AsyncGenerator<LogEntry> {
  const { signal } = options
  let from = filter.from
  let failures = 0
  for (let isFirst = true; ; isFirst = false) {
    try {
      const stream = open(
        { ...filter, ...(from === undefined ? {} : { from }) },
        { ...options, forExport: forExport && isFirst, timeoutMs: STREAM_MS },
      ) // an export is told of once
      for await (const entry of stream) {
        if (failures > 0) onBack?.()
        failures = 0
        from = entry.index + 1n
        yield entry
      }
      if (failures > 0) onBack?.()
      failures = 0
    } catch (thrown) {
      const error = toSealstoneError(thrown)
      // A deadline is how a stream ends whose daemon, or the way to it, was lost without a word.
      if (isFirst || !(isTransient(error) || error.code === 'DEADLINE_EXCEEDED')) throw error
      if (failures++ === 0) onAway?.(error)
      await pauseUnless(signal, pauseMs(failures))
    }
    if (signal?.aborted === true) throw cancelled(signal)
  }
}

/** Longer than the daemon keeps such a stream open. */
const STREAM_MS = 150_000
