/** Keys as rows of the database, and back; whoever wrote the file, no more of it comes into memory than keys can be. */
import {
  canonicalJson,
  KEY_ORIGINS,
  KEY_STATES,
  type KeyTimes,
  defined,
  LIMITS,
  parseKeyName,
  parseStrictJson,
  readChoice,
  SealstoneError,
} from '#core'
import type { Database, Row, SqlValue } from '#db'
import { type KeyMaterial, keyMaterialJson, parseKeyMaterial } from '#keyhost'
import type { KeyPolicy, KeyRecord, LogKeys } from './key-record.ts'

/** In order of name and version. Throws DATABASE_UNAVAILABLE for more than there can be. */
export function readRecords(db: Database): KeyRecord[] {
  const { versions, longest } = db.prepare(EXTENT).get() as { readonly versions: number; readonly longest: number }
  if (versions > LIMITS.keyVersions || longest > MAX_VERSION_BYTES) {
    const most = `want at most ${LIMITS.keyVersions} of ${MAX_VERSION_BYTES} bytes`
    throw new SealstoneError('DATABASE_UNAVAILABLE', `the database has ${versions} versions of keys, the longest of ${longest} bytes, ${most}`, {
      hint: 'stop, keep the files as evidence, restore the state directory from its backup',
    })
  }
  const next = db.prepare('SELECT * FROM key_version WHERE (name, version) > (?, ?) ORDER BY name, version LIMIT 64')
  const records: KeyRecord[] = []
  for (let page = next.all('', 0); page.length > 0; ) {
    records.push(...page.map(readRecord))
    const last = page.at(-1) as Row
    page = next.all(last['name'] as string, last['version'] as number)
  }
  return records
}

/** Every column of a version. */
export function rowOf(record: KeyRecord): Record<string, SqlValue> & { name: SqlValue; version: SqlValue } {
  const { name, version, state, times, createdAt, origin, notBefore, notAfter, reason, destroyAt, quarantine, hybrid, companion } = record
  return {
    name,
    version,
    state,
    times: canonicalJson({ ...times }),
    created_at: createdAt.toISOString(),
    origin,
    not_before: notBefore?.toISOString() ?? null,
    not_after: notAfter?.toISOString() ?? null,
    reason: reason ?? null,
    destroy_at: destroyAt?.toISOString() ?? null,
    quarantine: quarantine ?? null,
    hybrid: materialText(hybrid),
    companion: companion === undefined ? null : materialText(companion),
  }
}

function readRecord(row: Row): KeyRecord {
  const time = (column: string): Date | undefined => (row[column] === null ? undefined : new Date(String(row[column])))
  const text = (column: string): string | undefined => (row[column] === null ? undefined : String(row[column]))
  const optional = defined({
    notBefore: time('not_before'),
    notAfter: time('not_after'),
    reason: text('reason'),
    destroyAt: time('destroy_at'),
    quarantine: text('quarantine'),
    companion: row['companion'] === null ? undefined : readMaterial(row['companion']),
  })
  const choices = { state: String(row['state']), origin: String(row['origin']) }
  return {
    name: parseKeyName(String(row['name'])),
    version: Number(row['version']),
    state: readChoice(choices, 'state', KEY_STATES),
    origin: readChoice(choices, 'origin', KEY_ORIGINS),
    times: JSON.parse(String(row['times'])) as KeyTimes,
    createdAt: new Date(String(row['created_at'])),
    hybrid: readMaterial(row['hybrid']),
    ...optional,
  }
}

export function readLogKeys(db: Database): LogKeys | undefined {
  const materials = new Map(
    db
      .prepare("SELECT role, material FROM log_key WHERE role IN ('ed25519', 'ml-dsa-44')")
      .all()
      .map((row) => [row['role'], readMaterial(row['material'])]),
  )
  const ed25519 = materials.get('ed25519')
  const mlDsa44 = materials.get('ml-dsa-44')
  return ed25519 === undefined || mlDsa44 === undefined ? undefined : { ed25519, mlDsa44 }
}

export function readPolicies(db: Database): Map<string, KeyPolicy> {
  const rows = db.prepare('SELECT * FROM key_policy WHERE name IN (SELECT name FROM key_version)').all()
  return new Map(
    rows.map((row) => [
      String(row['name']),
      {
        minSignVersion: Number(row['min_sign_version']),
        minVerifyVersion: Number(row['min_verify_version']),
        ...(row['rotation_days'] === null ? {} : { rotationDays: Number(row['rotation_days']) }),
        deletionAllowed: row['deletion_allowed'] === 1,
      },
    ]),
  )
}

export function materialText(key: KeyMaterial): string {
  return canonicalJson(keyMaterialJson(key))
}

function readMaterial(column: Row[string] | undefined): KeyMaterial {
  return parseKeyMaterial(parseStrictJson(String(column), { maxBytes: MAX_MATERIAL_BYTES }))
}

/** The largest, with an ML-DSA-87 and an RSA half, is about 6 KiB. */
const MAX_MATERIAL_BYTES = 65_536
/** Both halves, and what is said of them in leaves of the log. */
const MAX_VERSION_BYTES = 2 * MAX_MATERIAL_BYTES + 4 * LIMITS.leafBytes
const LENGTHS = ['name', 'times', 'created_at', 'not_before', 'not_after', 'reason', 'destroy_at', 'quarantine', 'hybrid', 'companion']
const EXTENT = `SELECT count(*) AS versions, coalesce(max(${LENGTHS.map((column) => `coalesce(octet_length(${column}), 0)`).join(' + ')}), 0) AS longest
  FROM key_version`
