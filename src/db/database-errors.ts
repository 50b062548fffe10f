/** What SQLite and the file system say, in catalogue terms: a full disk is not a broken one, and both are worth a retry. */
import { SealstoneError } from '#core'

export function mapDatabaseErrors<Result>(path: string, work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    throw mapDatabaseError(path, error)
  }
}

/** Driver errors become DATABASE_UNAVAILABLE with what happened and the next step; everything else passes through. */
export function mapDatabaseError(path: string, error: unknown): unknown {
  if (error instanceof SealstoneError || !(error instanceof Error)) return error
  const { code, errcode } = error as { code?: unknown; errcode?: unknown }
  if (code === 'ERR_SQLITE_ERROR' && typeof errcode === 'number') {
    // Extended result codes carry the primary one in their low byte (sqlite.org/rescode.html).
    const [text, hint] = SQLITE_FAULTS[errcode & 0xff] ?? []
    if (text === undefined) return new SealstoneError('INTERNAL', `SQLite refused a statement (code ${errcode})`, { cause: error })
    return new SealstoneError('DATABASE_UNAVAILABLE', `${path}: ${text} (SQLite code ${errcode})`, { cause: error, ...(hint && { hint }) })
  }
  if (code === 'ERR_INVALID_STATE') return new SealstoneError('DATABASE_UNAVAILABLE', `${path}: the database is closed`, { cause: error })
  if (typeof code === 'string' && 'syscall' in error) return new SealstoneError('DATABASE_UNAVAILABLE', `${path}: ${code}`, { cause: error })
  return error
}

const SQLITE_FAULTS: Readonly<Record<number, readonly [text: string, hint?: string]>> = {
  3: ['access was refused', 'the state directory must belong to the user that runs the daemon'],
  5: ['another process holds the database', 'stop the other process that uses this state directory'],
  6: ['a table is locked'],
  8: ['the database cannot be written', 'check whether the file system is mounted read-only and who owns the files'],
  10: ['reading or writing the disk failed', 'look at the system log for disk errors; keep a copy of the state directory'],
  11: ['the database file is damaged', 'stop, keep the files as evidence, restore the state directory from its backup'],
  13: ['the disk is full', 'free disk space; nothing has to be restarted'],
  14: ['the database file cannot be opened', 'check that the state directory exists and who owns it'],
  15: ['the locking protocol of the file system failed', 'keep the state directory on a local disk'],
  18: [
    'it holds a value that is longer than any that is written there',
    'stop, keep the files as evidence, restore the state directory from its backup',
  ],
  26: ['the file is not a database', 'stop, keep the files as evidence, restore the state directory from its backup'],
}
