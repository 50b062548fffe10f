/** Puts versions that the token has lost back into it while signing goes on. A process of its own reads the identity, and lives only for that. */
import { equalBytes, SealstoneError, toSealstoneError } from '#core'
import type { KeyHost, KeyMaterial } from '#keyhost'
import { type ChangeParts, currentVersion, materials, useId } from './change-keys.ts'
import { describeVersion, type KeyRecord } from './key-record.ts'
import { logKeys } from './key-signing.ts'
import { recoveredLogKeys, recoveredVersion } from './recover-keys.ts'

/** What a recovery needs of a key host: it may read the identity file, and is closed when the work is done. */
export type RecoveryHost = Pick<KeyHost, 'check' | 'recoverKey' | 'destroyKeys' | 'close'>

export interface Restoring {
  /** By a fresh look: what a process that was there before believes of the token may be old. Throws TOKEN_UNAVAILABLE where it does not answer. */
  isInToken(record: KeyRecord): Promise<boolean>
  areLogKeysInToken(): Promise<boolean>
  /** The version with its quarantine lifted. Throws RECOVERY_INVALID, FILE_UNREADABLE, KEY_STATE_REFUSED or TOKEN_*; the record is as before then. */
  restore(record: KeyRecord): Promise<KeyRecord>
  /** Throws RECOVERY_INVALID, FILE_UNREADABLE or TOKEN_*. */
  restoreLogKeys(): Promise<void>
}

export function restoring(parts: ChangeParts, host: RecoveryHost, identityFile: string): Restoring {
  const there = (keys: readonly KeyMaterial[]): Promise<boolean> => areThere(host, keys)
  return {
    isInToken: (record) => there(materials(currentVersion(parts, record))),
    areLogKeysInToken: () => there(Object.values(logKeys(parts.table))),
    restore: (record) => restoreVersion(parts, host, record, identityFile),
    restoreLogKeys: async () => {
      const old = logKeys(parts.table)
      const fresh = await recoveredLogKeys(host, old, identityFile)
      await replace(parts, host, [old.ed25519, old.mlDsa44], [fresh.ed25519, fresh.mlDsa44])
      parts.table.updateLogKeys(fresh)
    },
  }
}

/** Why a version is not put back although the token has it no longer; undefined where it may be. */
export function restoreFault({ state, destroyAt }: KeyRecord): string | undefined {
  if (state === 'destroyed' || state === 'compromised') return `it is ${state} and never comes back`
  return destroyAt === undefined ? undefined : 'its destruction is scheduled; call that off first, with: sealstone keys keep'
}

/** Why a version can never be put back; undefined where it has all its recovery blobs. */
export function unrecoverable({ hybrid, companion, origin }: KeyRecord): string | undefined {
  if (hybrid.recovery !== undefined && (companion === undefined || companion.recovery !== undefined)) return undefined
  if (origin === 'adopted') return 'it has no recovery blob: it was in the token before and was never seen outside of it'
  if (hybrid.mlDsaCkaId !== undefined) return 'it has no recovery blob: its ML-DSA half was made in the token'
  return 'it has no recovery blob: it was made without recovery recipients'
}

async function restoreVersion(parts: ChangeParts, host: RecoveryHost, record: KeyRecord, identityFile: string): Promise<KeyRecord> {
  // No change of its state, and no signature, while its objects are being replaced.
  using _closed = await parts.uses.close(useId(record))
  const old = currentVersion(parts, record)
  const fault = restoreFault(old)
  if (fault !== undefined) throw new SealstoneError('KEY_STATE_REFUSED', `${describeVersion(old)} is not put back: ${fault}`)
  const fresh = await recoveredVersion(host, old, identityFile)
  if (fresh === undefined) throw new SealstoneError('RECOVERY_INVALID', `${describeVersion(old)} cannot be put back: ${unrecoverable(old)}`)
  await replace(parts, host, materials(old), materials(fresh))
  const { quarantine: _lifted, ...kept } = currentVersion(parts, record)
  const { hybrid, companion } = fresh
  const restored: KeyRecord = { ...kept, hybrid, ...(companion === undefined ? {} : { companion }) }
  parts.table.update(restored)
  return restored
}

/**
 * The new objects are there: they are tested by the processes that will sign with them, then what is left of the old ones goes, then the caller
 * records it. A crash before that leaves objects that nothing names and keys that the token has not: the next restore puts them back.
 */
async function replace({ keyHost }: ChangeParts, host: RecoveryHost, old: readonly KeyMaterial[], fresh: readonly KeyMaterial[]): Promise<void> {
  try {
    for (const [index, key] of old.entries()) {
      if (!equalBytes(key.spki, fresh[index]?.spki ?? new Uint8Array()))
        throw new SealstoneError('TOKEN_KEY_MISMATCH', `key ${key.keyId} version ${key.version} came back with another public key`)
    }
    await keyHost.check(fresh)
    // Half of a pair may still be there; left alone it would outlive the destruction of the key.
    await host.destroyKeys(old)
  } catch (error) {
    await host.destroyKeys(fresh).catch(() => {}) // what stays is named nowhere and signs nothing
    throw error
  }
}

async function areThere(host: RecoveryHost, keys: readonly KeyMaterial[]): Promise<boolean> {
  try {
    await host.check(keys)
    return true
  } catch (thrown) {
    const { code } = toSealstoneError(thrown)
    if (code === 'TOKEN_KEY_MISMATCH' || code === 'SEALED_SEED_INVALID') return false
    throw thrown
  }
}
