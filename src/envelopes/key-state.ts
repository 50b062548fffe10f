/** Whether a key could sign when it did, by the states and times of the trust file (NIST SP 800-57 part 1 rev. 5 §7). */
import type { KeyTimes } from '#core'
import type { TrustedKey, TrustedPolicy } from './trust/trust-file.ts'

export interface StateOutcome {
  readonly usable: boolean
  readonly reason: string
  /** What a reader of the verdict should know although the key is usable. */
  readonly warning?: string
}

/**
 * What a key signed before it was suspended, retired, compromised or destroyed stays good. Where the audit log proves the time of signing,
 * it is judged by the state at that time: log keys are apart from artifact keys, so a stolen key cannot date its signatures back.
 * Without a proven time a compromised key is not believed at all; the others are, since nobody else had their private halves.
 * Where the trust file names timestamp authorities, the log's word alone does not save a compromised key: a timestamp must be from before, too.
 * @param stamped undefined where no authority is named
 * @param signedAt RFC 3339 in UTC, from a verified receipt; undefined where nothing proves it
 */
export function judgeKeyState(
  key: Pick<TrustedKey, 'name' | 'version' | 'state' | 'times'>,
  policy: Pick<TrustedPolicy, 'minVerifyVersion'> | undefined,
  signedAt: string | undefined,
  stamped?: { readonly time: string | undefined },
): StateOutcome {
  const { state, times = {} } = key
  const name = `key ${key.name} version ${key.version}`
  const fail = (reason: string): StateOutcome => ({ usable: false, reason: `${name} ${reason}` })
  if (policy !== undefined && key.version < policy.minVerifyVersion)
    return fail(`is older than version ${policy.minVerifyVersion}, the oldest that is still to be believed`)
  if (state === 'pre-active') return fail('is pre-active: it may not sign yet')
  if (state !== 'active' && times[state] === undefined) return fail(`is ${state} and the trust file does not say since when`)
  const ends = endsOfUse(state, times)
  const [end] = ends

  if (signedAt === undefined) {
    const { compromised } = times
    if (compromised !== undefined) return fail(`is compromised since ${compromised} and nothing proves when it signed`)
    const unproven = 'nothing proves when it signed'
    if (end === undefined) return { usable: true, reason: `${name} is active; ${unproven}` }
    return { usable: true, reason: `${name} is ${end.state} since ${end.time}; ${unproven}`, warning: `${name} is ${end.state}, and ${unproven}` }
  }
  if (times.active !== undefined && signedAt < times.active) return fail(`signed at ${signedAt}, it is active only since ${times.active}`)
  const before = ends.find(({ time }) => signedAt >= time)
  if (before !== undefined) return fail(`signed at ${signedAt}, it is ${before.state} since ${before.time}`)
  if (stamped !== undefined && times.compromised !== undefined) {
    const { time } = stamped
    if (time === undefined)
      return fail(`is compromised since ${times.compromised}; only the log says that it signed at ${signedAt}, no timestamp does`)
    if (time >= times.compromised) return fail(`is compromised since ${times.compromised}; what it signed was timestamped only at ${time}`)
  }
  if (end === undefined) return { usable: true, reason: `${name} is active; it signed at ${signedAt}` }
  const reason = `${name} is ${end.state} since ${end.time}; it signed at ${signedAt}`
  if (state !== 'suspended') return { usable: true, reason }
  return { usable: true, reason, warning: `${name} is suspended since ${end.time}: ask its owner before you rely on it` }
}

/** Earliest first. A suspension that is over is not one. */
function endsOfUse(state: TrustedKey['state'], times: KeyTimes): { state: string; time: string }[] {
  const ends: { state: string; time: string }[] = FINAL_STATES.flatMap((name) =>
    times[name] === undefined ? [] : [{ state: name, time: times[name] }],
  )
  if (state === 'suspended' && times.suspended !== undefined) ends.push({ state, time: times.suspended })
  return ends.sort((left, right) => (left.time < right.time ? -1 : 1))
}

const FINAL_STATES = ['deactivated', 'compromised', 'destroyed'] as const
