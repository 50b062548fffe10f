/** The keys of this installation: made in the token, recorded in the database, used through the key host. */
import { closest } from 'fastest-levenshtein'
import { type Clock, type KeyName, type KeyProtection, SealstoneError } from '#core'
import type { Database } from '#db'
import type { GenerateRequest, KeyHost, KeyMaterial, SignItem } from '#keyhost'
import { findSuite, type SuiteId } from '#suites'
import { KeyTable } from './key-table.ts'

/** SP 800-57 part 1 §7; the other states come with the key life cycle. */
export type KeyState = 'active'

export interface KeyRecord {
  readonly name: KeyName
  /** 1 for the first one. */
  readonly version: number
  readonly state: KeyState
  readonly createdAt: Date
  /** The key itself: hybrid, pure ML-DSA or classical, as its suite says. */
  readonly hybrid: KeyMaterial
  /** For `model.sig`: a classical key of its own, not the hybrid's half. Absent where the suite is classical itself. */
  readonly companion?: KeyMaterial
}

/** The audit log's own keys, apart from every signing key. */
export interface LogKeys {
  readonly ed25519: KeyMaterial
  readonly mlDsa44: KeyMaterial
}

export interface RecordSignatures {
  readonly hybrid: Uint8Array
  readonly companion?: Uint8Array
}

export interface KeyStore {
  /** Throws KEY_EXISTS, SUITE_UNKNOWN, SUITE_UNSUPPORTED or TOKEN_*. */
  create(request: { readonly name: KeyName; readonly suite: SuiteId }): Promise<KeyRecord>
  /** The newest version. Throws KEY_UNKNOWN and names the nearest one. */
  get(name: KeyName): KeyRecord
  /** Every version of every key, by name. */
  list(): readonly KeyRecord[]
  /** Throws KEY_EXISTS. */
  createLogKeys(): Promise<LogKeys>
  /** Throws KEY_UNKNOWN before `createLogKeys`. */
  logKeys(): LogKeys
  /** Both signatures in one round trip to the key host. Throws TOKEN_*, OVERLOADED, DEADLINE_EXCEEDED or CANCELLED. */
  sign(record: KeyRecord, message: Uint8Array, options?: { readonly signal?: AbortSignal; readonly timeoutMs?: number }): Promise<RecordSignatures>
  /** At start: each key in the token is the recorded one and signs. Throws TOKEN_KEY_MISMATCH or SEALED_SEED_INVALID. */
  check(): Promise<void>
}

export interface KeyStoreOptions {
  /** Opened with KEY_MIGRATIONS. */
  readonly db: Database
  readonly keyHost: KeyHost
  readonly clock: Clock
}

export function openKeyStore({ db, keyHost, clock }: KeyStoreOptions): KeyStore {
  const table = new KeyTable(db)
  return {
    create: async ({ name, suite: suiteId }) => {
      const suite = findSuite(suiteId)
      if (table.newest(name) !== undefined) throw new SealstoneError('KEY_EXISTS', `there is a key named ${name} already`)
      const version = 1
      // Token first, record last and in one transaction: a crash in between leaves objects in the token that nothing names, never a record
      // whose key is missing. Those objects carry random ids and the label below; they are never used and can be removed by hand.
      const hybrid = await keyHost.generateKey(request(name, version, suite.id, 'signing'))
      const companion =
        suite.companion === undefined ? undefined : await keyHost.generateKey(request(`${name}.companion`, version, suite.companion, 'companion'))
      const record: KeyRecord = { name, version, state: 'active', createdAt: clock.now(), hybrid, ...(companion === undefined ? {} : { companion }) }
      table.insert(record)
      return record
    },
    get: (name) => {
      const record = table.newest(name)
      if (record !== undefined) return record
      const names = table.names()
      const hint = names.length === 0 ? 'create one first' : `did you mean ${closest(name, names)}? list them with: sealstone keys list`
      throw new SealstoneError('KEY_UNKNOWN', `there is no key named ${name}`, { hint })
    },
    list: () => table.all(),
    createLogKeys: async () => {
      if (table.logKeys() !== undefined) throw new SealstoneError('KEY_EXISTS', 'the audit log has its keys already')
      const keys: LogKeys = {
        ed25519: await keyHost.generateKey(request('log.ed25519', 1, 'ed25519', 'log')),
        mlDsa44: await keyHost.generateKey(request('log.mldsa44', 1, 'mldsa44', 'log')),
      }
      table.insertLogKeys(keys)
      return keys
    },
    logKeys: () => {
      const keys = table.logKeys()
      if (keys === undefined) throw new SealstoneError('KEY_UNKNOWN', 'the audit log has no keys', { hint: 'restore the database from its backup' })
      return keys
    },
    sign: async ({ hybrid, companion }, message, options) => {
      const items: SignItem[] = [{ key: hybrid, message }]
      if (companion !== undefined) items.push({ key: companion, message })
      const [main, other] = await keyHost.sign(items, options)
      if (main === undefined || (other === undefined) !== (companion === undefined))
        throw new SealstoneError('INTERNAL', 'the key host answered another number of signatures')
      return { hybrid: main, ...(other === undefined ? {} : { companion: other }) }
    },
    check: async () => {
      const log = table.logKeys()
      const signing = table.all().flatMap(({ hybrid, companion }) => (companion === undefined ? [hybrid] : [hybrid, companion]))
      await keyHost.check([...(log === undefined ? [] : [log.ed25519, log.mlDsa44]), ...signing])
    },
  }
}

/** How the whole key is guarded, in one statement: every half, and the companion. */
export function recordProtection({ hybrid, companion }: Pick<KeyRecord, 'hybrid' | 'companion'>): KeyProtection {
  return { ...hybrid.protection, halves: [...hybrid.protection.halves, ...(companion?.protection.halves ?? [])] }
}

function request(keyId: string, version: number, suite: SuiteId, role: GenerateRequest['role']): GenerateRequest {
  return { keyId, version, suite, role, label: `sealstone ${keyId} v${version}` }
}
