/** What the daemon and its data plane process say to each other. Both are of one installation: nothing here is checked twice. */
import type { Identity } from '#core'
import type { Listener, LoginRefused } from '#listeners'
import type { PolicyTable } from '#policy'
import type { StreamLimits } from './streams.ts'

export interface DataPlaneSettings {
  readonly listeners: readonly Listener[]
  /** Absolute path of the database of unfinished streams. */
  readonly database: string
  /** Absolute paths below which HashPath may read. */
  readonly roots: readonly string[]
  readonly policy: PolicyTable
  readonly ticketKey: Uint8Array
  readonly streams: StreamLimits
  /** A call whose caller sends nothing for so long is ended. */
  readonly idleMs: number
}

/** A refusal that has to be in the audit log before its caller hears of it. */
export interface Refusal {
  readonly identity: Identity
  readonly operation: string
  readonly reason: string
}

/** What happened since the last report. */
export interface DataPlaneReport {
  readonly bytes: number
  readonly streams: number
  /** Calls that are over; `code` is `OK` or one of the catalogue. */
  readonly calls: readonly { readonly method: string; readonly code: string; readonly count: number }[]
}

export type ToDataPlane =
  | { readonly kind: 'start'; readonly settings: DataPlaneSettings }
  | { readonly kind: 'drain'; readonly timeoutMs: number }
  | { readonly kind: 'recorded'; readonly id: number; readonly ok: boolean }

export type FromDataPlane =
  | { readonly kind: 'ready'; readonly addresses: readonly string[] }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string; readonly hint: string }
  | { readonly kind: 'refused'; readonly id: number; readonly refusal: Refusal }
  | { readonly kind: 'login-refused'; readonly refused: LoginRefused }
  | { readonly kind: 'report'; readonly report: DataPlaneReport }
  | { readonly kind: 'drained' }
