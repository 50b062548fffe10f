/**
 * A process that publishes a log into cold storage, takes old entries out of its database and makes that smaller: exit code 0, or 1 with the code of the failure on stdout; on stderr it says when the
 * last step begins.
 * The last step has a process of its own in earnest; here it is in this one, in which the disk fails.
 */
import { once } from 'node:events'
import { writeSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { AUDIT_MIGRATIONS, archivableEnd, archiveBundles, databaseTiles } from '#audit'
import { SealstoneError, toSealstoneError } from '#core'
import { openDatabase } from '#db'
import { publishLog } from '#publish'
import { decodeCheckpoint, parseNote } from '#tlog'
import type { ShrinkReply } from '../../src/db/shrink-child.ts'

const [folder, cold] = process.argv.slice(2) as [string, string]
const SHRINK = new URL('../../src/db/shrink-thread.ts', import.meta.url)
const database = join(folder, 'sealstone.db')
try {
  await archive()
  writeSync(2, 'smaller\n')
  const [{ failure }] = (await once(new Worker(SHRINK, { workerData: database }), 'message')) as [ShrinkReply]
  if (failure !== undefined) throw new SealstoneError('DATABASE_UNAVAILABLE', failure.message)
} catch (error) {
  process.stdout.write(toSealstoneError(error).code)
  process.exitCode = 1
}

async function archive(): Promise<void> {
  const db = openDatabase(database, AUDIT_MIGRATIONS)
  try {
    const source = databaseTiles(db, cold)
    await publishLog({ source, directory: cold, isPrivate: true })
    const signed = decodeCheckpoint(parseNote(await source.checkpoint()).text)
    await archiveBundles({ db, cold, signed, end: archivableEnd(db, signed.size, {}) })
  } finally {
    db.close()
  }
}
