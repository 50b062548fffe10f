/** How much of the write-ahead log is not in the database file yet. */

/** A connection of the driver, or ours. */
interface Preparing {
  prepare(sql: string): { get(): unknown }
}

/** Pages of 4 KiB. Takes microseconds and moves nothing: sqlite.org/pragma.html#pragma_wal_checkpoint. */
export function countPages(database: Preparing): number {
  const { log, checkpointed } = database.prepare('PRAGMA wal_checkpoint(NOOP)').get() as { readonly log: number; readonly checkpointed: number }
  return log - checkpointed
}

/** 4 MB: below that there is little to spare a commit. */
export const MANY_PAGES = 1000
