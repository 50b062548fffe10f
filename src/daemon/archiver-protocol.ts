/** What the daemon and the thread that moves old entries say to each other. */
import type { LogVerifierKey } from '#tlog'
import type { ArchiveProgress, WantedEntries } from './archive-work.ts'

export interface ArchiverSetup {
  readonly database: string
  /** Of the cold storage; absolute. */
  readonly directory: string
  readonly log: { readonly origin: string; readonly keys: readonly LogVerifierKey[] }
  readonly wanted: WantedEntries
}

/** `move` is answered with progress and at last `moved`; `stop` ends it after the step that it is in. */
export type ArchiverRequest = 'move' | 'stop'

export type ArchiverNews =
  | { readonly kind: 'plan'; readonly start: bigint; readonly end: bigint; readonly size: bigint; readonly reason: string }
  | ({ readonly kind: 'progress' } & ArchiveProgress)
  | { readonly kind: 'moved'; readonly moved: number; readonly bytesBefore: number; readonly bytesAfter: number }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string; readonly hint: string }
