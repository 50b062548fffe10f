/** What is tried of a token, one step after the other, and what is said of each. Names are stable: `doctor --json` has them. */
import type { TokenValidation } from '#core'
import type { BoundSymbols } from './bound-symbols.ts'
import type { TokenInfo } from './protocol.ts'

export type ProbeStep = (typeof PROBE_STEPS)[number]

/** `absent`: the token does not claim it, so it was not tried. `skipped`: it claims it, or says nothing, and it was not tried for another reason. */
export type ProbeResult = 'works' | 'fails' | 'absent' | 'skipped'

export interface ProbeRow {
  readonly name: ProbeStep
  readonly result: ProbeResult
  /** Median over a few rounds, of one signature, one opening, one search …; see `detail`. */
  readonly ms?: number
  /** How long the key took to make. */
  readonly makeMs?: number
  readonly detail: string
  /** What to do; only with `fails`. */
  readonly hint?: string
  /** The CKR name, where the token answered one. */
  readonly returnValue?: string
  /** Of the key that was tried, as the token answers; sensitive and not extractable was asked for. */
  readonly attributes?: Readonly<Record<string, boolean>>
  /** Of `symbol binding`. */
  readonly symbols?: readonly BoundSymbols[]
  /** Of `sessions`: how many more could be opened beside those of the probe. */
  readonly count?: number
}

/** What the token says without a login; counts are absent where it does not tell. */
export interface ProbeFacts extends TokenInfo {
  readonly hardware: string
  /** Names of the set CK_TOKEN_INFO flags. */
  readonly flags: readonly string[]
  readonly maxSessions?: number
  readonly openSessions?: number
  /** Of a token with a clock, ISO 8601. */
  readonly time?: string
  readonly mechanisms: number
  readonly validations?: readonly TokenValidation[]
}

export type ProbeRequest =
  | {
      readonly kind: 'open'
      readonly modulePath: string
      /** Without links: as the system names what it has loaded. */
      readonly moduleFile: string
      readonly token: string
      readonly serial?: string
      readonly model?: string
      readonly manufacturer?: string
      readonly pinFile: string
      readonly refusedElsewhere?: string | undefined
    }
  | { readonly kind: 'login' }
  | { readonly kind: 'step'; readonly step: ProbeStep }

export type ProbeReply = { readonly facts: ProbeFacts } | { readonly row: ProbeRow } | null

/** In this order: what an earlier probe left goes first, bindings are looked at when everything was called. */
export const PROBE_STEPS = [
  'leftovers',
  'random',
  'objects',
  'sessions',
  'sign ecdsa-p256',
  'sign ecdsa-p384',
  'sign ecdsa-p521',
  'sign ed25519',
  'sign rsa3072-pss',
  'sign ml-dsa-44',
  'sign ml-dsa-65',
  'sign ml-dsa-87',
  'seal aes-256-gcm',
  'seal rsa-oaep',
  'symbol binding',
  'clean-up',
] as const
