/** What every operation is given: the rooms below, as ports. */
import type { AuditLog } from '#audit'
import type { Clock, Logger, Metrics } from '#core'
import type { TrustFile } from '#envelopes'
import type { KeyStore } from '#keys'
import type { PolicyTable } from '#policy'
import type { Engine } from '#suites'
import type { Capacity } from './capacity.ts'
import type { WitnessPort } from './cosigned.ts'
import type { ArchivePort, BackupReport, ConsoleLink } from './ports.ts'

export interface OperationContext {
  readonly audit: AuditLog
  readonly keys: KeyStore
  readonly policy: PolicyTable
  /** `sha256:` and hex, for the log. */
  readonly policyDigest: string
  readonly capacity: Capacity
  /** Which part of the good verifications is told one by one, from 0 to 1. */
  readonly verifySample: number
  /** Any of these may have made a hash ticket; none where there is no HashService. */
  readonly ticketKeys: readonly Uint8Array[]
  /** Verifies what the key host signed; it is not the process that signed. */
  readonly engine: Engine
  /** The log's name and verifier keys, as published in the trust file. */
  readonly log: TrustFile['log']
  readonly witnesses?: WitnessPort | undefined
  /** Makes the newest trust file known beside the daemon: called with each issue, in order. */
  readonly publishTrust: (document: Uint8Array) => void
  readonly trustDays: number
  /** Undefined where there is no cold storage. */
  readonly archive?: ArchivePort | undefined
  /** Undefined where no console is served. */
  readonly newConsoleLink: () => ConsoleLink | undefined
  /** Where a file to import lies. Throws INPUT_INVALID for what is no plain file name. */
  readonly importPath: (file: string) => string
  /** Writes a backup beside the daemon. Throws DATABASE_UNAVAILABLE or OUTPUT_UNWRITABLE. */
  readonly backup: () => Promise<BackupReport>
  /** Throws INPUT_INVALID, INPUT_TOO_LARGE or FILE_UNREADABLE for what is no file with identities as the daemon takes it. Reads nothing of it. */
  readonly checkIdentityFile: (file: string) => void
  /** How long a key version waits between the request to destroy it and its end. */
  readonly destroyWaitMs: number
  readonly metrics: Metrics
  readonly clock: Clock
  readonly logger: Logger
}
