/** What happened in a period, from one pass over its entries: signatures, refusals, keys, the daemon, what to look at twice, and what proves it. */
import { type LogEntry } from '#tlog'
import { type Anomaly, AnomalyFinder, type UsualHours } from './anomalies.ts'
import { RangeProof, type RangeEvidence } from './range-proof.ts'
import type { LogIdentity, LogReader, ReadOptions } from './sources.ts'
import { Sample, Tally, type TallyRow } from './tally.ts'

export interface ReportOptions {
  /** RFC 3339: not before, and before. */
  readonly from: string
  readonly to: string
  readonly now: Date
  /** Without them, hours in which hardly anything is signed are told as unusual. */
  readonly usualHours?: UsualHours
  readonly signal?: AbortSignal
  /** Told of every thousandth entry. */
  readonly onProgress?: (entry: LogEntry, done: number) => void
}

export interface Report {
  readonly origin: string
  readonly from: string
  readonly to: string
  readonly madeAt: string
  readonly entries: { readonly count: number; readonly first?: bigint; readonly last?: bigint }
  readonly signatures: {
    readonly made: number
    readonly failed: number
    readonly unknown: number
    readonly byKey: Counted
    readonly bySuite: Counted
    readonly byCaller: Counted
    readonly byDay: Counted
  }
  /** Caller, operation, key, code, reason. */
  readonly refusals: Counted
  /** Operation, code. */
  readonly failures: Counted
  /** Caller, key, result. */
  readonly verifications: Counted
  /** Caller, operation, decision. */
  readonly decisions: Counted
  readonly keyEvents: Listed
  readonly daemonEvents: Listed
  readonly anomalies: { readonly found: readonly Anomaly[]; readonly leftOut: number }
  readonly evidence: RangeEvidence
}

export interface Counted {
  readonly rows: readonly TallyRow[]
  /** Counted under names that there was no room for. */
  readonly others: number
}

export interface Listed {
  readonly events: readonly ReportedEvent[]
  readonly leftOut: number
}

export interface ReportedEvent {
  readonly index: bigint
  readonly time: string
  readonly what: string
  readonly caller: string
  readonly subject: string
  readonly result: string
}

/** Throws what the reader throws. */
export async function makeReport(log: LogReader, trust: LogIdentity, options: ReportOptions): Promise<Report> {
  const { from, to, now, signal, onProgress } = options
  const reading: ReadOptions = { timeoutMs: READ_MS, ...(signal === undefined ? {} : { signal }) }
  const anomalies = new AnomalyFinder(options.usualHours)
  const proof = new RangeProof(log, trust, { since: Date.parse(from), until: Date.parse(to), now: now.getTime() }, reading)
  const facts = new Facts()
  for await (const entry of log.listEntries({ since: from, until: to }, { ...reading, inBulk: true })) {
    if (facts.count === 0) await proof.begin(entry)
    facts.add(entry)
    anomalies.add(entry)
    proof.add(entry)
    if (facts.count % PROGRESS_EVERY === 0) onProgress?.(entry, facts.count)
  }
  const evidence = await proof.finish()
  if (!evidence.proven) anomalies.note({ kind: 'unproven', text: `the entries of the period are not proven: ${evidence.text}` })
  for (const anomaly of await newCallers(log, facts, from, reading)) anomalies.note(anomaly)
  const { anomalies: found, leftOut } = anomalies.finish()
  return { origin: trust.origin, from, to, madeAt: now.toISOString(), ...facts.summary(), anomalies: { found, leftOut }, evidence }
}

/** Whoever signed or was refused and is in no entry before the period. Where the log itself begins in it, everybody is new and nobody is told. */
async function newCallers(log: LogReader, facts: Facts, from: string, reading: ReadOptions): Promise<Anomaly[]> {
  if (facts.first === undefined || facts.first === 0n) return []
  const anomalies: Anomaly[] = []
  for (const { name, first } of facts.callers.rows()) {
    const [caller = ''] = name
    const before = await Array.fromAsync(log.listEntries({ caller, until: from, limit: 1 }, reading))
    if (before.length === 0) anomalies.push({ kind: 'new-caller', text: `${caller} was never seen before the period`, time: first })
  }
  return anomalies
}

class Facts {
  readonly callers = new Tally(MOST_CALLERS)
  first: bigint | undefined
  count = 0
  #last: bigint | undefined
  #made = 0
  #failed = 0
  #unknown = 0
  readonly #byKey = new Tally(MOST_ROWS)
  readonly #bySuite = new Tally(MOST_ROWS)
  readonly #byCaller = new Tally(MOST_ROWS)
  readonly #byDay = new Tally(MOST_DAYS)
  readonly #refusals = new Tally(MOST_ROWS)
  readonly #failures = new Tally(MOST_ROWS)
  readonly #verifications = new Tally(MOST_ROWS)
  readonly #decisions = new Tally(MOST_ROWS)
  readonly #keyEvents = new Sample<ReportedEvent>(MOST_EVENTS)
  readonly #daemonEvents = new Sample<ReportedEvent>(MOST_EVENTS)

  add(entry: LogEntry): void {
    const { index, leaf } = entry
    this.first ??= index
    this.#last = index
    this.count++
    switch (leaf.kind) {
      case 'intent':
        break
      case 'outcome':
        this.#addOutcome(entry)
        break
      case 'refused':
        this.callers.add([leaf.caller], leaf.time)
        this.#refusals.add([leaf.caller, leaf.operation, leaf.key ?? '', leaf.errorCode ?? '', leaf.reason ?? ''], leaf.time, leaf.count)
        break
      case 'verify':
        this.#verifications.add([leaf.caller, leaf.key ?? '', leaf.errorCode ?? leaf.result ?? ''], leaf.time)
        break
      case 'verify-summary':
        for (const { caller, key, result, count } of leaf.verifications ?? []) this.#verifications.add([caller, key ?? '', result], leaf.time, count)
        break
      case 'decision':
        this.#decisions.add([leaf.caller, leaf.operation, leaf.decision ?? ''], leaf.time, leaf.count)
        break
      case 'key-created':
        this.#keyEvents.add(describe(entry))
        break
      default:
        this.#daemonEvents.add(describe(entry))
    }
  }

  summary(): Pick<Report, 'entries' | 'signatures' | 'refusals' | 'failures' | 'verifications' | 'decisions' | 'keyEvents' | 'daemonEvents'> {
    const byDay = counted(this.#byDay)
    return {
      entries: {
        count: this.count,
        ...(this.first === undefined ? {} : { first: this.first }),
        ...(this.#last === undefined ? {} : { last: this.#last }),
      },
      signatures: {
        made: this.#made,
        failed: this.#failed,
        unknown: this.#unknown,
        byKey: counted(this.#byKey),
        bySuite: counted(this.#bySuite),
        byCaller: counted(this.#byCaller),
        byDay: { ...byDay, rows: [...byDay.rows].sort((left, right) => (left.first < right.first ? -1 : 1)) },
      },
      refusals: counted(this.#refusals),
      failures: counted(this.#failures),
      verifications: counted(this.#verifications),
      decisions: counted(this.#decisions),
      keyEvents: listed(this.#keyEvents),
      daemonEvents: listed(this.#daemonEvents),
    }
  }

  #addOutcome(entry: LogEntry): void {
    const { leaf } = entry
    const { time, operation, result } = leaf
    if (result !== 'ok') this.#failures.add([operation, leaf.errorCode ?? result ?? ''], time)
    if (operation.startsWith('keys.')) this.#keyEvents.add(describe(entry))
    if (operation !== 'sign') return
    this.callers.add([leaf.caller], time)
    if (result === 'unknown') this.#unknown++
    else if (result !== 'ok') this.#failed++
    else {
      this.#made++
      this.#byKey.add([leaf.key ?? '', leaf.keyVersion === undefined ? '' : String(leaf.keyVersion)], time)
      this.#bySuite.add([leaf.suite ?? ''], time)
      this.#byCaller.add([leaf.caller], time)
      this.#byDay.add([time.slice(0, 'YYYY-MM-DD'.length)], time)
    }
  }
}

function describe({ index, leaf }: LogEntry): ReportedEvent {
  const { time, kind, operation, caller, key, keyVersion, reason } = leaf
  const what = kind === 'outcome' ? operation : kind
  const subject = [key === undefined ? '' : `${key}${keyVersion === undefined ? '' : `/${keyVersion}`}`, reason ?? '']
    .filter((part) => part !== '')
    .join(': ')
  return { index, time, what, caller, subject, result: leaf.errorCode ?? leaf.result ?? '' }
}

function counted(tally: Tally): Counted {
  return { rows: tally.rows(), others: tally.others }
}

function listed({ items, leftOut }: Sample<ReportedEvent>): Listed {
  return { events: items, leftOut }
}

const MOST_ROWS = 200
const MOST_CALLERS = 1000
const MOST_DAYS = 4000
const MOST_EVENTS = 500
const PROGRESS_EVERY = 1000
const READ_MS = 3_600_000
