/** What the operations are given: the opened rooms and the settings that concern them. */
import { basename, join } from 'node:path'
import { type Clock, excerpt, type Logger, type Metrics, SealstoneError, toSealstoneError } from '#core'
import { Capacity, type OperationContext } from '#operations'
import { policyDigest } from './config-digest.ts'
import type { Config } from './config.ts'
import { type HomePaths } from './home.ts'
import { checkIdentityFile } from './identity-file.ts'
import { publishTrustFile } from './trust-publisher.ts'

export interface ContextParts
  extends Pick<
    OperationContext,
    'audit' | 'keys' | 'engine' | 'log' | 'policy' | 'backup' | 'ticketKeys' | 'newConsoleLink' | 'witnesses' | 'archive'
  > {
  readonly paths: HomePaths
  readonly settings: Pick<Config, 'trustDays' | 'destroyWaitHours' | 'queueMs'> & { readonly audit: Pick<Config['audit'], 'verifySample'> }
  readonly metrics: Metrics
  readonly clock: Clock
  readonly logger: Logger
}

export function operationContext({ paths, settings, ...rooms }: ContextParts): OperationContext {
  return {
    ...rooms,
    policyDigest: policyDigest(rooms.policy),
    capacity: new Capacity({ boundMs: settings.queueMs, clock: rooms.clock }),
    verifySample: settings.audit.verifySample,
    trustDays: settings.trustDays,
    destroyWaitMs: settings.destroyWaitHours * HOUR_MS,
    checkIdentityFile,
    importPath: (file) => importPath(paths.imports, file),
    // The issue is in the database already; this copy is mended at the next start.
    publishTrust: (document) => {
      try {
        publishTrustFile(paths.trust, document)
      } catch (error) {
        rooms.logger.error({ path: paths.trust, error: toSealstoneError(error).message }, 'the trust file could not be written')
      }
    },
  }
}

function importPath(folder: string, file: string): string {
  if (file === '' || file === '.' || file === '..' || basename(file) !== file || file.includes('\0'))
    throw new SealstoneError('INPUT_INVALID', `file is ${excerpt(file)}, want the name of a file in ${folder}`)
  return join(folder, file)
}

const HOUR_MS = 3_600_000
