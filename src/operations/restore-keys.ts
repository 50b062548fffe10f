/** Key versions that the token lost, put back from their recovery blobs: with intent and outcome in the log, of the call and of each version. */
import { type ErrorCode, type KeyName, newOperationId, SealstoneError, toSealstoneError } from '#core'
import { describeVersion, type KeyRecord, restoreFault, type Restoring, unrecoverable } from '#keys'
import { authorize, type PolicyDecision } from './authorize.ts'
import type { OperationContext } from './context.ts'
import type { CallContext } from './ports.ts'
import { eventOf, recorded } from './recorded.ts'

export interface RestoreKeysRequest {
  /** Absent: every version of every key. */
  readonly key?: KeyName
  /** Absent: every version of that key. */
  readonly version?: number
  /** On the daemon's machine; its content never passes here. */
  readonly identityFile: string
}

export interface RestoredKey {
  /** Absent for the log's own keys. */
  readonly name?: KeyName
  readonly version?: number
  readonly outcome: 'restored' | 'present' | 'lost' | 'failed' | 'left'
  /** One sentence for people. */
  readonly detail: string
}

/** The file may open every key, so the right is asked without a key's name. Throws RECOVERY_INVALID where nothing came back for lack of the right identity. */
export async function restoreKeys(context: OperationContext, call: CallContext, request: RestoreKeysRequest): Promise<readonly RestoredKey[]> {
  const { decision } = await authorize(context, call, 'keys.restore')
  const records = chooseVersions(context, request)
  context.checkIdentityFile(request.identityFile)
  const facts = { operationId: newOperationId(), caller: call.identity, operation: 'keys.restore' }
  const what =
    request.key === undefined ? 'every key' : request.version === undefined ? `key ${request.key}` : `key ${request.key} version ${request.version}`
  await context.audit.append({ kind: 'intent', ...facts, ...decision, reason: `${what}, where the token has it no longer` })
  let found: readonly RestoredKey[]
  try {
    // A crash in here leaves each version either back and recorded, or as it was; the next call goes on.
    found = await context.keys.restoring(request.identityFile, (on) => restoreEach(context, call, decision, on, records))
  } catch (thrown) {
    const error = toSealstoneError(thrown)
    await context.audit.append({ kind: 'outcome', ...facts, result: 'error', errorCode: error.code })
    throw error
  }
  await context.audit.append({ kind: 'outcome', ...facts, result: 'ok', reason: summary(found) })
  return found
}

async function restoreEach(
  context: OperationContext,
  call: CallContext,
  decision: PolicyDecision,
  on: Restoring,
  records: readonly KeyRecord[],
): Promise<readonly RestoredKey[]> {
  const errors: SealstoneError[] = []
  const attempt = async (work: () => Promise<Pick<RestoredKey, 'outcome' | 'detail'>>): Promise<Pick<RestoredKey, 'outcome' | 'detail'>> => {
    call.signal.throwIfAborted()
    try {
      return await work()
    } catch (thrown) {
      const error = toSealstoneError(thrown)
      if (!OF_ONE_KEY.has(error.code)) throw error
      errors.push(error)
      return { outcome: 'failed', detail: `${error.message}; ${error.hint}` }
    }
  }
  // The log's first: without them nothing is signed, whatever else comes back.
  const found: RestoredKey[] = [await attempt(() => restoreLogKeys(on))]
  for (const record of records) {
    const { name, version } = record
    found.push({ name, version, ...(await attempt(() => restoreOne(context, call, decision, on, record))) })
  }
  const [first] = errors
  if (first !== undefined && !found.some(({ outcome }) => outcome === 'restored')) throw first
  return found
}

async function restoreLogKeys(on: Restoring): Promise<Pick<RestoredKey, 'outcome' | 'detail'>> {
  if (await on.areLogKeysInToken()) return { outcome: 'present', detail: 'the token has them' }
  await on.restoreLogKeys()
  return { outcome: 'restored', detail: 'they sign checkpoints again' }
}

async function restoreOne(
  context: OperationContext,
  { identity }: CallContext,
  decision: PolicyDecision,
  on: Restoring,
  record: KeyRecord,
): Promise<Pick<RestoredKey, 'outcome' | 'detail'>> {
  const fault = restoreFault(record)
  if (fault !== undefined) return { outcome: 'left', detail: fault }
  if (await on.isInToken(record)) {
    const more = record.quarantine === undefined ? '' : `; sealstone keys enable ${record.name} --key-version ${record.version} ends its quarantine`
    return { outcome: 'present', detail: `the token has it, so nothing was changed${more}` }
  }
  const never = unrecoverable(record)
  if (never !== undefined) return { outcome: 'lost', detail: never }
  const { state } = await recorded(context, { ...eventOf(identity, 'keys.restore', record), decision }, () => on.restore(record))
  return { outcome: 'restored', detail: state === 'active' ? 'it signs again' : `it is ${state}, as before` }
}

/** Throws KEY_UNKNOWN, and KEY_STATE_REFUSED for one version that is not to come back. */
function chooseVersions({ keys }: OperationContext, { key, version }: RestoreKeysRequest): readonly KeyRecord[] {
  if (key === undefined) return keys.list()
  if (version === undefined) return keys.versions(key)
  const record = keys.get(key, version)
  const fault = restoreFault(record)
  if (fault === undefined) return [record]
  throw new SealstoneError('KEY_STATE_REFUSED', `${describeVersion(record)} is not put back: ${fault}`)
}

function summary(found: readonly RestoredKey[]): string {
  const count = (wanted: RestoredKey['outcome']): number => found.filter(({ name, outcome }) => name !== undefined && outcome === wanted).length
  const log = found.some(({ name, outcome }) => name === undefined && outcome === 'restored') ? "the log's own keys were put back; " : ''
  return `${log}${count('restored')} key versions were put back, ${count('present')} were in the token, ${count('lost') + count('failed')} could not be put back, ${count('left')} were left`
}

/** What is no reason to stop before the other keys. */
const OF_ONE_KEY: ReadonlySet<ErrorCode> = new Set([
  'RECOVERY_INVALID',
  'KEY_STATE_REFUSED',
  'TOKEN_KEY_MISMATCH',
  'TOKEN_UNSUPPORTED',
  'SEALED_SEED_INVALID',
  'FORMAT_INVALID',
])
