/** The rows behind the keys, read once and kept in memory: one daemon owns the database, and only this room writes to it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type KeyName, LIMITS, SealstoneError } from '#core'
import type { Database } from '#db'
import { DEFAULT_KEY_POLICY, describeVersion, type KeyPolicy, type KeyRecord, type LogKeys } from './key-record.ts'
import { materialText, readLogKeys, readPolicies, readRecords, rowOf } from './key-rows.ts'

export class KeyTable {
  readonly #db: Database
  #records: readonly KeyRecord[]
  #logKeys: LogKeys | undefined
  readonly #policies: Map<string, KeyPolicy>

  constructor(db: Database) {
    this.#db = db
    this.#records = readRecords(db)
    this.#logKeys = readLogKeys(db)
    this.#policies = readPolicies(db)
  }

  /** In order of name and version. */
  all(): readonly KeyRecord[] {
    return this.#records
  }

  names(): KeyName[] {
    return [...new Set(this.#records.map(({ name }) => name))]
  }

  /** Oldest first. */
  versions(name: KeyName): KeyRecord[] {
    return this.#records.filter((record) => record.name === name)
  }

  policy(name: KeyName): KeyPolicy {
    return this.#policies.get(name) ?? DEFAULT_KEY_POLICY
  }

  logKeys(): LogKeys | undefined {
    return this.#logKeys
  }

  /** Durable on return. Throws KEY_EXISTS when another creation of the same version was faster. */
  insert(record: KeyRecord, policy?: KeyPolicy): void {
    this.#db.transaction(() => {
      if (this.#find(record) !== undefined) throw new SealstoneError('KEY_EXISTS', `there is a ${describeVersion(record)} already`)
      if (this.#records.length >= LIMITS.keyVersions)
        throw new SealstoneError('INPUT_TOO_LARGE', `there are ${LIMITS.keyVersions} versions of keys already, no more have room in a trust file`)
      const columns = rowOf(record)
      const names = Object.keys(columns)
      this.#db.prepare(`INSERT INTO key_version (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`).run(...Object.values(columns))
      if (policy !== undefined) this.#writePolicy(record.name, policy)
    })
    if (policy !== undefined) this.#policies.set(record.name, policy)
    this.#records = [...this.#records, record].sort(
      (left, right) => (left.name < right.name ? -1 : Number(left.name > right.name)) || left.version - right.version,
    )
  }

  /** Several versions at once, all or none; durable on return. */
  update(...records: readonly KeyRecord[]): void {
    this.#db.transaction(() => {
      for (const record of records) {
        const { name, version, ...columns } = rowOf(record)
        const names = Object.keys(columns)
        this.#db
          .prepare(`UPDATE key_version SET ${names.map((column) => `${column} = ?`).join(', ')} WHERE name = ? AND version = ?`)
          .run(...Object.values(columns), name, version)
      }
    })
    this.#records = this.#records.map((old) => records.find((fresh) => fresh.name === old.name && fresh.version === old.version) ?? old)
  }

  /** After an update that erased something: it leaves the files of the database too. Tried for some seconds while others read them, then left to later commits. */
  async erase(): Promise<void> {
    for (let left = ERASE_TRIES; left > 0 && !this.#db.emptyLog(); left--) await sleep(ERASE_PAUSE_MS)
  }

  setPolicy(name: KeyName, policy: KeyPolicy): void {
    this.#db.transaction(() => this.#writePolicy(name, policy))
    this.#policies.set(name, policy)
  }

  insertLogKeys(keys: LogKeys): void {
    this.#db.transaction(() => {
      const insert = this.#db.prepare('INSERT INTO log_key (role, material) VALUES (?, ?)')
      insert.run('ed25519', materialText(keys.ed25519))
      insert.run('ml-dsa-44', materialText(keys.mlDsa44))
    })
    this.#logKeys = keys
  }

  /** Both in one transaction; durable on return. */
  updateLogKeys(keys: LogKeys): void {
    this.#db.transaction(() => {
      const update = this.#db.prepare('UPDATE log_key SET material = ? WHERE role = ?')
      update.run(materialText(keys.ed25519), 'ed25519')
      update.run(materialText(keys.mlDsa44), 'ml-dsa-44')
    })
    this.#logKeys = keys
  }

  trust(): { serial: number; document: Uint8Array } | undefined {
    const row = this.#db.prepare('SELECT serial, document FROM trust_issue WHERE only = 1').get()
    return row && { serial: Number(row['serial']), document: row['document'] as Uint8Array }
  }

  setTrust(serial: number, document: Uint8Array): void {
    this.#db.transaction(() => {
      this.#db.prepare('INSERT OR REPLACE INTO trust_issue (only, serial, document) VALUES (1, ?, ?)').run(serial, document)
    })
  }

  #find({ name, version }: KeyRecord): KeyRecord | undefined {
    return this.#records.find((record) => record.name === name && record.version === version)
  }

  #writePolicy(name: KeyName, { minSignVersion, minVerifyVersion, rotationDays, deletionAllowed }: KeyPolicy): void {
    this.#db
      .prepare(
        'INSERT OR REPLACE INTO key_policy (name, min_sign_version, min_verify_version, rotation_days, deletion_allowed) VALUES (?, ?, ?, ?, ?)',
      )
      .run(name, minSignVersion, minVerifyVersion, rotationDays ?? null, deletionAllowed ? 1 : 0)
  }
}

const ERASE_TRIES = 20
const ERASE_PAUSE_MS = 250
