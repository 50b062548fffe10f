/** A thread of fsck: reads the database by a connection of its own, which cannot write, and answers ranges one after the other. */
import { parentPort, workerData } from 'node:worker_threads'
import { toSealstoneError } from '#core'
import { openDatabaseForReading } from '#db'
import type { RangeReply, RangeRequest, RangeSetup } from './fsck-pool.ts'
import { checkRange } from './fsck-range.ts'
import { AUDIT_MIGRATIONS } from './schema.ts'

const { database, cold } = workerData as RangeSetup
const db = openDatabaseForReading(database, AUDIT_MIGRATIONS)
parentPort?.on('message', ({ start, end, wantsHashes }: RangeRequest) => {
  try {
    const range = checkRange(db, start, end, cold)
    const hashes = wantsHashes ? range.hashes : new Uint8Array()
    parentPort?.postMessage({ start, range: { ...range, hashes } } satisfies RangeReply, [hashes.buffer as ArrayBuffer])
  } catch (error) {
    const { code, message } = toSealstoneError(error)
    parentPort?.postMessage({ start, code, message } satisfies RangeReply)
  }
})
