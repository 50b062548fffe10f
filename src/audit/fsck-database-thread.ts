/** A thread of fsck: has SQLite check the database, on a connection that cannot write. */
import { parentPort, workerData } from 'node:worker_threads'
import { toSealstoneError } from '#core'
import { checkDatabase } from '#db'
import type { DatabaseReply } from './fsck-database.ts'
import { AUDIT_MIGRATIONS } from './schema.ts'

try {
  parentPort?.postMessage({ faults: checkDatabase(workerData as string, AUDIT_MIGRATIONS) } satisfies DatabaseReply)
} catch (error) {
  const { code, message } = toSealstoneError(error)
  parentPort?.postMessage({ code, message } satisfies DatabaseReply)
}
