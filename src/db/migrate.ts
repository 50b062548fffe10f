/** Brings a database's tables up to what this program knows; forward only, one version per room. */
import type { DatabaseSync } from 'node:sqlite'
import { SealstoneError } from '#core'

export interface Migration {
  /** The room whose tables these are, for example `audit`. */
  readonly room: string
  /** 1, 2, 3, … without gaps within a room. A released one never changes. */
  readonly version: number
  readonly sql: string
}

/**
 * Runs what is missing, each step and its version in one transaction: a crash leaves the step undone and the next open repeats it.
 * Refuses a database that a newer program wrote.
 */
export function migrate(database: DatabaseSync, migrations: readonly Migration[]): void {
  database.exec('CREATE TABLE IF NOT EXISTS schema_version (room TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT')
  for (const [room, steps] of Map.groupBy(migrations, ({ room }) => room)) {
    steps.forEach((step, at) => {
      if (step.version !== at + 1) throw new SealstoneError('INTERNAL', `migration ${at + 1} of ${room} is numbered ${step.version}`)
    })
    const current = currentVersion(database, room)
    if (current > steps.length) {
      throw new SealstoneError('DATABASE_UNAVAILABLE', `tables of ${room} have version ${current}, this program knows up to ${steps.length}`, {
        hint: 'a newer Sealstone wrote this database; run that version, or restore the state directory from a backup made before the upgrade',
      })
    }
    for (const step of steps.slice(current)) runStep(database, step)
  }
}

/** For those who only read: the tables must be as this program knows them already. */
export function requireVersions(database: DatabaseSync, migrations: readonly Migration[]): void {
  const wanted = Map.groupBy(migrations, ({ room }) => room)
  for (const [room, { length }] of wanted) {
    const current = currentVersion(database, room)
    if (current !== length) {
      throw new SealstoneError('DATABASE_UNAVAILABLE', `tables of ${room} have version ${current}, this program reads ${length}`, {
        hint: 'use the same version of Sealstone as the daemon, and start that once after an upgrade',
      })
    }
  }
}

function currentVersion(database: DatabaseSync, room: string): number {
  const row = database.prepare('SELECT version FROM schema_version WHERE room = ?').get(room)
  return row === undefined ? 0 : Number(row['version'])
}

function runStep(database: DatabaseSync, { room, version, sql }: Migration): void {
  database.exec('BEGIN IMMEDIATE')
  try {
    database.exec(sql)
    database
      .prepare('INSERT INTO schema_version (room, version) VALUES (?, ?) ON CONFLICT (room) DO UPDATE SET version = excluded.version')
      .run(room, version)
    database.exec('COMMIT')
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}
