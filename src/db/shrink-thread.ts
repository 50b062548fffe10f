/** The thread of `shrink-child.ts`: one statement of SQLite that takes as long as it takes. */
import { parentPort, workerData } from 'node:worker_threads'
import { toSealstoneError } from '#core'
import { DatabaseSync } from 'node:sqlite'
import { mapDatabaseErrors } from './database-errors.ts'
import { SYNC_PRAGMAS } from './pragmas.ts'
import type { ShrinkReply } from './shrink-child.ts'

/** sqlite.org/pragma.html#pragma_auto_vacuum */
const INCREMENTAL = 2
const BUSY_TIMEOUT_MS = 2000

try {
  shrink(workerData as string)
  tell({})
} catch (error) {
  const { message, hint } = toSealstoneError(error)
  tell({ failure: { message, hint } })
}

function shrink(path: string): void {
  mapDatabaseErrors(path, () => {
    using driver = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS, allowExtension: false, defensive: true })
    // What was erased stays so, also in pages that nothing is in any more.
    driver.exec(`${SYNC_PRAGMAS} PRAGMA secure_delete = ON;`)
    // A file says once how it is laid out: with a map of its pages, by which the last ones can be put in the place of empty ones.
    const mode = driver.prepare('PRAGMA auto_vacuum').get()?.['auto_vacuum']
    driver.exec(mode === INCREMENTAL ? 'PRAGMA incremental_vacuum' : 'PRAGMA auto_vacuum = INCREMENTAL; VACUUM')
    driver.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  })
}

function tell(reply: ShrinkReply): void {
  parentPort?.postMessage(reply)
}
