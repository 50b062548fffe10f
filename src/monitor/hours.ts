/** Hours of a week in a time zone: `Mon-Fri 08:00-18:00 Europe/Berlin`. */
import { excerpt, SealstoneError } from '#core'

export interface Hours {
  contains(time: Date): boolean
}

/** Days, a span of the day and an IANA zone; days may be listed, as in `Mon,Wed-Fri`, and a span may go over midnight. Throws INPUT_INVALID. */
export function parseHours(text: string): Hours {
  const [, days, from, to, zone] = /^([A-Za-z,-]+) ([0-9]{2}:[0-9]{2})-([0-9]{2}:[0-9]{2}) (\S+)$/.exec(text) ?? []
  if (days === undefined || from === undefined || to === undefined || zone === undefined)
    throw invalid(text, 'want for example "Mon-Fri 08:00-18:00 Europe/Berlin"')
  const within = new Set(days.split(',').flatMap((part) => daysOf(part, text)))
  const [start, end] = [minuteOf(from, text), minuteOf(to, text)]
  if (start === end) throw invalid(text, 'the span is empty')
  const local = formatter(zone, text)
  return {
    contains: (time) => {
      const { day, minute } = localTime(local, time)
      if (start < end) return within.has(day) && minute >= start && minute < end
      // Over midnight: the early hours belong to the day before.
      return minute >= start ? within.has(day) : minute < end && within.has((day + 6) % 7)
    },
  }
}

function daysOf(part: string, text: string): number[] {
  const [first = '', last = first, ...rest] = part.split('-')
  const [from, to] = [DAYS.indexOf(first), DAYS.indexOf(last)]
  if (from < 0 || to < 0 || rest.length > 0) throw invalid(text, `days are ${DAYS.join(', ')}`)
  return Array.from({ length: ((to - from + 7) % 7) + 1 }, (_, at) => (from + at) % 7)
}

function minuteOf(clock: string, text: string): number {
  const [hour = 0, minute = 0] = clock.split(':').map(Number)
  if (minute > 59 || hour * 60 + minute > 24 * 60) throw invalid(text, `${clock} is no time of day`)
  return hour * 60 + minute
}

function formatter(zone: string, text: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: zone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  } catch (cause) {
    throw new SealstoneError('INPUT_INVALID', `hours are ${excerpt(text)}: there is no time zone ${excerpt(zone)}`, { cause })
  }
}

function localTime(format: Intl.DateTimeFormat, time: Date): { day: number; minute: number } {
  const parts = Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, value]))
  return { day: DAYS.indexOf(parts['weekday'] ?? ''), minute: Number(parts['hour']) * 60 + Number(parts['minute']) }
}

function invalid(text: string, want: string): SealstoneError {
  return new SealstoneError('INPUT_INVALID', `hours are ${excerpt(text)}: ${want}`)
}

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']
