/** What the console needs of the log; implemented where the log is. Everything here only reads. */
import type { Activity, ActivitySpan, FoundEntries, LogSearch, TileName } from '#tlog'

export interface ConsoleLog {
  /** The newest signed checkpoint; undefined before the first one. Costs nothing. */
  checkpoint(): string | undefined
  /** The newest that a quorum of the log's witnesses has cosigned, with their lines; undefined without witnesses, or before the first. Costs nothing. */
  cosigned(): string | undefined
  /** The newest trust file: public keys, their states, signed by the log keys. */
  trust(): Promise<Uint8Array>
  /** A tile or entry bundle. Throws TILE_MISSING where the newest checkpoint does not reach. */
  tile(name: TileName): Promise<Uint8Array>
  /** Newest first. */
  search(query: LogSearch): Promise<FoundEntries>
  activity(span: ActivitySpan): Promise<Activity>
}
