/** google.protobuf.Timestamp and Date. Milliseconds are what both ends work with. */
import { SealstoneError } from '#core'
import type { Timestamp, TimestampInit } from './generated/google/protobuf/Timestamp.ts'

export function toTimestamp(time: Date): TimestampInit {
  const milliseconds = time.getTime()
  const seconds = Math.floor(milliseconds / 1000)
  return { seconds: String(seconds), nanos: (milliseconds - seconds * 1000) * 1_000_000 }
}

/** Rounded up to milliseconds, so that a bound keeps its meaning for times in milliseconds. Throws INPUT_INVALID outside the years 1 to 9999. */
export function fromTimestamp({ seconds, nanos }: Timestamp): Date {
  const whole = Number(seconds)
  // google/protobuf/timestamp.proto: 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999999Z
  if (!(whole >= FIRST_SECOND && whole <= LAST_SECOND && nanos >= 0 && nanos < 1_000_000_000)) {
    throw new SealstoneError('INPUT_INVALID', `time is ${seconds} s and ${nanos} ns, want the years 1 to 9999 and 0 to 999,999,999 ns`)
  }
  return new Date(Math.min(whole * 1000 + Math.ceil(nanos / 1_000_000), LAST_SECOND * 1000 + 999))
}

const FIRST_SECOND = -62_135_596_800
const LAST_SECOND = 253_402_300_799
