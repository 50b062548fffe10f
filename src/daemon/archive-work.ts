/** Moving old entries into cold storage, step by step: what would be moved, publishing it there, taking it out of the database. */
import { type ArchivePlan, archiveBundles, databaseTiles, planArchive } from '#audit'
import { defined, SealstoneError } from '#core'
import type { Database } from '#db'
import { publishLog } from '#publish'
import { logSignatureVerifier } from '#suites'
import { nativeEngine } from '#suites/native'
import { type Checkpoint, type LogVerifierKey, openCheckpoint } from '#tlog'

export interface ArchiveSource {
  readonly db: Database
  /** Of the cold storage; absolute. */
  readonly directory: string
  readonly log: { readonly origin: string; readonly keys: readonly LogVerifierKey[] }
}

/** Which entries are old enough. */
export interface WantedEntries {
  /** With a lower index. */
  readonly before?: bigint
  /** Written before. */
  readonly olderThan?: Date
}

export interface ArchiveProgress {
  readonly work: 'writing' | 'moving'
  readonly done: number
  readonly total: number
  /** Entries that were taken out of the database so far. */
  readonly moved: number
}

export interface ArchiveSteps {
  readonly onProgress?: (progress: ArchiveProgress) => void
  readonly signal?: AbortSignal
  readonly bundlesAtOnce?: number
  readonly rest?: () => Promise<unknown>
}

export interface PlannedMove extends ArchivePlan {
  readonly signed: Checkpoint
}

/** Throws AUDIT_CORRUPT for what the log keys did not sign, LOG_UNREACHABLE before the first checkpoint, CANCELLED. */
export async function planMove({ db, directory, log }: ArchiveSource, wanted: WantedEntries, signal?: AbortSignal): Promise<PlannedMove> {
  const note = await databaseTiles(db, directory).checkpoint()
  const signed = openCheckpoint(note, log.keys, logSignatureVerifier(nativeEngine()))
  if (signed.origin !== log.origin)
    throw new SealstoneError('AUDIT_CORRUPT', `the log is named ${signed.origin}, the keys are those of ${log.origin}`)
  return { signed, ...(await planArchive(db, signed, wanted, signal)) }
}

/** How many were taken out. A crash at any point leaves every entry in the database, or in cold storage and read back from there. */
export async function moveEntries(source: ArchiveSource, { signed, end }: PlannedMove, steps: ArchiveSteps): Promise<number> {
  const { db, directory } = source
  const { onProgress, ...others } = steps
  if (end > 0n) {
    // Entries, tiles and then the checkpoint are on the disk when this returns. A crash before it leaves nothing but files that are written anew.
    const onWritten = (done: bigint, total: bigint): void => onProgress?.({ work: 'writing', done: Number(done), total: Number(total), moved: 0 })
    const tiles = databaseTiles(db, directory)
    await publishLog({ source: tiles, directory, isPrivate: true, onProgress: onWritten, ...defined({ signal: steps.signal }) })
  }
  const onMoved = (done: number, total: number, moved: number): void => onProgress?.({ work: 'moving', done, total, moved })
  return (await archiveBundles({ db, cold: directory, signed, end, onProgress: onMoved, ...others })).moved
}
