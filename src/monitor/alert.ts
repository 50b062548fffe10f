/** What a monitor tells: of the log as a whole, of one entry, or of a rule that matched. */
import type { JsonObject } from '#core'
import { type Leaf, leafJson } from '#tlog'

export type Severity = (typeof SEVERITIES)[number]

export type AlertKind =
  // Of the log as a whole: nothing of it is believed until they are gone, and they are found again in every round.
  | 'fork'
  | 'rollback'
  | 'checkpoint-invalid'
  | 'entries-changed'
  | 'part-missing'
  | 'stale'
  | 'no-quorum'
  | 'unreachable'
  // Of an entry, told once.
  | 'entry-unreadable'
  | 'time-backwards'
  | 'outcome-without-intent'
  | 'intent-open'
  | 'rule'
  | 'more'

export interface Alert {
  readonly kind: AlertKind
  readonly severity: Severity
  /** One line, lower case. */
  readonly message: string
  readonly index?: bigint
  /** The entry that it is about. */
  readonly leaf?: Leaf
  /** Name of the rule. */
  readonly rule?: string
  /** What anybody needs to see the same. */
  readonly evidence?: readonly EvidenceFile[]
}

export interface EvidenceFile {
  /** Comes from the content: the same evidence is kept once. */
  readonly name: string
  readonly text: string
}

/** Facts of the log and of nobody's choosing: a monitor that meets one ends with exit code 1 unless it was told to go on. */
export function isSerious({ severity }: Alert): boolean {
  return severity !== 'info'
}

/** As it is printed with --json, posted to a webhook and kept until it was delivered. */
export type AlertRecord = {
  readonly event: 'alert'
  readonly log: string
  /** When it was found: RFC 3339. */
  readonly time: string
  readonly kind: AlertKind
  readonly severity: Severity
  readonly message: string
  readonly rule?: string
  readonly index?: string
  readonly entry?: JsonObject
  /** Paths of files. */
  readonly evidence?: readonly string[]
}

export function alertRecord(
  { kind, severity, message, index, leaf, rule }: Alert,
  log: string,
  time: string,
  evidence: readonly string[],
): AlertRecord {
  return {
    event: 'alert',
    log,
    time,
    kind,
    severity,
    message,
    ...(rule === undefined ? {} : { rule }),
    ...(index === undefined ? {} : { index: String(index) }),
    ...(leaf === undefined ? {} : { entry: leafJson(leaf) }),
    ...(evidence.length === 0 ? {} : { evidence }),
  }
}

/** Keeps what one round may tell in bounds, whatever the log holds. */
export class AlertList {
  readonly alerts: Alert[] = []
  #more = 0

  add(alert: Alert): void {
    if (this.alerts.length < MAX_ALERTS) this.alerts.push(alert)
    else this.#more++
  }

  finish(): Alert[] {
    if (this.#more > 0)
      this.alerts.push({ kind: 'more', severity: 'critical', message: `${this.#more} more alerts in this round are not told one by one` })
    return this.alerts
  }
}

export const SEVERITIES = ['info', 'warning', 'critical'] as const
export const MAX_ALERTS = 1000
