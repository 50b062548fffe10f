/** Starts the data plane with what the configuration says, and lets it use the audit log for its refusals. */
import { mkdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { type AuditLog } from '#audit'
import { excerpt, type Logger, newOperationId, SealstoneError } from '#core'
import { type DataPlane, type DataPlaneReport, startDataPlane } from '#dataplane'
import type { Listener, OnLoginRefused } from '#listeners'
import { policyDigest } from './config-digest.ts'
import type { Config } from './config.ts'
import type { HashSettings } from './listening-settings.ts'
import type { HomePaths } from './home.ts'

export interface HashServiceParts {
  readonly config: Config
  readonly paths: HomePaths
  readonly ticketKey: Uint8Array
  readonly audit: AuditLog
  readonly logger: Logger
  readonly onLoginRefused: OnLoginRefused
  readonly onReport: (report: DataPlaneReport) => void
}

/** Throws what stops its start. */
export async function startHashService(
  hash: HashSettings,
  { config, paths, ticketKey, audit, logger, onLoginRefused, onReport }: HashServiceParts,
): Promise<DataPlane> {
  mkdirSync(paths.hash, { recursive: true, mode: 0o700 })
  return startDataPlane({
    settings: {
      listeners: listeners(hash, config),
      database: join(paths.hash, 'streams.db'),
      roots: hash.roots.map(realFolder),
      policy: config.policy,
      ticketKey,
      streams: { perCaller: hash.streamsPerCaller, kept: KEPT_STREAMS, keptShards: KEPT_SHARDS, resumeMs: hash.resumeMinutes * 60_000 },
      idleMs: hash.idleSeconds * 1000,
    },
    logger,
    onLoginRefused,
    onReport,
    onRefusal: async ({ identity, operation, reason }) => {
      await audit.append({
        kind: 'refused',
        operationId: newOperationId(),
        caller: identity,
        operation,
        result: 'error',
        errorCode: 'PERMISSION_DENIED',
        reason,
        policyDigest: policyDigest(config.policy),
      })
    },
  })
}

/** Throws CONFIG_INVALID unless it is the real path of a directory: a link in it could be turned to another place. */
function realFolder(path: string): string {
  const real = realPathOf(path)
  if (real === path) return path
  const what = real === undefined ? 'which cannot be looked at' : `which is ${real} really`
  throw new SealstoneError('CONFIG_INVALID', `hash.roots has ${excerpt(path)}, ${what}; want the absolute path of a directory, without links`)
}

function realPathOf(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}

function listeners({ socket, tlsAddress }: HashSettings, { listen }: Config): Listener[] {
  const all: Listener[] = socket === undefined ? [] : [{ kind: 'unix', path: socket }]
  if (tlsAddress === undefined) return all
  if (listen.tls === undefined) throw new SealstoneError('CONFIG_INVALID', 'hash.tls_address needs [listen.tls]')
  return [...all, { kind: 'tls', ...listen.tls, ...tlsAddress }]
}

const KEPT_STREAMS = 4096
const KEPT_SHARDS = 500_000
