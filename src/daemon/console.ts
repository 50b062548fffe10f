/** Starts the review console over the log of this daemon. */
import type { AuditLog } from '#audit'
import { type Clock, defined, type Logger, SealstoneError } from '#core'
import { type ConsoleServer, startConsole } from '#console'
import type { Cosigning } from '#cosigning'
import type { KeyStore } from '#keys'
import type { ConsoleSettings } from './listening-settings.ts'
import type { HomePaths } from './home.ts'
import { LogReaderThread } from './log-reader.ts'

export interface ConsoleParts {
  readonly paths: HomePaths
  /** Directory of the leaves that were moved out of the database. */
  readonly cold?: string
  readonly audit: AuditLog
  /** Where the log has witnesses. */
  readonly cosigning: Cosigning | undefined
  readonly keys: KeyStore
  readonly clock: Clock
  readonly logger: Logger
  readonly onLinkRefused: () => void
}

/** Throws CONFIG_INVALID or FILE_UNREADABLE. What the console reads comes from a thread of its own, never from the one that signs. */
export async function openConsole(
  settings: ConsoleSettings,
  { paths, cold, audit, cosigning, keys, clock, logger, onLinkRefused }: ConsoleParts,
): Promise<ConsoleServer> {
  const reader = new LogReaderThread({ database: paths.database, ...defined({ cold }) }, logger)
  const server = await startConsole({
    ...defined({ tls: settings.tls }),
    host: settings.host,
    port: settings.port,
    allowPlain: settings.allowPlain,
    hosts: settings.hosts,
    clock,
    logger,
    onLinkRefused,
    log: {
      checkpoint: () => audit.checkpoint(),
      cosigned: () => cosigning?.quorate()?.note,
      trust: async () => {
        const issued = keys.trust()
        if (issued === undefined) throw new SealstoneError('ENTRY_UNKNOWN', 'no trust file was issued yet')
        return issued.document
      },
      tile: (name) => reader.ask({ kind: 'tile', name }),
      search: (query) => reader.ask({ kind: 'search', query }),
      activity: (span) => reader.ask({ kind: 'activity', span }),
    },
  })
  return {
    ...server,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]()
      await reader.close()
    },
  }
}
