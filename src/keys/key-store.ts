/** The keys of this installation: made in the token, recorded in the database, used through the key host, each version with its life. */
import { type Clock, type KeyName, SealstoneError, type Timeline } from '#core'
import type { Database } from '#db'
import type { KeyHost } from '#keyhost'
import {
  cancelDestruction,
  type ChangeParts,
  type ChangeRequest,
  changeState,
  destroyVersion,
  materials,
  quarantineVersion,
  scheduleDestruction,
  useId,
} from './change-keys.ts'
import { describeVersion, type KeyPolicy, type KeyRecord, type LogKeys } from './key-record.ts'
import { fresh, type KeySigning, keySigning, logKeys, type SigningOptions } from './key-signing.ts'
import { KeyTable } from './key-table.ts'
import { signingFault } from './life-cycle.ts'
import {
  adoptKey,
  type AdoptRequest,
  createKey,
  type CreateRequest,
  createVersion,
  generateRequest,
  importKey,
  type ImportRequest,
  type VersionRequest,
} from './make-keys.ts'
import { recoverLogKeys, recoverVersion, recoverVersions, type RecoveryReport } from './recover-keys.ts'
import { type RecoveryHost, type Restoring, restoring } from './restore-keys.ts'
import { type RewrapResult, rewrapKeys } from './rewrap-keys.ts'
import { UnderWay } from './under-way.ts'
import { unknownKey, unknownVersion } from './unknown-key.ts'
import { KeyUses } from './uses.ts'

export type { RecoveryHost, RecoveryReport, Restoring, RewrapResult, SigningOptions }

export interface KeyStore extends KeySigning {
  create(request: CreateRequest): Promise<KeyRecord>
  /** The next version of a key; the older ones stay as they are. */
  createVersion(request: VersionRequest): Promise<KeyRecord>
  adopt(request: AdoptRequest): Promise<KeyRecord>
  import(request: ImportRequest): Promise<KeyRecord>
  /** The newest version unless one is named. Throws KEY_UNKNOWN and names the nearest key, or the versions there are. */
  get(name: KeyName, version?: number): KeyRecord
  /** Every version of one key, oldest first. Throws KEY_UNKNOWN. */
  versions(name: KeyName): readonly KeyRecord[]
  /** Every version of every key, by name. */
  list(): readonly KeyRecord[]
  policy(name: KeyName): KeyPolicy
  /** `rotationDays` 0 ends the rotation by age. Throws KEY_UNKNOWN or INPUT_INVALID. */
  setPolicy(name: KeyName, changes: Partial<KeyPolicy>): KeyPolicy
  /**
   * The version to sign with: the newest that may, or the one that is named. Hold it until the outcome is in the log: a change of its state
   * waits for that. Throws KEY_UNKNOWN or KEY_UNUSABLE with the reason.
   */
  use(name: KeyName, version?: number): { readonly record: KeyRecord } & Disposable
  /** Waits for what the version is signing. Throws KEY_STATE_REFUSED. */
  change(record: KeyRecord, request: ChangeRequest): Promise<KeyRecord>
  scheduleDestruction(record: KeyRecord, at: Date, reason?: string): KeyRecord
  cancelDestruction(record: KeyRecord): KeyRecord
  destroy(record: KeyRecord): Promise<KeyRecord>
  quarantine(record: KeyRecord, reason: string): void
  /** Seals every seed anew under a new wrapping key, while signing goes on. One at a time. Throws TOKEN_* or SEALED_SEED_INVALID. */
  rewrap(options: { readonly destroyOld: boolean }): Promise<RewrapResult>
  /** Into another token, from their recovery blobs. Throws RECOVERY_INVALID or TOKEN_*. */
  recoverLogKeys(identityFile: string): Promise<void>
  /** The same for one version; false where it has no blob. */
  recoverVersion(record: KeyRecord, identityFile: string): Promise<boolean>
  /** The same for every version; one without a recovery blob never signs again. */
  recoverVersions(identityFile: string): Promise<RecoveryReport>
  /**
   * For versions that the token lost while the daemon runs: `work` is given a process of its own that may read the identity file, and that ends with
   * it. One at a time; keys that are to be made wait for it. Throws TOKEN_* and what `work` throws.
   */
  restoring<Result>(identityFile: string, work: (on: Restoring) => Promise<Result>): Promise<Result>
  /** Throws KEY_EXISTS. */
  createLogKeys(): Promise<LogKeys>
  /** Throws KEY_UNKNOWN before `createLogKeys`. */
  logKeys(): LogKeys
  /** The keys of the log in the token are the recorded ones and sign. Throws TOKEN_KEY_MISMATCH or SEALED_SEED_INVALID. */
  checkLogKeys(): Promise<void>
  /** The same for one version. */
  test(record: KeyRecord): Promise<void>
  /** The same for everything that is not destroyed. */
  check(): Promise<void>
  /** The trust file that was issued last. */
  trust(): { readonly serial: number; readonly document: Uint8Array } | undefined
  setTrust(serial: number, document: Uint8Array): void
}

export interface KeyStoreOptions {
  /** Opened with KEY_MIGRATIONS. */
  readonly db: Database
  readonly keyHost: KeyHost
  readonly clock: Clock
  /** The same as the audit log's. */
  readonly timeline: Timeline
  /** Starts a key host that may read one file with age identities, for `restoring`. */
  readonly openRecoveryHost?: (identityFile: string) => Promise<RecoveryHost>
  /** age recipients to whom the private parts of new keys are encrypted too. Default none. */
  readonly recipients?: readonly string[]
}

export function openKeyStore({ db, keyHost, clock, timeline, openRecoveryHost, recipients = [] }: KeyStoreOptions): KeyStore {
  const table = new KeyTable(db)
  for (const { times } of table.all()) for (const time of Object.values(times)) timeline.reach(new Date(time))
  const parts: ChangeParts = { table, keyHost, clock, timeline, recipients, uses: new KeyUses() }
  const making = new UnderWay()
  const rewrapping = new UnderWay()
  const recovering = new UnderWay()
  // Two processes that both find no wrapping key in the token would both make one.
  const make = (work: () => Promise<KeyRecord>): Promise<KeyRecord> => making.add(recovering.settled().then(work))
  const versions = (name: KeyName): readonly KeyRecord[] => {
    const found = table.versions(name)
    if (found.length === 0) throw unknownKey(table, name)
    return found
  }
  const get = (name: KeyName, version?: number): KeyRecord => {
    const found = version === undefined ? versions(name).at(-1) : versions(name).find((record) => record.version === version)
    if (found === undefined) throw unknownVersion(table, name, version ?? 0)
    return found
  }
  return {
    create: (request) => make(() => createKey(parts, request)),
    createVersion: (request) => make(() => createVersion(parts, request)),
    adopt: (request) => adoptKey(parts, request),
    import: (request) => make(() => importKey(parts, request)),
    get,
    versions,
    list: () => table.all(),
    policy: (name) => table.policy(name),
    setPolicy: (name, changes) => {
      const newest = get(name).version
      const { rotationDays, ...merged } = { ...table.policy(name), ...changes }
      const policy = checkPolicy({ ...merged, ...(rotationDays === undefined || rotationDays === 0 ? {} : { rotationDays }) }, newest)
      table.setPolicy(name, policy)
      return policy
    },
    use: (name, version) => {
      const record = chooseForUse(parts, version === undefined ? versions(name) : [get(name, version)])
      return { record, ...parts.uses.begin(useId(record)) }
    },
    change: (record, request) => changeState(parts, record, request),
    scheduleDestruction: (record, at, reason) => scheduleDestruction(parts, record, at, reason),
    cancelDestruction: (record) => cancelDestruction(parts, record),
    destroy: (record) => destroyVersion(parts, record),
    quarantine: (record, reason) => quarantineVersion(parts, record, reason),
    rewrap: (options) => {
      const before = rewrapping.settled()
      return rewrapping.add(before.then(() => rewrapKeys({ ...parts, made: () => making.settled() }, options)))
    },
    recoverLogKeys: (identityFile) => recoverLogKeys(parts, identityFile),
    recoverVersion: (record, identityFile) => recoverVersion(parts, record, identityFile),
    recoverVersions: (identityFile) => recoverVersions(parts, identityFile),
    restoring: (identityFile, work) => {
      const before = making.settled() // other restores are among it
      const done = before.then(async () => {
        if (openRecoveryHost === undefined) throw new SealstoneError('INTERNAL', 'this key store has no way to open a recovery host')
        const host = await openRecoveryHost(identityFile)
        try {
          return await work(restoring(parts, host, identityFile))
        } finally {
          await host.close()
        }
      })
      return recovering.add(making.add(done))
    },
    createLogKeys: async () => {
      if (table.logKeys() !== undefined) throw new SealstoneError('KEY_EXISTS', 'the audit log has its keys already')
      const keys: LogKeys = {
        ed25519: await keyHost.generateKey({ ...generateRequest('log.ed25519', 1, 'ed25519', 'log'), recipients }),
        mlDsa44: await keyHost.generateKey({ ...generateRequest('log.mldsa44', 1, 'mldsa44', 'log'), recipients }),
      }
      table.insertLogKeys(keys)
      return keys
    },
    logKeys: () => logKeys(table),
    ...keySigning(table, keyHost),
    checkLogKeys: () => keyHost.check(Object.values(logKeys(table))),
    test: (record) => keyHost.check(materials(fresh(table, record))),
    check: async () => {
      const log = table.logKeys()
      const signing = table.all().filter(({ state }) => state !== 'destroyed')
      await keyHost.check([...(log === undefined ? [] : [log.ed25519, log.mlDsa44]), ...signing.flatMap(materials)])
    },
    trust: () => table.trust(),
    setTrust: (serial, document) => table.setTrust(serial, document),
  }
}

/** Those of a database whose token cannot be opened. Throws KEY_UNKNOWN. */
export function readLogKeys(db: Database): LogKeys {
  return logKeys(new KeyTable(db))
}

/** The newest of these versions that may sign; else the newest one's reason why not. */
function chooseForUse({ table, clock, uses }: ChangeParts, candidates: readonly KeyRecord[]): KeyRecord {
  let fault: { reason: string; hint: string } | undefined
  for (const record of candidates.toReversed()) {
    const found = uses.isClosed(useId(record))
      ? { reason: `the state of ${describeVersion(record)} is being changed`, hint: 'try again in a moment' }
      : signingFault(record, table.policy(record.name), clock.now())
    if (found === undefined) return record
    fault ??= found
  }
  throw new SealstoneError('KEY_UNUSABLE', fault?.reason ?? 'there is no version', fault === undefined ? {} : { hint: fault.hint })
}

function checkPolicy(policy: KeyPolicy, newest: number): KeyPolicy {
  for (const [name, value] of [
    ['min-sign-version', policy.minSignVersion],
    ['min-verify-version', policy.minVerifyVersion],
  ] as const) {
    if (!Number.isSafeInteger(value) || value < 1 || value > newest)
      throw new SealstoneError('INPUT_INVALID', `${name} is ${value}, want 1 to the newest version, ${newest}`)
  }
  const { rotationDays } = policy
  if (rotationDays !== undefined && (!Number.isSafeInteger(rotationDays) || rotationDays < 1 || rotationDays > MAX_ROTATION_DAYS))
    throw new SealstoneError('INPUT_INVALID', `rotation-days is ${rotationDays}, want 1 to ${MAX_ROTATION_DAYS}`)
  return policy
}

const MAX_ROTATION_DAYS = 36_500
