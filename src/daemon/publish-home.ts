/** Publishes the log of a state directory once, beside the daemon or without it: the database is only read. */
import { AUDIT_MIGRATIONS, databaseTiles } from '#audit'
import { openDatabaseForReading } from '#db'
import { type PublishOptions, type PublishReport, publishLog } from '#publish'
import { loadConfig } from './config.ts'
import { checkHome } from './home.ts'

export type PublishHomeOptions = Omit<PublishOptions, 'source'> & { readonly home: string }

/** Throws HOME_*, CONFIG_INVALID, DATABASE_UNAVAILABLE, and what `publishLog` throws. */
export async function publishHome({ home, ...options }: PublishHomeOptions): Promise<PublishReport> {
  const { database } = checkHome(home)
  const db = openDatabaseForReading(database, AUDIT_MIGRATIONS)
  try {
    return await publishLog({ ...options, source: databaseTiles(db, loadConfig(home).audit.cold) })
  } finally {
    db.close()
  }
}
