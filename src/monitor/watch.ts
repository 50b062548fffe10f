/** The watch: rounds, what each tells, and what is remembered before the next one. */
import { setTimeout as sleep } from 'node:timers/promises'
import { cancelled, type Clock, type JsonObject, type SealstoneError, toSealstoneError } from '#core'
import { type Alert, type AlertRecord, alertRecord, isSerious, MAX_ALERTS } from './alert.ts'
import { type Round, type RoundOptions, watchRound } from './watch-round.ts'
import { newState, type WatchState } from './watch-state.ts'

/** What a watch needs of where it runs. */
export interface WatchPorts {
  load(): Promise<WatchState | undefined>
  /** Durable when it resolves, as a whole or not at all. */
  save(state: WatchState): Promise<void>
  /** Keeps a file of evidence; where it is, or undefined where too many are kept already. */
  keep(name: string, text: string): Promise<string | undefined>
  /** Takes alerts elsewhere, in bounded time. What it refuses is offered again in the next round. */
  deliver?(alerts: readonly JsonObject[]): Promise<void>
  /** Alerts of this round that were not told before. */
  tell(alerts: readonly AlertRecord[]): void
  /** After each round. */
  done(round: Round & { readonly isFirst: boolean }): void
  /** Deliveries that failed do not stop a watch. */
  undelivered(error: SealstoneError, count: number): void
}

export interface WatchOptions extends Omit<RoundOptions, 'now'> {
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Between the end of a round and the next one; absent: one round only. */
  readonly intervalMs?: number
  /** Go on after serious alerts. Default: the watch ends with the first. */
  readonly keepGoing?: boolean
}

export interface WatchResult {
  /** Serious alerts of the last round, told before or not. */
  readonly serious: readonly Alert[]
  /** The last round could not read the log. */
  readonly trouble?: SealstoneError
}

/**
 * A crash before the state is saved tells and delivers the alerts of that round once more; none is lost.
 * Throws CANCELLED when the signal aborts, what `load` and `save` throw, and INPUT_INVALID as `watchRound` does.
 */
export async function watch(options: WatchOptions, ports: WatchPorts): Promise<WatchResult> {
  const { log, clock, signal, intervalMs, keepGoing } = options
  let state = (await ports.load()) ?? newState(log.origin, clock.now())
  for (;;) {
    const isFirst = state.checkpoint === undefined || state.reading?.isFirst === true
    const serious: Alert[] = []
    let newEntries = 0n
    let round: Round
    do {
      round = await watchRound({ ...options, now: clock.now() }, state)
      state = await report(round, state, options, ports)
      // A crash after this goes on behind the part that was read.
      await ports.save(state)
      newEntries += round.newEntries
      for (const alert of round.alerts) if (isSerious(alert) && !serious.some(({ message }) => message === alert.message)) serious.push(alert)
    } while (round.isPart === true && !signal.aborted)
    if (round.isPart === true) throw cancelled(signal)
    ports.done({ ...round, newEntries, isFirst })
    const isOver = intervalMs === undefined || (serious.length > 0 && keepGoing !== true)
    if (isOver) return { serious, ...(round.trouble === undefined ? {} : { trouble: round.trouble }) }
    await sleep(intervalMs, undefined, { signal })
  }
}

/** Evidence first: an alert names it. What stands since an earlier round is not told again. */
async function report({ alerts, state, trouble }: Round, before: WatchState, { log, clock }: WatchOptions, ports: WatchPorts): Promise<WatchState> {
  const time = clock.now().toISOString()
  const told: AlertRecord[] = []
  const standing: string[] = []
  for (const alert of alerts) {
    const key = standingKey(alert)
    if (key !== undefined) standing.push(key)
    if (key !== undefined && before.standing.includes(key)) continue
    const kept: string[] = []
    for (const { name, text } of alert.evidence ?? []) {
      const path = await ports.keep(name, text)
      if (path !== undefined) kept.push(path)
    }
    told.push(alertRecord(alert, log.origin, time, kept))
  }
  ports.tell(told)
  const undelivered = await deliver([...state.undelivered, ...told], ports)
  // A round that saw nothing says nothing of what stood before.
  return { ...state, standing: trouble === undefined ? standing : before.standing, undelivered }
}

/** The newest are kept where too many wait. */
async function deliver(alerts: readonly JsonObject[], ports: WatchPorts): Promise<readonly JsonObject[]> {
  if (alerts.length === 0 || ports.deliver === undefined) return []
  try {
    await ports.deliver(alerts)
    return []
  } catch (thrown) {
    ports.undelivered(toSealstoneError(thrown), alerts.length)
    return alerts.slice(-MAX_ALERTS)
  }
}

/** Of an alert that holds as long as the log is as it is. Two histories by the log's own keys are another matter each time; rubbish is not. */
function standingKey({ kind, evidence = [] }: Alert): string | undefined {
  if (ENTRY_KINDS.has(kind)) return undefined
  return kind === 'fork' || kind === 'rollback' ? [kind, ...evidence.map(({ name }) => name)].join(' ') : kind
}

const ENTRY_KINDS: ReadonlySet<Alert['kind']> = new Set([
  'entry-unreadable',
  'time-backwards',
  'outcome-without-intent',
  'intent-open',
  'rule',
  'more',
])
