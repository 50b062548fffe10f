/** Has a checkpoint timestamped every so often, while there is a new one; never in the way of anything. */
import { type Clock, type Logger, toSealstoneError } from '#core'
import { decodeCheckpoint, parseNote } from '#tlog'
import { type Authority, timestampNote } from './ask-authority.ts'

export interface StampedNote {
  readonly size: bigint
  /** The signed checkpoint, its timestamp among the lines below. */
  readonly note: string
  /** Milliseconds since 1970: what the timestamp says. */
  readonly time: number
}

export interface StampKeeper {
  newestStamped(): StampedNote | undefined
  saveStamped(note: StampedNote): void
}

export interface StampingOptions {
  /** The checkpoint to be timestamped: the newest, or the newest with a quorum of witnesses; undefined if there is none yet. */
  readonly checkpoint: () => string | undefined
  readonly keeper: StampKeeper
  readonly authority: Authority
  readonly everyMs: number
  readonly clock: Clock
  readonly logger: Logger
  readonly onAnswer?: (result: 'ok' | 'failed') => void
}

export interface Stamping {
  close(): Promise<void>
}

/** A failure is told and tried again, after a minute at the latest. A crash in between costs one timestamp. */
export function startStamping({ checkpoint, keeper, authority, everyMs, clock, logger, onAnswer }: StampingOptions): Stamping {
  const stop = new AbortController()
  let running: Promise<void> | undefined
  const stamp = async (): Promise<void> => {
    const note = checkpoint()
    const last = keeper.newestStamped()
    if (note === undefined) return
    const { size } = decodeCheckpoint(parseNote(note).text)
    if (last !== undefined && (size <= last.size || clock.now().getTime() < last.time + everyMs)) return
    try {
      const { note: stamped, time } = await timestampNote(note, authority, clock, AbortSignal.any([stop.signal, AbortSignal.timeout(TIMEOUT_MS)]))
      keeper.saveStamped({ size, note: stamped, time: time.getTime() })
      onAnswer?.('ok')
      logger.info({ authority: authority.name, size: String(size), time: time.toISOString() }, 'a checkpoint was timestamped')
    } catch (thrown) {
      if (stop.signal.aborted) return
      onAnswer?.('failed')
      logger.warn({ authority: authority.name, error: toSealstoneError(thrown).message }, 'a checkpoint could not be timestamped')
    }
  }
  const look = (): void => {
    running ??= stamp()
      .catch((error: unknown) => logger.error({ error: toSealstoneError(error).message }, 'timestamps cannot be kept'))
      .finally(() => {
        running = undefined
      })
  }
  const timer = setInterval(look, Math.min(everyMs, LOOK_MS)).unref()
  look()
  return {
    close: async () => {
      clearInterval(timer)
      stop.abort()
      await running
    },
  }
}

const LOOK_MS = 60_000
const TIMEOUT_MS = 20_000
