/** Between the receipt and the key's state: what authorities of the trust file say of the time, by the timestamps below the receipt's checkpoint. */
import { toSealstoneError } from '#core'
import { parseNote } from '#tlog'
import type { TrustedLog } from './trusted-log.ts'
import type { ChosenKeys } from './choose-keys.ts'
import type { Documents } from './read-documents.ts'
import type { VerdictBuilder } from './verdict.ts'

export interface Stamped {
  /** RFC 3339 in UTC: the entry was there then. The earliest, where there are several; undefined if nothing proves a time. */
  readonly time: string | undefined
}

/** Undefined where the trust file names no authority. What does not verify is told and proves nothing. */
export async function checkTimestamp({ hybrid }: Documents, { log }: ChosenKeys, verdict: VerdictBuilder): Promise<Stamped | undefined> {
  if (log === undefined || log.authorities.length === 0) return undefined
  if (hybrid === undefined || !verdict.passed('audit-receipt')) return { time: undefined }
  const { earliest, faults } = await earliestTimestamp(hybrid.proof.checkpoint, log.authorities)
  verdict.warnings.push(...faults)
  if (earliest !== undefined) verdict.extend('audit-receipt', `, timestamped by ${earliest.authority} at ${earliest.time}`)
  return { time: earliest?.time }
}

export interface FoundTimestamp {
  /** RFC 3339 in UTC. */
  readonly time: string
  readonly authority: string
}

/** Of a signed checkpoint, by the authorities that are trusted; what does not verify is among the faults. Throws FORMAT_INVALID for what is no note. */
export async function earliestTimestamp(
  checkpoint: string,
  authorities: TrustedLog['authorities'],
): Promise<{ readonly earliest: FoundTimestamp | undefined; readonly faults: readonly string[] }> {
  const { findTimestamps, verifyTimestamp } = await import('#timestamps') // pkijs takes 50 ms to load
  const { text } = parseNote(checkpoint)
  const found: FoundTimestamp[] = []
  const faults: string[] = []
  for (const { name, roots } of authorities) {
    for (const token of findTimestamps(checkpoint, name)) {
      try {
        found.push({ time: (await verifyTimestamp(token, { text, roots })).time.toISOString(), authority: name })
      } catch (thrown) {
        faults.push(`${name}: ${toSealstoneError(thrown).message}`)
      }
    }
  }
  const [earliest] = found.sort((left, right) => (left.time < right.time ? -1 : 1))
  return { earliest, faults }
}
