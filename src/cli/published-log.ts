/** What the commands that read a published log share: whose log it is meant to be, and where it is. Loads the monitor only when called. */
import { join } from 'node:path'
import { loadLogTrust, type LogTrust, readKeptNote } from '#client/offline'
import { SealstoneError } from '#core'
import type { KnownLog, SignedCheckpoint } from '#monitor'
import type { CommandContext } from './command.ts'

/** Throws TRUST_MISSING and what reading a trust file throws. */
export function readLogTrust({ home }: Pick<CommandContext, 'home'>, trust: string | undefined): Promise<LogTrust> {
  return loadLogTrust(trust ?? join(home, 'trust.json'), { now: new Date(), memory: join(home, 'trust-used') })
}

/** Throws USAGE without a place. */
export async function openPublished(place: string | undefined, signal: AbortSignal) {
  if (place === undefined) throw new SealstoneError('USAGE', 'no --log was given', { hint: 'name the published log: its URL, or a directory' })
  const { openTileSource } = await import('#tilesources')
  return openTileSource(place, { signal })
}

/** The signed checkpoint in a file that was kept: a note, a receipt or a signature. Throws FILE_UNREADABLE, and what opening it throws. */
export async function readKeptCheckpoint(path: string, log: KnownLog): Promise<SignedCheckpoint> {
  const { openSigned } = await import('#monitor')
  return openSigned(await readKeptNote(path), log)
}
