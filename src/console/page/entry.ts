/** One entry as the page shows it: what is in it, in plain words. */
import { fromBase64, utf8 } from '#core'
import type { EntryJudgement } from './judgement.ts'

export interface Entry {
  readonly index: string
  readonly bytes: Uint8Array
  /** The members of the leaf, unchecked: it is text from a server until the entry is verified. */
  readonly leaf: LeafFacts
  readonly text: string
  readonly judgement?: EntryJudgement
}

export interface LeafFacts {
  readonly [name: string]: unknown
  readonly time?: string
  readonly kind?: string
  readonly operation?: string
  readonly operationId?: string
  readonly caller?: string
  readonly key?: string
  readonly keyVersion?: number
  readonly modelName?: string
  readonly predicateType?: string
  readonly result?: string
  readonly errorCode?: string
  readonly reason?: string
  readonly decision?: string
}

export interface EntryAnswer {
  readonly entries: readonly { readonly index: string; readonly leaf?: string; readonly bytes?: string }[]
  readonly next?: string
}

export function toEntry({ index, leaf, bytes }: EntryAnswer['entries'][number]): Entry {
  const text = leaf ?? ''
  return { index, text, bytes: leaf === undefined ? fromBase64(bytes ?? '') : utf8(leaf), leaf: readFacts(text) }
}

/** `signed`, `signing began`, `keys.rotate refused`. */
export function summary({ kind, operation, result, decision }: LeafFacts): string {
  const verb = VERBS[operation ?? '']
  if (kind === 'intent') return verb === undefined ? `${operation} began` : `${verb.began}`
  if (kind === 'outcome')
    return result === 'ok' ? (verb?.done ?? `${operation} done`) : result === 'unknown' ? `${operation}: outcome unknown` : `${operation} failed`
  if (kind === 'refused') return `${operation} refused`
  if (kind === 'decision') return `${operation} ${text(decision)}`
  return WORDS[kind ?? ''] ?? [operation, kind].filter(Boolean).join(', ')
}

/** What an entry is for the eye: one of few. */
export function tone({ kind, result, decision }: LeafFacts): 'good' | 'bad' | 'odd' | 'plain' {
  if (kind === 'refused' || kind === 'login-refused' || result === 'error' || decision === 'blocked') return 'bad'
  if (result === 'unknown' || decision === 'warned' || ODD.has(kind ?? '')) return 'odd'
  return kind === 'outcome' ? 'good' : 'plain'
}

export function subject({ modelName, predicateType, reason, kind }: LeafFacts): string {
  return text(modelName) || text(predicateType) || (kind === 'intent' ? '' : text(reason))
}

export function keyText({ key, keyVersion }: LeafFacts): string {
  return key === undefined ? '' : keyVersion === undefined ? text(key) : `${text(key)} v${keyVersion}`
}

/** A member that should be text and came from elsewhere. */
export function text(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
}

function readFacts(source: string): LeafFacts {
  try {
    const value: unknown = JSON.parse(source)
    return typeof value === 'object' && value !== null ? (value as LeafFacts) : {}
  } catch {
    return {}
  }
}

const ODD = new Set(['recovery', 'crash-found', 'clock-step', 'config-changed'])
const VERBS: Readonly<Record<string, { readonly began: string; readonly done: string }>> = {
  sign: { began: 'signing began', done: 'signed' },
  'keys.create': { began: 'making a key began', done: 'key made' },
  'keys.rotate': { began: 'rotation began', done: 'key rotated' },
  'trust.issue': { began: 'trust file began', done: 'trust file issued' },
}
const WORDS: Readonly<Record<string, string>> = {
  'log-start': 'log began',
  'key-created': 'key made',
  'daemon-start': 'daemon started',
  'daemon-stop': 'daemon stopped',
  recovery: 'recovered after a crash',
  verify: 'verified a signature',
  'verify-summary': 'verifications, counted',
  'login-refused': 'login to the token refused',
  'config-changed': 'configuration changed',
  'crash-found': 'crash found',
  'clock-step': 'clock was set',
  'log-export': 'log exported',
}
