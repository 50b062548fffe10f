/** A process that publishes a log once, reading its database only: exit code 0, or 1 with the code of the failure on stdout. */
import { join } from 'node:path'
import { AUDIT_MIGRATIONS, databaseTiles } from '#audit'
import { toSealstoneError } from '#core'
import { openDatabaseForReading } from '#db'
import { publishLog } from '#publish'

const [folder, directory] = process.argv.slice(2) as [string, string]
const db = openDatabaseForReading(join(folder, 'sealstone.db'), AUDIT_MIGRATIONS)
try {
  await publishLog({ source: databaseTiles(db), directory })
} catch (error) {
  process.stdout.write(toSealstoneError(error).code)
  process.exitCode = 1
} finally {
  db.close()
}
