/** One look at a published log: what it says of itself, whether it continues what was seen, and each new entry. The order of steps and nothing else. */
import { SealstoneError, toSealstoneError } from '#core'
import { type Leaf, parseLeaf, type TileSource } from '#tlog'
import { type Alert, AlertList } from './alert.ts'
import { compareCheckpoints, rolledBack } from './compare-checkpoints.ts'
import { EntryWatch } from './entry-watch.ts'
import { checkpointFile, evidenceOf } from './evidence.ts'
import { readNewEntries } from './read-entries.ts'
import { RuleWatch } from './rule-watch.ts'
import type { Rule } from './rules.ts'
import { type KnownLog, openSigned, quorumFault, type SignedCheckpoint, signedAt } from './signed-checkpoint.ts'
import type { WatchState } from './watch-state.ts'

export interface WatchSettings {
  readonly rules: readonly Rule[]
  /** The rules speak of the entries too that were there before the first round. Default false. */
  readonly history?: boolean
  /** The log may be out of reach, or sign nothing new, for so long. */
  readonly maxAgeMs: number
  /** An intent may be without outcome for so long. */
  readonly intentAgeMs: number
}

export interface Round {
  readonly alerts: readonly Alert[]
  readonly state: WatchState
  /** The checkpoint that was believed; absent where none was. */
  readonly today?: SignedCheckpoint
  readonly newEntries: bigint
  /** There is more to read: the next round goes on at once. */
  readonly isPart?: boolean
  /** The log could not be read, and that is not an alert yet. */
  readonly trouble?: SealstoneError
}

export interface RoundOptions extends WatchSettings {
  readonly source: TileSource
  readonly log: KnownLog
  readonly now: Date
  readonly onProgress?: (done: bigint, size: bigint) => void
  /** Entries that one round reads; default 262,144. What was read is kept then, whatever interrupts the next one. */
  readonly mostEntries?: bigint
}

/** Throws CANCELLED, and INPUT_INVALID for a state whose checkpoint the trusted keys did not sign; all else is an answer. */
export async function watchRound(options: RoundOptions, state: WatchState): Promise<Round> {
  const seen = openSeen(state, options.log)
  let note: string | undefined
  try {
    // 1. What does the log say of itself?
    note = await options.source.checkpoint()
    const today = openSigned(note, options.log)

    // 2. Does it continue what was seen? If not, nothing else of it is looked at, and what was seen stays what it is measured by.
    const breach = seen === undefined ? undefined : await findBreach(seen, today, options.source)
    if (breach !== undefined) return { alerts: [breach], state: reached(state, options.now), newEntries: 0n }

    // 3. Is each new entry one that was signed, and what does it say?
    const read = await readEntries(options, state, seen, today)

    // 4. Has it gone quiet, or do its witnesses not stand by it? Of its entries that says nothing: they were signed.
    const standing = [...findQuiet(today, options), ...findUncosigned(today, options.log)]
    return { ...read, alerts: [...read.alerts, ...standing], today }
  } catch (thrown) {
    return judgeFailure(toSealstoneError(thrown), note, options, state)
  }
}

function openSeen({ checkpoint }: WatchState, log: KnownLog): SignedCheckpoint | undefined {
  if (checkpoint === undefined) return undefined
  try {
    return openSigned(checkpoint, log)
  } catch (cause) {
    throw new SealstoneError('INPUT_INVALID', `the checkpoint in the state of the monitor is not by the log keys of the trust file`, {
      cause,
      hint: 'has the log got other keys? then a new state is needed, by the word of its operator',
    })
  }
}

async function findBreach(seen: SignedCheckpoint, today: SignedCheckpoint, source: TileSource): Promise<Alert | undefined> {
  if (today.size < seen.size) {
    const kept = (await stillHas(seen, today, source)) ? '; the tiles of what was seen are still there' : ''
    return { kind: 'rollback', severity: 'critical', message: `${rolledBack(seen, today).message}${kept}`, evidence: evidenceOf(seen, today) }
  }
  const relation = await compareCheckpoints(seen, today, source)
  if (relation.kind !== 'forked') return undefined
  const message = `${today.origin} was rewritten: its ${today.size} entries of ${signedAt(today)} do not begin with its ${seen.size} of ${signedAt(seen)}`
  return { kind: 'fork', severity: 'critical', message, evidence: evidenceOf(seen, today, relation) }
}

/** For the reader of the alert: a server that lags behind itself still has them; so has a mirror that nobody cleaned. */
async function stillHas(seen: SignedCheckpoint, today: SignedCheckpoint, source: TileSource): Promise<boolean> {
  try {
    return (await compareCheckpoints(today, seen, source)).kind === 'extended'
  } catch (thrown) {
    if (toSealstoneError(thrown).code === 'CANCELLED') throw thrown
    return false
  }
}

async function readEntries(
  { source, rules, history, now, intentAgeMs, mostEntries = MOST_ENTRIES, onProgress }: RoundOptions,
  state: WatchState,
  seen: SignedCheckpoint | undefined,
  today: SignedCheckpoint,
): Promise<Pick<Round, 'alerts' | 'state' | 'newEntries'> & { readonly isPart: boolean }> {
  const entries = new EntryWatch(state.openIntents, state.lastTime)
  const isFirst = seen === undefined || state.reading?.isFirst === true
  const ruled = new RuleWatch(isFirst && history !== true ? [] : rules, state.ruleTimes)
  const found = new AlertList()
  const entry = (index: bigint, bytes: Uint8Array): void => {
    const leaf = readLeaf(bytes)
    if (leaf instanceof SealstoneError) found.add(unreadable(index, leaf))
    else for (const alert of [...entries.look(index, leaf), ...ruled.look(index, leaf)]) found.add(alert)
  }
  const from = state.reading === undefined ? (seen?.size ?? 0n) : BigInt(state.reading.from)
  const to = today.size - from > mostEntries ? from + mostEntries : today.size
  if (to > from) await readNewEntries(source, { from, to, today, entry, onProgress: (done) => onProgress?.(done, today.size) })
  const isPart = to < today.size
  // What closes an intent may be in the next part.
  if (!isPart) for (const alert of entries.findOverdue(now, intentAgeMs)) found.add(alert)
  const { lastTime, openIntents } = entries
  const { reading: _read, ...rest } = reached(state, now)
  const reading = isPart ? { reading: { from: String(to), isFirst } } : {}
  return {
    alerts: found.finish(),
    state: { ...rest, ...reading, checkpoint: today.note, lastTime, openIntents, ruleTimes: ruled.times },
    newEntries: to - from,
    isPart,
  }
}

function readLeaf(bytes: Uint8Array): Leaf | SealstoneError {
  try {
    return parseLeaf(bytes)
  } catch (thrown) {
    return toSealstoneError(thrown)
  }
}

function unreadable(index: bigint, { message }: SealstoneError): Alert {
  const words = `entry ${index} is in the log and cannot be read: ${message}; it is not one of this log's, or this monitor is older than the daemon`
  return { kind: 'entry-unreadable', severity: 'warning', message: words, index }
}

function findQuiet(today: SignedCheckpoint, { now, maxAgeMs }: RoundOptions): Alert[] {
  if (now.getTime() - Number(today.timestampSeconds) * 1000 <= maxAgeMs) return []
  const message = `${today.origin} signed nothing since ${signedAt(today)}: it stopped, or this is an old copy`
  return [{ kind: 'stale', severity: 'critical', message }]
}

function findUncosigned(today: SignedCheckpoint, log: KnownLog): Alert[] {
  const fault = quorumFault(today, log)
  return fault === undefined ? [] : [{ kind: 'no-quorum', severity: 'critical', message: fault }]
}

/** What was seen stays: the next round is measured by it again. */
function judgeFailure(error: SealstoneError, note: string | undefined, options: RoundOptions, state: WatchState): Round {
  const { now, maxAgeMs, log } = options
  const alert = (kind: Alert['kind'], message: string): Round => ({
    alerts: [{ kind, severity: 'critical', message, ...(note === undefined ? {} : { evidence: [checkpointFile(note)] }) }],
    state: kind === 'unreachable' ? state : reached(state, now),
    newEntries: 0n,
  })
  switch (error.code) {
    case 'LOG_UNREACHABLE': {
      const isOverdue = now.getTime() - Date.parse(state.reachedAt) > maxAgeMs
      if (isOverdue) return alert('unreachable', `${log.origin} is out of reach since ${state.reachedAt}: ${error.message}`)
      return { alerts: [], state, newEntries: 0n, trouble: error }
    }
    case 'TILE_MISSING':
      return alert('part-missing', `${log.origin} withholds a part of what it signed: ${error.message}`)
    case 'VERIFICATION_FAILED':
    case 'FORMAT_INVALID':
    case 'INPUT_INVALID':
    case 'INPUT_TOO_LARGE':
      return alert(note === undefined || !isSigned(note, log) ? 'checkpoint-invalid' : 'entries-changed', error.message)
    default:
      throw error
  }
}

function isSigned(note: string, log: KnownLog): boolean {
  try {
    openSigned(note, log)
    return true
  } catch {
    return false
  }
}

/** Some seconds of work. */
const MOST_ENTRIES = 262_144n

function reached(state: WatchState, now: Date): WatchState {
  return { ...state, reachedAt: now.toISOString() }
}
