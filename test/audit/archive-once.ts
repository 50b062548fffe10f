/** A process that publishes a log into cold storage and takes old entries out of its database: exit code 0, or 1 with the code of the failure on stdout. */
import { join } from 'node:path'
import { AUDIT_MIGRATIONS, archivableEnd, archiveBundles, databaseTiles } from '#audit'
import { toSealstoneError } from '#core'
import { openDatabase } from '#db'
import { publishLog } from '#publish'
import { decodeCheckpoint, parseNote } from '#tlog'

const [folder, cold] = process.argv.slice(2) as [string, string]
const db = openDatabase(join(folder, 'sealstone.db'), AUDIT_MIGRATIONS)
try {
  const source = databaseTiles(db, cold)
  await publishLog({ source, directory: cold, isPrivate: true })
  const signed = decodeCheckpoint(parseNote(await source.checkpoint()).text)
  await archiveBundles({ db, cold, signed, end: archivableEnd(db, signed.size, {}) })
  db.shrink()
} catch (error) {
  process.stdout.write(toSealstoneError(error).code)
  process.exitCode = 1
} finally {
  db.close()
}
