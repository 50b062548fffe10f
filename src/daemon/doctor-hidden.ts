/** What of a doctor's report is not for a bug report: where the state directory is, and the token's serial where receipts hide it too. */

export interface Names {
  /** The state directory. */
  readonly folder: string
  readonly serial: string
  /** What stands for the serial; the serial itself where it is not hidden. */
  readonly shown: string
}

/** The same report with these names replaced in every text, however deep. */
export function hideNames<Value>(report: Value, { folder, serial, shown }: Names): Value {
  return mapText(report, (text) => (serial === shown ? text : hideSerial(text, serial, shown)).replaceAll(folder, '$SEALSTONE_HOME')) as Value
}

/** A short serial may be a part of other words: it is hidden where it is named as one, or stands alone. */
function hideSerial(text: string, serial: string, shown: string): string {
  if (text === serial) return shown
  return serial.length < LONG_SERIAL ? text.replaceAll(`serial ${serial}`, `serial ${shown}`) : text.replaceAll(serial, shown)
}

function mapText(part: unknown, change: (text: string) => string): unknown {
  if (typeof part === 'string') return change(part)
  if (Array.isArray(part)) return part.map((one) => mapText(one, change))
  if (typeof part === 'object' && part !== null)
    return Object.fromEntries(Object.entries(part).map(([name, member]) => [name, mapText(member, change)]))
  return part
}

const LONG_SERIAL = 6
