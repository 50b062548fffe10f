/** Reads what the page asks for out of an address; strict. */
import { excerpt, SealstoneError } from '#core'
import { type ActivitySpan, LEAF_KINDS, type LogSearch, parseTilePath, type TileName } from '#tlog'

/** Throws INPUT_INVALID. */
export function toEntryQuery(parameters: URLSearchParams): LogSearch {
  refuseUnknown(parameters, ['before', 'limit', 'q', ...TEXTS])
  const before = parameters.get('before')
  const texts = TEXTS.flatMap((name) => {
    const value = parameters.get(name)
    return value === null || value === '' ? [] : [[name, short(name, value)] as const]
  })
  const words = short('q', parameters.get('q') ?? '')
    .split(/\s+/)
    .filter(Boolean)
  if (words.length > MOST_WORDS) throw new SealstoneError('INPUT_INVALID', `there are ${words.length} words, want at most ${MOST_WORDS}`)
  const query = Object.fromEntries(texts) as Partial<Record<(typeof TEXTS)[number], string>>
  if (query.operationId !== undefined && !/^[0-9a-f]{32}$/.test(query.operationId))
    throw new SealstoneError('INPUT_INVALID', `operationId is ${excerpt(query.operationId)}, want 32 hex digits`)
  const kind = LEAF_KINDS.find((known) => known === query.kind)
  if (kind !== query.kind) throw new SealstoneError('INPUT_INVALID', `kind is ${excerpt(query.kind ?? '')}, want ${LEAF_KINDS.join(', ')}`)
  const { kind: _kind, ...rest } = query
  return {
    ...rest,
    ...(kind === undefined ? {} : { kind }),
    ...(before === null ? {} : { before: toIndex(before) }),
    limit: toCount(parameters, 'limit', 128, MOST_ENTRIES),
    ...(words.length === 0 ? {} : { words }),
  }
}

/** Throws INPUT_INVALID. */
export function toActivitySpan(parameters: URLSearchParams): ActivitySpan {
  refuseUnknown(parameters, ['since', 'until', 'buckets'])
  return { ...toTime(parameters, 'since'), ...toTime(parameters, 'until'), buckets: toCount(parameters, 'buckets', 60, MOST_BUCKETS) }
}

/** Of `/api/tile/…`. Throws INPUT_INVALID. */
export function toTileName(path: string): TileName {
  const name = parseTilePath(path)
  if (name === undefined) throw new SealstoneError('INPUT_INVALID', `${excerpt(path)} is no path of a tile`)
  return name
}

function toTime(parameters: URLSearchParams, name: 'since' | 'until'): { [Name in 'since' | 'until']?: number } {
  const text = parameters.get(name)
  if (text === null) return {}
  if (!/^\d{1,15}$/.test(text)) throw new SealstoneError('INPUT_INVALID', `${name} is ${excerpt(text)}, want milliseconds since 1970`)
  return { [name]: Number(text) }
}

function toIndex(text: string): bigint {
  if (!/^(?:0|[1-9]\d{0,17})$/.test(text)) throw new SealstoneError('INPUT_INVALID', `before is ${excerpt(text)}, want an index`)
  return BigInt(text)
}

function toCount(parameters: URLSearchParams, name: string, fallback: number, most: number): number {
  const text = parameters.get(name) ?? String(fallback)
  const count = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN
  if (!(count >= 1 && count <= most)) throw new SealstoneError('INPUT_INVALID', `${name} is ${excerpt(text)}, want 1 to ${most}`)
  return count
}

function short(name: string, value: string): string {
  if (value.length > MAX_TEXT || value.includes('\0'))
    throw new SealstoneError('INPUT_INVALID', `${name} is ${value.length} characters, want at most ${MAX_TEXT}`)
  return value
}

function refuseUnknown(parameters: URLSearchParams, known: readonly string[]): void {
  const stray = [...parameters.keys()].find((name) => !known.includes(name))
  if (stray !== undefined) throw new SealstoneError('INPUT_INVALID', `${excerpt(stray)} is not known, want ${known.join(', ')}`)
}

const TEXTS = ['key', 'caller', 'kind', 'result', 'modelName', 'modelPattern', 'operationId', 'since', 'until'] as const
const MOST_WORDS = 8
const MAX_TEXT = 512
const MOST_ENTRIES = 1000
const MOST_BUCKETS = 500
