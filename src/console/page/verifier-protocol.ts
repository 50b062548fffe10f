/** What the visible page and the verifying thread say to each other. */
import type { EntryJudgement, LogJudgement, PinnedKeys, ProofDrawing, TrustJudgement } from './judgement.ts'
import type { ShownEntry } from './log-check.ts'

export interface VerifierCalls {
  readonly check: { readonly entries: readonly ShownEntry[] }
  readonly draw: { readonly index: string; readonly bytes: Uint8Array }
  /** Pins the log keys of a reviewer's own trust file, or, without one, those that the server shows. */
  readonly pin: { readonly file?: Uint8Array }
}

export interface VerifierAnswers {
  readonly check: readonly EntryJudgement[]
  readonly draw: ProofDrawing
  readonly pin: PinnedKeys
}

export type VerifierRequest = {
  [Kind in keyof VerifierCalls]: { readonly id: number; readonly kind: Kind; readonly call: VerifierCalls[Kind] }
}[keyof VerifierCalls]

export type VerifierReply =
  | { readonly id: number; readonly value: VerifierAnswers[keyof VerifierAnswers] }
  | { readonly id: number; readonly error: string }

/** What the thread says without being asked. */
export type News =
  | { readonly news: 'trust'; readonly trust: TrustJudgement }
  | { readonly news: 'log'; readonly log: LogJudgement }
  | { readonly news: 'connection'; readonly isOpen: boolean }
  | { readonly news: 'signed-out' }
