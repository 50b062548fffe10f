/** The issuer of trust files for a state directory that no daemon serves yet: one that is being made, or restored. */
import { SealstoneError, silentLogger, silentMetrics, systemClock } from '#core'
import { TrustIssuer } from '#operations'
import { nativeEngine } from '#suites/native'
import { type ContextParts, operationContext } from './operation-context.ts'

/** Nobody may do anything, nothing is told and nothing backed up. */
export function homeTrustIssuer(parts: Pick<ContextParts, 'audit' | 'keys' | 'log' | 'paths' | 'settings'>): TrustIssuer {
  return new TrustIssuer(
    operationContext({
      ...parts,
      engine: nativeEngine(),
      policy: [],
      ticketKeys: [],
      newConsoleLink: () => undefined,
      backup: () => Promise.reject(new SealstoneError('INTERNAL', 'there is nothing to back up yet')),
      metrics: silentMetrics,
      clock: systemClock,
      logger: silentLogger,
    }),
  )
}
