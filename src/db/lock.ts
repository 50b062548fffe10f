/** A lock on a state directory that the operating system drops when its holder dies, however it dies. */
import { DatabaseSync } from 'node:sqlite'
import { SealstoneError } from '#core'
import { mapDatabaseError } from './database-errors.ts'
import { makePrivateFile } from './private-file.ts'

export interface Lock {
  release(): void
}

/**
 * Holds an exclusive SQLite transaction on an empty file of its own: SQLite's POSIX or Windows file lock, which dies with the process,
 * so a crash leaves a file and no lock. Throws DAEMON_RUNNING at once if another process, or this one, holds it.
 */
export function acquireLock(path: string): Lock {
  let holder: DatabaseSync | undefined
  try {
    makePrivateFile(path)
    holder = new DatabaseSync(path, { timeout: 0 })
    // No journal file beside the lock: nothing is ever written.
    holder.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    holder?.close()
    const busy = ((error as { errcode?: number }).errcode ?? 0) % 256 === SQLITE_BUSY
    throw busy ? new SealstoneError('DAEMON_RUNNING', `${path} is locked by another process`, { cause: error }) : mapDatabaseError(path, error)
  }
  const connection = holder
  HELD.add(connection)
  return {
    release() {
      if (connection.isOpen) connection.close()
      HELD.delete(connection)
    },
  }
}

// Node closes a connection that nobody refers to, and its lock with it: a caller that drops the returned object must not drop the lock.
const HELD = new Set<DatabaseSync>()

const SQLITE_BUSY = 5
