/** Which state a key version may go to from which, and what it may do in each. Pure. NIST SP 800-57 part 1 rev. 5 §7. */
import { defined, type KeyState, SealstoneError } from '#core'
import { describeVersion, type KeyPolicy, type KeyRecord } from './key-record.ts'

export type KeyAction = keyof typeof TRANSITIONS

export interface TransitionRequest {
  readonly action: KeyAction
  /** When it happens. */
  readonly at: Date
  /** Since when a compromised key is not believed; default is `at`. */
  readonly since?: Date
  readonly reason?: string
}

const TRANSITIONS = {
  /** Starts a version before its time, ends a suspension, or lifts a quarantine. */
  enable: { from: ['pre-active', 'suspended', 'active'], to: 'active' },
  disable: { from: ['pre-active', 'active'], to: 'suspended' },
  retire: { from: ['pre-active', 'active', 'suspended'], to: 'deactivated' },
  /** A key may turn out to have been compromised long after it was last used; and earlier than was thought first. */
  compromise: { from: ['pre-active', 'active', 'suspended', 'deactivated', 'compromised', 'destroyed'], to: 'compromised' },
  /** Not from `active`: what signs is taken out of use first. */
  destroy: { from: ['pre-active', 'suspended', 'deactivated', 'compromised'], to: 'destroyed' },
} as const satisfies Record<string, { readonly from: readonly KeyState[]; readonly to: KeyState }>

/** Throws KEY_STATE_REFUSED and names what is possible instead. */
export function checkTransition(record: KeyRecord, action: KeyAction): void {
  const allowed = legalActions(record)
  if (allowed.includes(action)) return
  const hint = allowed.length === 0 ? 'nothing can be done with it any more' : `possible now: ${allowed.join(', ')}`
  throw new SealstoneError('KEY_STATE_REFUSED', `${describeVersion(record)} is ${record.state}, so it cannot be ${PAST[action]}`, { hint })
}

export function legalActions(record: Pick<KeyRecord, 'state' | 'quarantine'>): KeyAction[] {
  return (Object.keys(TRANSITIONS) as KeyAction[]).filter((action) => {
    if (action === 'enable' && record.state === 'active') return record.quarantine !== undefined
    return (TRANSITIONS[action].from as readonly KeyState[]).includes(record.state)
  })
}

/** The version after it. Throws KEY_STATE_REFUSED or INPUT_INVALID. */
export function applyTransition(record: KeyRecord, { action, at, since, reason }: TransitionRequest): KeyRecord {
  checkTransition(record, action)
  const { reason: _old, destroyAt, quarantine, ...kept } = record
  const time = (action === 'compromise' ? compromisedSince(record, since ?? at, at) : at).toISOString()
  const { suspended: _suspended, ...times } = record.times
  const base = { ...kept, ...(reason === undefined ? {} : { reason }) }
  switch (action) {
    case 'enable':
      return { ...base, state: 'active', times: { ...times, active: record.times.active ?? time } }
    case 'disable':
      return { ...base, ...defined({ quarantine }), state: 'suspended', times: { ...times, suspended: time } }
    case 'retire':
      return { ...base, ...defined({ quarantine }), state: 'deactivated', times: { ...times, deactivated: time } }
    case 'compromise': {
      // A destroyed key stays destroyed; what it signed is judged by the time all the same.
      const state = record.state === 'destroyed' ? 'destroyed' : 'compromised'
      return { ...base, ...defined({ destroyAt, quarantine }), state, times: { ...times, compromised: time } }
    }
    case 'destroy':
      return { ...base, state: 'destroyed', times: { ...times, destroyed: time } }
  }
}

/** Why a version may not sign now, or undefined if it may. */
export function signingFault(record: KeyRecord, { minSignVersion }: KeyPolicy, now: Date): { reason: string; hint: string } | undefined {
  const rotate = `make a new version with: sealstone keys rotate ${record.name}`
  if (record.state !== 'active') {
    const actions = legalActions(record)
    const enable = `bring it into use with: sealstone keys enable ${record.name} --key-version ${record.version}`
    return { reason: `${describeVersion(record)} is ${record.state}`, hint: actions.includes('enable') ? enable : rotate }
  }
  if (record.quarantine !== undefined)
    return { reason: `${describeVersion(record)} is in quarantine: ${record.quarantine}`, hint: quarantineHint(record) }
  if (record.notBefore !== undefined && now < record.notBefore)
    return { reason: `${describeVersion(record)} signs from ${record.notBefore.toISOString()} on`, hint: 'wait, or make another key' }
  if (record.notAfter !== undefined && now >= record.notAfter)
    return { reason: `${describeVersion(record)} signed until ${record.notAfter.toISOString()}`, hint: rotate }
  if (record.version < minSignVersion)
    return { reason: `${describeVersion(record)} is older than the key's min-sign-version ${minSignVersion}`, hint: 'sign with a newer version' }
  return undefined
}

export function quarantineHint({ name, version }: Pick<KeyRecord, 'name' | 'version'>): string {
  return `run sealstone doctor; once the cause is mended: sealstone keys enable ${name} --key-version ${version}, which tests the key first`
}

function compromisedSince({ times }: KeyRecord, since: Date, now: Date): Date {
  if (since > now) throw new SealstoneError('INPUT_INVALID', `since is ${since.toISOString()}, which is in the future`)
  if (times.compromised !== undefined && since.toISOString() > times.compromised) {
    throw new SealstoneError('KEY_STATE_REFUSED', `the version is compromised since ${times.compromised} already, it cannot be later than that`, {
      hint: 'name an earlier time; what was said to be unsafe does not become safe again',
    })
  }
  return since
}

const PAST: Record<KeyAction, string> = {
  enable: 'enabled',
  disable: 'disabled',
  retire: 'retired',
  compromise: 'marked as compromised',
  destroy: 'destroyed',
}
