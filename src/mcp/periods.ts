/** Periods as people name them in a prompt: `2026-03`, `2026-Q1`, `2026`, `last-30-days`, `2026-03-01/2026-03-15`. All in UTC. */
import { SealstoneError } from '#core'

export interface Period {
  /** RFC 3339, inclusive. */
  readonly since: string
  /** RFC 3339, exclusive. */
  readonly until: string
}

/** Throws INPUT_INVALID: what goes into a prompt is a period and nothing else. */
export function parsePeriod(text: string, now: Date): Period {
  const period = readPeriod(text, now)
  if (period === undefined || Number.isNaN(period[0]) || Number.isNaN(period[1]) || period[0] >= period[1]) {
    throw new SealstoneError('INPUT_INVALID', 'the period cannot be read', {
      hint: 'write it like 2026-03, 2026-Q1, 2026, last-30-days or 2026-03-01/2026-03-15',
    })
  }
  return { since: new Date(period[0]).toISOString(), until: new Date(period[1]).toISOString() }
}

/** What fits to what was begun to be typed, the likeliest first. */
export function suggestPeriods(begun: string, now: Date): string[] {
  const year = now.getUTCFullYear()
  const months = [0, 1, 2].map((back) => new Date(Date.UTC(year, now.getUTCMonth() - back, 1)).toISOString().slice(0, 7))
  const quarter = `${year}-Q${Math.floor(now.getUTCMonth() / 3) + 1}`
  return ['last-7-days', 'last-30-days', ...months, quarter, String(year), String(year - 1)].filter((period) => period.startsWith(begun))
}

function readPeriod(text: string, now: Date): readonly [number, number] | undefined {
  const [, days] = /^last-(\d{1,3})-days$/.exec(text) ?? []
  if (days !== undefined) return [now.getTime() - Number(days) * DAY_MS, now.getTime()]
  const [, year, rest] = /^(\d{4})(?:-(0[1-9]|1[0-2]|Q[1-4]))?$/.exec(text) ?? []
  if (year !== undefined) {
    const [first, length] = rest === undefined ? [0, 12] : rest.startsWith('Q') ? [(Number(rest[1]) - 1) * 3, 3] : [Number(rest) - 1, 1]
    return [Date.UTC(Number(year), first, 1), Date.UTC(Number(year), first + length, 1)]
  }
  const [, from, to] = /^(\d{4}-\d{2}-\d{2})\/(\d{4}-\d{2}-\d{2})$/.exec(text) ?? []
  return from === undefined || to === undefined ? undefined : [Date.parse(from), Date.parse(to) + DAY_MS]
}

const DAY_MS = 86_400_000
