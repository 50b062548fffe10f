/** The rows behind the keys, read once and kept in memory: one daemon owns the database, and only this room writes to it. */
import { canonicalJson, type KeyName, parseKeyName, parseStrictJson, SealstoneError } from '#core'
import type { Database, Row } from '#db'
import { type KeyMaterial, keyMaterialJson, parseKeyMaterial } from '#keyhost'
import type { KeyRecord, LogKeys } from './key-store.ts'

/** The key host's own form of a key is kept as canonical JSON; it holds nothing that works without the token. */
export const KEY_MIGRATIONS = [
  {
    room: 'keys',
    version: 1,
    sql: `
      CREATE TABLE key_version (
        name TEXT NOT NULL,
        version INTEGER NOT NULL CHECK (version >= 1),
        state TEXT NOT NULL CHECK (state = 'active'),
        created_at TEXT NOT NULL,
        hybrid TEXT NOT NULL,
        companion TEXT,
        PRIMARY KEY (name, version)
      ) STRICT;
      CREATE TABLE log_key (
        role TEXT PRIMARY KEY CHECK (role IN ('ed25519', 'ml-dsa-44')),
        material TEXT NOT NULL
      ) STRICT;
    `,
  },
] as const

export class KeyTable {
  readonly #db: Database
  #records: readonly KeyRecord[]
  #logKeys: LogKeys | undefined

  constructor(db: Database) {
    this.#db = db
    this.#records = db
      .prepare('SELECT name, version, state, created_at, hybrid, companion FROM key_version ORDER BY name, version')
      .all()
      .map(readRecord)
    this.#logKeys = readLogKeys(db)
  }

  all(): readonly KeyRecord[] {
    return this.#records
  }

  names(): KeyName[] {
    return [...new Set(this.#records.map(({ name }) => name))]
  }

  newest(name: KeyName): KeyRecord | undefined {
    return this.#records.findLast((record) => record.name === name)
  }

  logKeys(): LogKeys | undefined {
    return this.#logKeys
  }

  /** Durable on return. Throws KEY_EXISTS when another creation of the same name was faster. */
  insert(record: KeyRecord): void {
    const { name, version, state, createdAt, hybrid, companion } = record
    this.#db.transaction(() => {
      if (this.newest(name) !== undefined) throw new SealstoneError('KEY_EXISTS', `there is a key named ${name} already`)
      this.#db
        .prepare('INSERT INTO key_version (name, version, state, created_at, hybrid, companion) VALUES (?, ?, ?, ?, ?, ?)')
        .run(name, version, state, createdAt.toISOString(), materialText(hybrid), companion === undefined ? null : materialText(companion))
    })
    this.#records = [...this.#records, record].sort(
      (left, right) => (left.name < right.name ? -1 : Number(left.name > right.name)) || left.version - right.version,
    )
  }

  insertLogKeys(keys: LogKeys): void {
    this.#db.transaction(() => {
      const insert = this.#db.prepare('INSERT INTO log_key (role, material) VALUES (?, ?)')
      insert.run('ed25519', materialText(keys.ed25519))
      insert.run('ml-dsa-44', materialText(keys.mlDsa44))
    })
    this.#logKeys = keys
  }
}

function readRecord(row: Row): KeyRecord {
  return {
    name: parseKeyName(String(row.name)),
    version: Number(row.version),
    state: 'active', // the table's CHECK allows no other
    createdAt: new Date(String(row.created_at)),
    hybrid: readMaterial(row.hybrid),
    ...(row.companion === null ? {} : { companion: readMaterial(row.companion) }),
  }
}

function readLogKeys(db: Database): LogKeys | undefined {
  const materials = new Map(
    db
      .prepare('SELECT role, material FROM log_key')
      .all()
      .map((row) => [row.role, readMaterial(row.material)]),
  )
  const ed25519 = materials.get('ed25519')
  const mlDsa44 = materials.get('ml-dsa-44')
  return ed25519 === undefined || mlDsa44 === undefined ? undefined : { ed25519, mlDsa44 }
}

function materialText(key: KeyMaterial): string {
  return canonicalJson(keyMaterialJson(key))
}

function readMaterial(column: Row[string] | undefined): KeyMaterial {
  return parseKeyMaterial(parseStrictJson(String(column), { maxBytes: MAX_MATERIAL_BYTES }))
}

/** The largest, with an ML-DSA-87 and an RSA half, is about 6 KiB. */
const MAX_MATERIAL_BYTES = 65_536
