/** Whether a key could sign when it did, by the states and times of the trust file (SP 800-57 part 1 §7). */
import type { KeyTimes, TrustedKey } from './trust-file.ts'

export interface StateOutcome {
  readonly usable: boolean
  readonly reason: string
}

/**
 * A key may sign while it is active. What it signed before it was suspended, deactivated, compromised or destroyed stays good, but only
 * where the audit log proves the time; the trust file's word on when that happened decides. Log keys are apart from artifact keys, so a stolen key
 * cannot date its signatures back.
 * @param signedAt RFC 3339 in UTC, from a verified receipt; undefined where nothing proves it
 */
export function judgeKeyState(
  { name, version, state, times = {} }: Pick<TrustedKey, 'name' | 'version' | 'state' | 'times'>,
  signedAt: string | undefined,
): StateOutcome {
  const key = `key ${name} version ${version}`
  if (state === 'pre-active') return { usable: false, reason: `${key} is pre-active: it may not sign yet` }
  if (state !== 'active' && times[state] === undefined)
    return { usable: false, reason: `${key} is ${state} and the trust file does not say since when` }
  const end = endOfUse(state, times)
  if (signedAt === undefined) {
    if (end !== undefined) return { usable: false, reason: `${key} is ${end.state} since ${end.time} and nothing proves when it signed` }
    return { usable: true, reason: `${key} is active; nothing proves when it signed` }
  }
  if (times.active !== undefined && signedAt < times.active)
    return { usable: false, reason: `${key} signed at ${signedAt}, it is active only since ${times.active}` }
  if (end !== undefined && signedAt >= end.time)
    return { usable: false, reason: `${key} signed at ${signedAt}, it is ${end.state} since ${end.time}` }
  const since = end === undefined ? 'is active' : `is ${end.state} since ${end.time}`
  return { usable: true, reason: `${key} ${since}; it signed at ${signedAt}` }
}

/** The earliest end. A suspension that is over is not one. */
function endOfUse(state: TrustedKey['state'], times: KeyTimes): { state: string; time: string } | undefined {
  const ends: { state: string; time: string }[] = FINAL_STATES.flatMap((name) =>
    times[name] === undefined ? [] : [{ state: name, time: times[name] }],
  )
  if (state === 'suspended' && times.suspended !== undefined) ends.push({ state, time: times.suspended })
  return ends.sort((left, right) => (left.time < right.time ? -1 : 1))[0]
}

const FINAL_STATES = ['deactivated', 'compromised', 'destroyed'] as const
