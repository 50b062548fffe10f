/** What a monitor remembers from round to round: the last checkpoint that it believed, and what is not settled yet. */
import {
  type JsonObject,
  type JsonValue,
  LIMITS,
  parseStrictObject,
  readArray,
  readBoolean,
  readObject,
  readText,
  readWholeNumber,
  SealstoneError,
  toSealstoneError,
  utf8,
} from '#core'
import { MAX_ALERTS } from './alert.ts'
import type { OpenIntent } from './entry-watch.ts'
import type { RuleTimes } from './rule-watch.ts'

export interface WatchState {
  readonly origin: string
  /** The signed note; absent until a first round succeeded. All entries that it covers were read, unless `reading` says otherwise. */
  readonly checkpoint?: string
  /** Its entries from this one on were not read yet; the others were, and are in its tree. */
  readonly reading?: { readonly from: string; readonly isFirst: boolean }
  /** When the log last answered, or the watch began: RFC 3339. */
  readonly reachedAt: string
  /** Of the last entry. */
  readonly lastTime: string
  readonly openIntents: ReadonlyMap<string, OpenIntent>
  readonly ruleTimes: RuleTimes
  /** Alerts about the log as a whole that were told and still hold. */
  readonly standing: readonly string[]
  /** Alerts that the webhook has not taken. */
  readonly undelivered: readonly JsonObject[]
}

export function newState(origin: string, now: Date): WatchState {
  return { origin, reachedAt: now.toISOString(), lastTime: '', openIntents: new Map(), ruleTimes: {}, standing: [], undelivered: [] }
}

export function encodeState({ openIntents, ...state }: WatchState): Uint8Array {
  const intents = Array.from(openIntents, ([operationId, { index, time, told }]) => ({ operationId, index: String(index), time, told }))
  return utf8(`${JSON.stringify({ version: 1, ...state, openIntents: intents })}\n`)
}

/** Strict; nobody else writes it. Throws INPUT_INVALID. */
export function parseState(bytes: Uint8Array, origin: string): WatchState {
  let state: WatchState
  try {
    state = parse(bytes)
  } catch (cause) {
    throw new SealstoneError('INPUT_INVALID', `the state of the monitor is damaged: ${toSealstoneError(cause).message}`, {
      cause,
      hint: 'look at why; the watch begins anew when the file is moved away, and then believes the log as it is now',
    })
  }
  if (state.origin === origin) return state
  throw new SealstoneError('INPUT_INVALID', `the state is of the log ${state.origin}, the trust file names ${origin}`, {
    hint: 'use another --state for each log',
  })
}

function parse(bytes: Uint8Array): WatchState {
  const document = parseStrictObject(bytes, { maxBytes: MAX_STATE_BYTES, maxDepth: LIMITS.jsonDepth, maxValues: MAX_STATE_VALUES })
  readObject(document, 'state', [...MEMBERS], ['checkpoint', 'reading'])
  readWholeNumber(document, 'version', 1, 1)
  const intents = readArray(document, 'openIntents', 0, MAX_STATE_VALUES).map((value) => {
    const intent = readObject(value, 'open intent', ['operationId', 'index', 'time', 'told'])
    const index = BigInt(readText(intent, 'index', 20))
    return [readText(intent, 'operationId', 64), { index, time: readText(intent, 'time', 32), told: readBoolean(intent, 'told') }] as const
  })
  const times = readObject(document['ruleTimes'], 'ruleTimes', [], Object.keys((document['ruleTimes'] ?? {}) as object))
  return {
    origin: readText(document, 'origin', 255),
    ...(document['checkpoint'] === undefined ? {} : { checkpoint: readText(document, 'checkpoint', LIMITS.checkpointBytes) }),
    ...(document['reading'] === undefined ? {} : { reading: parseReading(document['reading']) }),
    reachedAt: readText(document, 'reachedAt', 32),
    lastTime: document['lastTime'] === '' ? '' : readText(document, 'lastTime', 32),
    openIntents: new Map(intents),
    ruleTimes: Object.fromEntries(Object.keys(times).map((name) => [name, readArray(times, name, 0, MAX_STATE_VALUES).map(Number)])),
    standing: readArray(document, 'standing', 0, MAX_ALERTS).map(String),
    undelivered: readArray(document, 'undelivered', 0, 2 * MAX_ALERTS) as readonly JsonObject[],
  }
}

function parseReading(value: JsonValue): NonNullable<WatchState['reading']> {
  const reading = readObject(value, 'reading', ['from', 'isFirst'])
  return { from: String(BigInt(readText(reading, 'from', 20))), isFirst: readBoolean(reading, 'isFirst') }
}

const MEMBERS = ['version', 'origin', 'reachedAt', 'lastTime', 'openIntents', 'ruleTimes', 'standing', 'undelivered'] as const
const MAX_STATE_BYTES = 256 * 1024 * 1024
const MAX_STATE_VALUES = 4_000_000
