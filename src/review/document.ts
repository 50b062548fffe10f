/** A report as headings, paragraphs and tables, for those who write it down: Markdown and HTML say the same. Foreign text is still as it was. */
import type { Counted, Listed, Report, ReportedEvent } from './report.ts'

export interface Section {
  readonly title: string
  readonly paragraphs: readonly string[]
  readonly table?: Table
}

export interface Table {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
  /** This column holds counts; they may be drawn. */
  readonly countColumn?: number
}

export interface ReportDocument {
  readonly title: string
  readonly summary: readonly (readonly [name: string, value: string])[]
  readonly sections: readonly Section[]
}

export function toDocument(report: Report): ReportDocument {
  const { entries, signatures, evidence, anomalies, refusals } = report
  const refused = total(refusals)
  return {
    title: `Audit report of ${report.origin}`,
    summary: [
      ['Period', `${report.from} up to ${report.to}`],
      ['Entries', entries.first === undefined ? 'none' : `${entries.count}, from ${entries.first} to ${entries.last}`],
      ['Proof', evidence.proven ? 'every entry is proven to be in the log' : `NOT PROVEN: ${evidence.text}`],
      ['Signatures', `${signatures.made} made, ${signatures.failed} failed, ${signatures.unknown} unknown`],
      ['Refusals', String(refused)],
      ['To look at twice', anomalies.found.length === 0 ? 'nothing' : String(anomalies.found.length + anomalies.leftOut)],
      ['Made at', report.madeAt],
    ],
    sections: [
      {
        title: 'To look at twice',
        paragraphs: left(anomalies.leftOut, 'more of these kinds are not listed'),
        table: {
          head: ['What', 'When', 'Entry', 'Finding'],
          rows: anomalies.found.map(({ kind, time = '', index, text }) => [
            ANOMALY_NAMES[kind],
            time,
            index === undefined ? '' : String(index),
            text,
          ]),
        },
      },
      countedSection('Signatures by key', ['Key', 'Version'], signatures.byKey),
      countedSection('Signatures by suite', ['Suite'], signatures.bySuite),
      countedSection('Signatures by caller', ['Caller'], signatures.byCaller),
      countedSection('Signatures by day', ['Day (UTC)'], signatures.byDay),
      countedSection('Refusals', ['Caller', 'Operation', 'Key', 'Code', 'Reason'], refusals),
      countedSection('Failures', ['Operation', 'Code'], report.failures),
      countedSection('Verifications by the daemon', ['Caller', 'Key', 'Result'], report.verifications),
      countedSection('Decisions about tools and models', ['Caller', 'Operation', 'Decision'], report.decisions),
      eventSection('Keys', report.keyEvents),
      eventSection('Daemon and configuration', report.daemonEvents),
      evidenceSection(report),
    ],
  }
}

function countedSection(title: string, names: readonly string[], { rows, others }: Counted): Section {
  return {
    title,
    paragraphs: left(others, 'more under names that are not listed'),
    table: {
      head: [...names, 'Count', 'First', 'Last'],
      rows: rows.map(({ name, count, first, last }) => [...name, String(count), first, last]),
      countColumn: names.length,
    },
  }
}

function eventSection(title: string, { events, leftOut }: Listed): Section {
  return {
    title,
    paragraphs: left(leftOut, 'more are not listed'),
    table: { head: ['When', 'Entry', 'What', 'By', 'Of', 'Result'], rows: events.map(eventRow) },
  }
}

function eventRow({ time, index, what, caller, subject, result }: ReportedEvent): string[] {
  return [time, String(index), what, caller, subject, result]
}

/** What a reader needs to check the report without believing it. */
function evidenceSection({ evidence, origin }: Report): Section {
  const { before, after, checkpoint } = evidence
  const trees = [before && ['Before the period', String(before.size), before.root], after && ['After the period', String(after.size), after.root]]
  return {
    title: 'Evidence',
    paragraphs: [
      evidence.text,
      `The trees below are of ${origin}. To check: with the published log, sealstone audit prove shows that each goes on from the one before, and ` +
        'that the checkpoint goes on from them.',
      ...(checkpoint === undefined ? [] : [checkpoint]),
    ],
    table: { head: ['Tree', 'Entries', 'Root hash'], rows: trees.filter((row) => row !== undefined) },
  }
}

function left(count: number, text: string): string[] {
  return count === 0 ? [] : [`${count} ${text}.`]
}

function total({ rows, others }: Counted): number {
  return rows.reduce((sum, { count }) => sum + count, others)
}

const ANOMALY_NAMES: Record<Report['anomalies']['found'][number]['kind'], string> = {
  unproven: 'not proven',
  gap: 'gap in the log',
  mismatch: 'mismatch',
  'outcome-without-intent': 'outcome without intent',
  'unknown-outcome': 'unknown outcome',
  'open-intent': 'no outcome',
  crash: 'crash',
  clock: 'clock',
  'login-refused': 'login refused',
  'new-caller': 'new caller',
  'unusual-hour': 'unusual hour',
  burst: 'burst',
}
