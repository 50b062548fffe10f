/** What every operation is given: the rooms below, as ports. */
import type { AuditLog } from '#audit'
import type { Clock, Logger } from '#core'
import type { TrustFile } from '#envelopes'
import type { KeyStore } from '#keys'
import type { PolicyTable } from '#policy'
import type { Engine } from '#suites'

export interface OperationContext {
  readonly audit: AuditLog
  readonly keys: KeyStore
  readonly policy: PolicyTable
  /** Verifies what the key host signed; it is not the process that signed. */
  readonly engine: Engine
  /** The log's name and verifier keys, as published in the trust file. */
  readonly log: TrustFile['log']
  readonly clock: Clock
  readonly logger: Logger
}
