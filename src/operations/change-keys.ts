/** The life of a key version after it was made: out of use and back, retired, compromised, destroyed; and the policy of a key. */
import { defined, type KeyName, SealstoneError } from '#core'
import { type KeyAction, type KeyPolicy, type KeyRecord, legalActions } from '#keys'
import type { OperationName } from '#policy'
import { authorize } from './authorize.ts'
import type { OperationContext } from './context.ts'
import type { CallContext } from './ports.ts'
import { eventOf, recorded } from './recorded.ts'

export interface VersionName {
  readonly name: KeyName
  /** Needed where the key has several versions for which the action is possible. */
  readonly version?: number
}

export interface ChangeKeyRequest extends VersionName {
  readonly action: Exclude<KeyAction, 'destroy'>
  /** For `compromise`. */
  readonly since?: Date
  readonly reason?: string
}

export interface DestroyKeyRequest extends VersionName {
  /** The key's name once more, typed by whoever wants it gone. */
  readonly confirmName: string
  readonly reason?: string
}

export async function changeKey(context: OperationContext, call: CallContext, request: ChangeKeyRequest): Promise<KeyRecord> {
  const { action, name, version, since, reason } = request
  const { decision } = await authorize(context, call, OPERATIONS[action], name)
  const record = chooseVersion(context, name, version, action)
  const event = { ...eventOf(call.identity, `keys.${action}`, record), decision, ...defined({ reason: reasonText(since, reason) }) }
  return recorded(context, event, () => context.keys.change(record, { action, ...defined({ since, reason }) }))
}

/** Nothing is destroyed now: `maintain` does it when the waiting time is over. */
export async function destroyKey(context: OperationContext, call: CallContext, request: DestroyKeyRequest): Promise<KeyRecord> {
  const { name, version, confirmName, reason } = request
  const { decision } = await authorize(context, call, 'keys.destroy', name)
  const record = chooseVersion(context, name, version, 'destroy')
  if (confirmName !== name)
    throw new SealstoneError('INPUT_INVALID', `the key's name was not repeated: got ${JSON.stringify(confirmName)}, want ${name}`)
  const at = new Date(context.clock.now().getTime() + context.destroyWaitMs)
  const event = {
    ...eventOf(call.identity, 'keys.destroy', record),
    decision,
    reason: [`at ${at.toISOString()}`, ...(reason === undefined ? [] : [reason])].join(': '),
  }
  return recorded(context, event, () => context.keys.scheduleDestruction(record, at, reason))
}

export async function cancelDestroyKey(context: OperationContext, call: CallContext, { name, version }: VersionName): Promise<KeyRecord> {
  const { decision } = await authorize(context, call, 'keys.destroy', name)
  const scheduled = context.keys.versions(name).filter(({ destroyAt, state }) => destroyAt !== undefined && state !== 'destroyed')
  const record = version === undefined && scheduled[0] !== undefined && scheduled.length === 1 ? scheduled[0] : context.keys.get(name, version)
  return recorded(context, { ...eventOf(call.identity, 'keys.destroy-cancel', record), decision }, () => context.keys.cancelDestruction(record))
}

export async function setKeyPolicy(context: OperationContext, call: CallContext, name: KeyName, changes: Partial<KeyPolicy>): Promise<KeyRecord> {
  const { decision } = await authorize(context, call, 'keys.policy', name)
  const record = context.keys.get(name)
  const reason = Object.entries(changes)
    .map(([member, value]) => `${member} ${value}`)
    .join(', ')
  return recorded(context, { ...eventOf(call.identity, 'keys.policy', record), decision, reason }, () => {
    context.keys.setPolicy(name, changes)
    return record
  })
}

/** The version that was named, or the only one for which this is possible; never a guess among several. */
function chooseVersion({ keys }: OperationContext, name: KeyName, version: number | undefined, action: KeyAction): KeyRecord {
  if (version !== undefined) return keys.get(name, version)
  const versions = keys.versions(name)
  const [first, ...others] = versions
  if (first !== undefined && others.length === 0) return first
  const able = versions.filter((record) => legalActions(record).includes(action))
  const [only] = able
  if (only !== undefined && able.length === 1) return only
  const known = versions.map((record) => `${record.version} (${record.state})`).join(', ')
  throw new SealstoneError('INPUT_INVALID', `key ${name} has several versions: ${known}`, { hint: 'name one with --key-version N' })
}

function reasonText(since: Date | undefined, reason: string | undefined): string | undefined {
  const parts = [since && `since ${since.toISOString()}`, reason].filter((part) => part !== undefined)
  return parts.length === 0 ? undefined : parts.join(': ')
}

const OPERATIONS = {
  enable: 'keys.enable',
  disable: 'keys.disable',
  retire: 'keys.retire',
  compromise: 'keys.compromise',
} as const satisfies Record<ChangeKeyRequest['action'], OperationName>
