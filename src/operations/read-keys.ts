/** What callers may know about keys: public halves, states and how they are protected. */
import type { KeyName } from '#core'
import { type KeyRecord, legalActions, recordProtection } from '#keys'
import { decide } from '#policy'
import { fingerprint } from '#suites'
import { authorize } from './authorize.ts'
import type { OperationContext } from './context.ts'
import type { CallContext, KeyView } from './ports.ts'
import type { TrustIssuer } from './trust.ts'

/** The keys that the caller may read; others are left out, not hinted at. */
export async function listKeys(context: OperationContext, call: CallContext): Promise<KeyView[]> {
  const visible = context.keys.list().filter((record) => decide(context.policy, call.identity, 'keys.read', record.name).allowed)
  if (visible.length === 0) await authorize(context, call, 'keys.read')
  return visible.map((record) => viewKey(context, record))
}

export async function getKey(context: OperationContext, call: CallContext, name: KeyName, version?: number): Promise<KeyView> {
  await authorize(context, call, 'keys.read', name)
  return viewKey(context, context.keys.get(name, version))
}

/** The whole trust file. It holds public keys only, but of every key: so the right to read keys is asked without a key's name. */
export async function getTrust(context: OperationContext, trust: TrustIssuer, call: CallContext): Promise<Uint8Array> {
  await authorize(context, call, 'keys.read')
  return trust.current()
}

export function viewKey(context: Pick<OperationContext, 'engine' | 'keys'>, record: KeyRecord): KeyView {
  const { hybrid, companion, name } = record
  return {
    record,
    policy: context.keys.policy(name),
    fingerprint: fingerprint(context.engine, hybrid.spki),
    ...(companion === undefined ? {} : { companionFingerprint: fingerprint(context.engine, companion.spki) }),
    protection: recordProtection(record),
    actions: legalActions(record),
  }
}
