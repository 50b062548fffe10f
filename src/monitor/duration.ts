/** Spans of time as people write them. */
import { excerpt, SealstoneError } from '#core'

/** `90s`, `10m`, `24h`, `7d`, in milliseconds. Throws INPUT_INVALID. @param name of the setting or option, for the message */
export function parseDuration(text: string, name: string): number {
  const [, count, unit] = /^([1-9][0-9]{0,6})([smhd])$/.exec(text) ?? []
  if (count === undefined) throw new SealstoneError('INPUT_INVALID', `${name} is ${excerpt(text)}, want a span of time such as 90s, 10m, 24h or 7d`)
  return Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS]
}

const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
