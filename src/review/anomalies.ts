/** What a reviewer should look at twice, found while the entries go by. What is remembered is bounded. */
import type { Leaf, LogEntry } from '#tlog'
import { Sample } from './tally.ts'

export interface Anomaly {
  readonly kind:
    | 'gap'
    | 'mismatch'
    | 'unknown-outcome'
    | 'open-intent'
    | 'outcome-without-intent'
    | 'crash'
    | 'clock'
    | 'unusual-hour'
    | 'burst'
    | 'new-caller'
    | 'login-refused'
    | 'unproven'
  readonly text: string
  readonly index?: bigint
  readonly time?: string
}

/** UTC; from the first hour up to, not including, the second, on Monday to Friday. */
export interface UsualHours {
  readonly from: number
  readonly to: number
}

export class AnomalyFinder {
  readonly #usual: UsualHours | undefined
  readonly #found = new Map<Anomaly['kind'], Sample<Anomaly>>()
  readonly #open = new Map<string, { index: bigint; leaf: Leaf }>()
  /** By weekday or not, and hour. */
  readonly #hours = new Map<string, { count: number; index: bigint; time: string }>()
  #minute = { name: '', count: 0, index: 0n }
  #minutes = 0
  #busiest: { name: string; count: number; index: bigint }[] = []
  #signatures = 0
  #previous: LogEntry | undefined
  #first: bigint | undefined

  constructor(usual: UsualHours | undefined) {
    this.#usual = usual
  }

  add(entry: LogEntry): void {
    const { index, leaf } = entry
    this.#first ??= index
    const previous = this.#previous
    if (previous !== undefined && index !== previous.index + 1n)
      this.note({ kind: 'gap', text: `entries ${previous.index + 1n} to ${index - 1n} were not shown by the daemon`, index })
    if (previous !== undefined) this.#checkClock(previous, entry)
    this.#previous = entry
    if (leaf.kind === 'intent') this.#begin(entry)
    if (leaf.kind === 'outcome') this.#end(entry)
    if (leaf.kind === 'crash-found') this.#noteEntry('crash', entry, `the daemon did not stop by itself: ${leaf.reason ?? 'no reason given'}`)
    if (leaf.kind === 'clock-step') this.#noteEntry('clock', entry, `the clock was set by ${leaf.clockStepMs ?? 'an unknown number of'} ms`)
    if (leaf.kind === 'login-refused')
      this.#noteEntry('login-refused', entry, `a login was refused: ${leaf.reason ?? leaf.errorCode ?? 'no reason given'}`)
  }

  note(anomaly: Anomaly): void {
    const sample = this.#found.get(anomaly.kind) ?? new Sample<Anomaly>(MOST_OF_A_KIND)
    sample.add(anomaly)
    this.#found.set(anomaly.kind, sample)
  }

  /** Most serious first. Call it once, at the end. */
  finish(): { readonly anomalies: readonly Anomaly[]; readonly leftOut: number } {
    for (const { index, leaf } of this.#open.values())
      this.note({ kind: 'open-intent', text: `${leaf.operation} for ${leaf.caller} has no outcome in the period`, index, time: leaf.time })
    this.#noteHours()
    this.#noteBursts()
    const kinds = [...this.#found].sort(([left], [right]) => SEVERITY.indexOf(left) - SEVERITY.indexOf(right))
    return {
      anomalies: kinds.flatMap(([, { items }]) => items),
      leftOut: kinds.reduce((sum, [, { leftOut }]) => sum + leftOut, 0),
    }
  }

  #begin({ index, leaf }: LogEntry): void {
    // More than can be under way at once: the oldest are forgotten, and their outcomes are not judged.
    if (this.#open.size >= MOST_OPEN) this.#open.delete(this.#open.keys().next().value ?? '')
    this.#open.set(leaf.operationId, { index, leaf })
  }

  #end(entry: LogEntry): void {
    const { index, leaf } = entry
    const intent = this.#open.get(leaf.operationId)
    this.#open.delete(leaf.operationId)
    if (leaf.result === 'unknown')
      this.#noteEntry('unknown-outcome', entry, `${leaf.operation} for ${leaf.caller} was closed as unknown: the daemon had died`)
    if (leaf.errorCode === 'SIGNATURE_MISMATCH') this.#noteEntry('mismatch', entry, 'a fresh signature did not verify; it was not released')
    const differs =
      intent && COMPARED.find((member) => leaf[member] !== undefined && intent.leaf[member] !== undefined && leaf[member] !== intent.leaf[member])
    if (differs !== undefined) this.#noteEntry('mismatch', entry, `the outcome has another ${differs} than its intent, entry ${intent?.index}`)
    if (intent === undefined && index > (this.#first ?? 0n) + MOST_APART)
      this.#noteEntry('outcome-without-intent', entry, `${leaf.operation} for ${leaf.caller} has an outcome and no intent before it`)
    if (leaf.operation === 'sign' && leaf.result === 'ok') this.#signed(entry)
  }

  /** Both clocks of one process go on by the same time, or somebody set one of them. */
  #checkClock({ leaf: before }: LogEntry, { index, leaf }: LogEntry): void {
    if (leaf.time < before.time) this.note({ kind: 'clock', text: `the time goes back to ${leaf.time}`, index, time: leaf.time })
    if (leaf.run === undefined || leaf.run !== before.run || leaf.uptimeMs === undefined || before.uptimeMs === undefined) return
    const drift = Date.parse(leaf.time) - Date.parse(before.time) - (leaf.uptimeMs - before.uptimeMs)
    if (Math.abs(drift) < DRIFT_MS) return
    this.note({ kind: 'clock', text: `the wall clock moved ${drift} ms against the steady one since the entry before`, index, time: leaf.time })
  }

  #signed({ index, leaf: { time, caller, modelName = 'a statement' } }: LogEntry): void {
    this.#signatures++
    const at = new Date(time)
    const weekend = at.getUTCDay() === 0 || at.getUTCDay() === 6
    const hour = at.getUTCHours()
    const usual = this.#usual
    if (usual !== undefined && (weekend || hour < usual.from || hour >= usual.to))
      this.note({ kind: 'unusual-hour', text: `${caller} had ${modelName} signed`, index, time })
    const name = `${weekend ? 'Saturday or Sunday' : 'Monday to Friday'}, ${String(hour).padStart(2, '0')}:00 to ${String(hour + 1).padStart(2, '0')}:00 UTC`
    const bucket = this.#hours.get(name)
    if (bucket === undefined) this.#hours.set(name, { count: 1, index, time })
    else bucket.count++

    const minute = time.slice(0, 'YYYY-MM-DDTHH:MM'.length)
    if (minute !== this.#minute.name) this.#closeMinute({ name: minute, count: 0, index })
    this.#minute.count++
  }

  #closeMinute(next: { name: string; count: number; index: bigint }): void {
    if (this.#minute.count > 0) {
      this.#minutes++
      this.#busiest = [...this.#busiest, this.#minute].sort((left, right) => right.count - left.count).slice(0, MOST_BURSTS)
    }
    this.#minute = next
  }

  /** Without given hours: those in which hardly anything is signed, where enough is signed to tell. */
  #noteHours(): void {
    if (this.#usual !== undefined || this.#signatures < ENOUGH_SIGNATURES) return
    for (const [name, { count, index, time }] of this.#hours) {
      if (count >= this.#signatures * RARE_SHARE) continue
      this.note({ kind: 'unusual-hour', text: `${count} of ${this.#signatures} signatures on ${name}; the first of them`, index, time })
    }
  }

  #noteBursts(): void {
    this.#closeMinute({ name: '', count: 0, index: 0n })
    const mean = this.#signatures / Math.max(1, this.#minutes)
    for (const { name, count, index } of this.#busiest) {
      if (count < LEAST_BURST || count < BURST_FACTOR * mean) continue
      this.note({
        kind: 'burst',
        text: `${count} signatures in one minute, ${mean.toFixed(1)} are usual in a minute with any`,
        index,
        time: `${name}:00.000Z`,
      })
    }
  }

  #noteEntry(kind: Anomaly['kind'], { index, leaf }: LogEntry, text: string): void {
    this.note({ kind, text, index, time: leaf.time })
  }
}

const COMPARED = ['caller', 'operation', 'key', 'keyVersion', 'suite', 'modelName', 'modelDigest', 'signedBytesDigest'] as const
const SEVERITY: readonly Anomaly['kind'][] = [
  'unproven',
  'gap',
  'mismatch',
  'outcome-without-intent',
  'unknown-outcome',
  'crash',
  'clock',
  'login-refused',
  'new-caller',
  'unusual-hour',
  'burst',
  'open-intent',
]
const MOST_OF_A_KIND = 50
const MOST_OPEN = 10_000
/** So many entries may lie between an intent and its outcome; the intent of an outcome near the beginning may be before the period. */
const MOST_APART = 10_000n
const DRIFT_MS = 5000
const ENOUGH_SIGNATURES = 500
const RARE_SHARE = 0.005
const MOST_BURSTS = 10
const LEAST_BURST = 50
const BURST_FACTOR = 10
