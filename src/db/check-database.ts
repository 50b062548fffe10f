/** Whether SQLite's own structures are sound: pages, rows, and every index against its table; and whether tables and indexes are those that the migrations make. */
import { DatabaseSync } from 'node:sqlite'
import { mapDatabaseErrors } from './database-errors.ts'
import { type Migration, migrate } from './migrate.ts'

/**
 * What is wrong, in words; the first faults only. Reads the whole file in one go: a writer beside it is not held up, its write-ahead log grows meanwhile.
 * Throws DATABASE_UNAVAILABLE.
 */
export function checkDatabase(path: string, migrations: readonly Migration[]): string[] {
  return mapDatabaseErrors(path, () => {
    using driver = new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS, allowExtension: false, defensive: true })
    driver.exec('PRAGMA trusted_schema = OFF')
    return [...schemaFaults(driver, migrations), ...integrityFaults(driver)]
  })
}

/** sqlite.org/pragma.html#pragma_integrity_check: every index has an entry for every row that it is for, in order, and no others. */
function integrityFaults(driver: DatabaseSync): string[] {
  try {
    const rows = driver.prepare(`PRAGMA integrity_check(${MOST_FAULTS})`).all()
    const texts = rows.flatMap((row) => String(row['integrity_check']).split('\n')).filter((text) => text !== '' && text !== 'ok')
    return texts.slice(0, MOST_FAULTS)
  } catch (error) {
    // What is damaged enough ends the check itself.
    if (((error as { errcode?: number }).errcode ?? 0) % 256 !== SQLITE_CORRUPT) throw error
    return [(error as Error).message]
  }
}

/** An index that leaves rows out by its own definition is sound to SQLite, and so is a trigger that changes what is written. */
function schemaFaults(driver: DatabaseSync, migrations: readonly Migration[]): string[] {
  const expected = expectedSchema(migrations)
  const tables = new Set(Array.from(expected.values(), ({ table }) => table))
  const found = readSchema(driver)
  const changed = Array.from(expected).flatMap(([name, { kind, sql }]) => {
    const is = found.get(name)
    if (is === undefined) return [`${kind} ${name} is missing`]
    return is.sql === sql ? [] : [`${kind} ${name} is not the one that was made: ${is.sql}`]
  })
  const strange = Array.from(found).flatMap(([name, { kind, table, sql }]) =>
    tables.has(table) && !expected.has(name)
      ? [`${kind === 'index' ? 'there is an' : 'there is a'} ${kind} ${name} that is none of ours: ${sql}`]
      : [],
  )
  return [...changed, ...strange].slice(0, MOST_FAULTS)
}

interface SchemaEntry {
  readonly kind: string
  readonly table: string
  readonly sql: string
}

function expectedSchema(migrations: readonly Migration[]): Map<string, SchemaEntry> {
  using driver = new DatabaseSync(':memory:')
  migrate(driver, migrations)
  return readSchema(driver)
}

function readSchema(driver: DatabaseSync): Map<string, SchemaEntry> {
  const rows = driver.prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name').all()
  return new Map(
    rows.map((row) => [
      String(row['name']),
      { kind: String(row['type']), table: String(row['tbl_name']), sql: String(row['sql'] ?? '').slice(0, 2000) },
    ]),
  )
}

const MOST_FAULTS = 20
const SQLITE_CORRUPT = 11
const BUSY_TIMEOUT_MS = 2000
