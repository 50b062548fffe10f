/** Puts keys back into another token from their recovery blobs. What has none is destroyed: that is what happened to it. */
import { SealstoneError } from '#core'
import type { KeyMaterial, RecoverRequest } from '#keyhost'
import { seedless } from './change-keys.ts'
import { describeVersion, type KeyRecord } from './key-record.ts'
import { generateRequest, type KeyParts } from './make-keys.ts'

export interface RecoveryReport {
  /** `default version 1` */
  readonly recovered: readonly string[]
  /** Their private halves are gone with the old token; what they signed goes on to verify. */
  readonly lost: readonly string[]
}

/** Throws RECOVERY_INVALID where they have no blobs: without them the log cannot be gone on with. */
export async function recoverLogKeys(parts: KeyParts, identityFile: string): Promise<void> {
  const keys = parts.table.logKeys()
  if (keys?.ed25519.recovery === undefined || keys.mlDsa44.recovery === undefined) {
    throw new SealstoneError('RECOVERY_INVALID', "the audit log's own keys have no recovery blobs, so they are lost with their token", {
      hint: 'only the old token can go on with this log; start anew with sealstone init, and keep the old trust file for old signatures',
    })
  }
  const recover = (key: KeyMaterial): Promise<KeyMaterial> => parts.keyHost.recoverKey(requestFor(key, 'log', identityFile))
  parts.table.updateLogKeys({ ed25519: await recover(keys.ed25519), mlDsa44: await recover(keys.mlDsa44) })
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
  const { companion } = record
  if (record.hybrid.recovery === undefined || (companion !== undefined && companion.recovery === undefined)) return false
  const hybrid = await keyHost.recoverKey(requestFor(record.hybrid, 'signing', identityFile))
  const fresh = companion && (await keyHost.recoverKey(requestFor(companion, 'companion', identityFile)))
  table.update({ ...record, hybrid, ...(fresh === undefined ? {} : { companion: fresh }) })
  return true
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
