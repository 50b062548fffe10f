/** How commits become durable, for every connection that writes. */

export const SYNC_PRAGMAS = `
  PRAGMA synchronous = FULL;          -- flush the write-ahead log at every commit
  PRAGMA fullfsync = ON;              -- macOS: flush the drive's own cache too
  PRAGMA checkpoint_fullfsync = ON;
`
