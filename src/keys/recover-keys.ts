/** Puts keys back into another token from their recovery blobs. What has none is destroyed: that is what happened to it. */
import { SealstoneError } from '#core'
import type { KeyHost, KeyMaterial, RecoverRequest } from '#keyhost'
import { seedless } from './change-keys.ts'
import { describeVersion, type KeyRecord, type LogKeys } from './key-record.ts'
import { generateRequest, type KeyParts } from './make-keys.ts'

export interface RecoveryReport {
  /** `default version 1` */
  readonly recovered: readonly string[]
  /** Their private halves are gone with the old token; what they signed goes on to verify. */
  readonly lost: readonly string[]
}

/** What puts keys back, and takes them out again. */
type RecoveringHost = Pick<KeyHost, 'recoverKey' | 'destroyKeys'>

/** Throws RECOVERY_INVALID where they have no blobs: without them the log cannot be gone on with. */
export async function recoverLogKeys(parts: KeyParts, identityFile: string): Promise<void> {
  parts.table.updateLogKeys(await recoveredLogKeys(parts.keyHost, parts.table.logKeys(), identityFile))
}

/** The log's keys in this token; nothing is recorded. Throws RECOVERY_INVALID. */
export async function recoveredLogKeys(keyHost: RecoveringHost, keys: LogKeys | undefined, identityFile: string): Promise<LogKeys> {
  if (keys?.ed25519.recovery === undefined || keys.mlDsa44.recovery === undefined) {
    throw new SealstoneError('RECOVERY_INVALID', "the audit log's own keys have no recovery blobs, so they are lost with their token", {
      hint: 'only the old token can go on with this log; start anew with sealstone init, and keep the old trust file for old signatures',
    })
  }
  const recover = (key: KeyMaterial): Promise<KeyMaterial> => keyHost.recoverKey(requestFor(key, 'log', identityFile))
  const ed25519 = await recover(keys.ed25519)
  const mlDsa44 = await orRemove(keyHost, ed25519, recover(keys.mlDsa44))
  return { ed25519, mlDsa44 }
}

/** One version after another, each durable when it is done. Throws RECOVERY_INVALID for a blob that does not open, TOKEN_*. */
export async function recoverVersions(parts: KeyParts, identityFile: string): Promise<RecoveryReport> {
  const recovered: string[] = []
  const lost: string[] = []
  for (const record of parts.table.all().filter(({ state }) => state !== 'destroyed')) {
    const isBack = await recoverVersion(parts, record, identityFile)
    if (!isBack) parts.table.update(lostVersion(parts, record))
    ;(isBack ? recovered : lost).push(describeVersion(record))
  }
  return { recovered, lost }
}

/** False for one that has no blob, or whose companion has none. */
export async function recoverVersion({ table, keyHost }: KeyParts, record: KeyRecord, identityFile: string): Promise<boolean> {
  const fresh = await recoveredVersion(keyHost, record, identityFile)
  if (fresh !== undefined) table.update(fresh)
  return fresh !== undefined
}

/** The version with its keys in this token; nothing is recorded. Undefined for one that has no blob, or whose companion has none. */
export async function recoveredVersion(keyHost: RecoveringHost, record: KeyRecord, identityFile: string): Promise<KeyRecord | undefined> {
  const { companion } = record
  if (record.hybrid.recovery === undefined || (companion !== undefined && companion.recovery === undefined)) return undefined
  const hybrid = await keyHost.recoverKey(requestFor(record.hybrid, 'signing', identityFile))
  if (companion === undefined) return { ...record, hybrid }
  return { ...record, hybrid, companion: await orRemove(keyHost, hybrid, keyHost.recoverKey(requestFor(companion, 'companion', identityFile))) }
}

/** One of two is none: the first goes again where the second does not come. */
async function orRemove(keyHost: RecoveringHost, first: KeyMaterial, second: Promise<KeyMaterial>): Promise<KeyMaterial> {
  try {
    return await second
  } catch (error) {
    await keyHost.destroyKeys([first]).catch(() => {}) // what stays is named nowhere and signs nothing
    throw error
  }
}

function lostVersion({ timeline }: KeyParts, { destroyAt: _never, quarantine: _moot, ...record }: KeyRecord): KeyRecord {
  const { suspended: _suspended, ...times } = record.times
  return {
    ...record,
    state: 'destroyed',
    times: { ...times, destroyed: timeline.next().toISOString() },
    reason: 'lost with its token: it had no recovery blob',
    hybrid: seedless(record.hybrid),
    ...(record.companion === undefined ? {} : { companion: seedless(record.companion) }),
  }
}

function requestFor(key: KeyMaterial, role: RecoverRequest['role'], identityFile: string): RecoverRequest {
  return { key, role, identityFile, label: generateRequest(key.keyId, key.version, key.suite, role).label }
}
