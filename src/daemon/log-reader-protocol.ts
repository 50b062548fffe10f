/** What the daemon and the thread that reads the log for the console say to each other. */
import type { Activity, ActivitySpan, FoundEntries, LogSearch, TileName } from '#tlog'

export interface ReaderSetup {
  readonly database: string
  /** Directory of the leaves that were moved out of it. */
  readonly cold?: string
}

export type ReaderRequest =
  | { readonly kind: 'tile'; readonly name: TileName }
  | { readonly kind: 'search'; readonly query: LogSearch }
  | { readonly kind: 'activity'; readonly span: ActivitySpan }

export interface ReaderAnswers {
  readonly tile: Uint8Array
  readonly search: FoundEntries
  readonly activity: Activity
}

/** Sent with a number, answered under it. */
export type ReaderReply =
  | { readonly id: number; readonly value: ReaderAnswers[ReaderRequest['kind']] }
  | { readonly id: number; readonly code: string; readonly message: string }
