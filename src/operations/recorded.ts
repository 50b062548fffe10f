/** Does something to a key with its intent in the log before, and its outcome after. */
import { newOperationId, parseIdentity, toSealstoneError } from '#core'
import type { KeyRecord } from '#keys'
import { recordProtection } from '#keys'
import type { NewLeaf } from '#tlog'
import type { PolicyDecision } from './authorize.ts'
import type { OperationContext } from './context.ts'

export interface KeyEvent {
  readonly caller: NewLeaf['caller']
  readonly operation: string
  readonly key: string
  readonly keyVersion?: number
  readonly suite?: string
  readonly reason?: string
  /** Absent where the daemon itself does it. */
  readonly decision?: PolicyDecision
}

/** The daemon itself. */
export const CALLER = parseIdentity('local')

export function eventOf(caller: KeyEvent['caller'], operation: string, { name, version, hybrid }: KeyRecord): KeyEvent {
  return { caller, operation, key: name, keyVersion: version, suite: hybrid.suite }
}

/**
 * A crash before the intent leaves nothing; one after it leaves an intent that the next start closes as `unknown`, and the key as its record
 * says, which is written in one step.
 * @param work gives the version that it changed or made
 */
export async function recorded(context: OperationContext, event: KeyEvent, work: () => Promise<KeyRecord> | KeyRecord): Promise<KeyRecord> {
  const { decision, ...rest } = event
  const facts = { operationId: newOperationId(), ...rest }
  await context.audit.append({ kind: 'intent', ...facts, ...decision })
  let record: KeyRecord
  try {
    record = await work()
  } catch (thrown) {
    const error = toSealstoneError(thrown)
    await context.audit.append({ kind: 'outcome', ...facts, result: 'error', errorCode: error.code })
    throw error
  }
  const made = { keyVersion: record.version, suite: record.hybrid.suite, keyProtection: recordProtection(record) }
  await context.audit.append({ kind: 'outcome', ...facts, ...made, result: 'ok' })
  return record
}
