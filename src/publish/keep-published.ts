/** Keeps a directory up to date with a log that grows: what came within a second is published together. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { TileSource } from '#tlog'
import { publishLog, type PublishReport } from './publish-log.ts'

export interface KeepPublishedOptions {
  readonly source: TileSource
  readonly directory: string
  /** Ends it, after what is there by then was published. */
  readonly signal: AbortSignal
  readonly onPublished: (report: PublishReport) => void
  /** It is tried again, at last every half minute. */
  readonly onFailure: (error: unknown) => void
}

/** Resolves once the signal has ended it; never rejects. */
export async function keepPublished({ source, directory, signal, onPublished, onFailure }: KeepPublishedOptions): Promise<void> {
  let published: string | undefined
  for (let failures = 0; ; ) {
    const isLast = signal.aborted
    try {
      const note = await source.checkpoint()
      if (note !== published) {
        onPublished(await publishLog({ source, directory }))
        published = note
      }
      failures = 0
    } catch (error) {
      failures++
      onFailure(error)
    }
    if (isLast) return
    await pause(Math.min(EVERY_MS * 2 ** Math.min(failures, 10), MOST_PAUSE_MS), signal)
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return sleep(ms, undefined, { signal }).catch(() => undefined) // woken by the signal
}

const EVERY_MS = 1000
const MOST_PAUSE_MS = 30_000
