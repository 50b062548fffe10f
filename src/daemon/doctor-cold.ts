/** Looks at the directory that old entries of the log are moved to: is it there, closed to others, on another disk, and can what was moved be read? */
import { accessSync, constants, statfsSync, statSync } from 'node:fs'
import { archivedEntries, AUDIT_MIGRATIONS, databaseTiles } from '#audit'
import { SealstoneError, toSealstoneError } from '#core'
import { openDatabaseForReading } from '#db'
import { TILE_WIDTH } from '#tlog'
import type { DoctorCheck } from './doctor.ts'
import type { HomePaths } from './home.ts'

/** Reads a few bundles of those that are there, whatever their number. */
export async function checkCold(directory: string, paths: HomePaths): Promise<DoctorCheck> {
  const found = (status: DoctorCheck['status'], detail: string, hint?: string): DoctorCheck => ({
    name: 'cold storage',
    status,
    detail,
    ...(hint === undefined ? {} : { hint }),
  })
  try {
    const { moved, read } = await readSome(directory, paths)
    const place = look(directory)
    if (place === undefined) return found('ok', `${directory} is not there yet, and nothing was moved: the first audit archive makes it`)
    const detail = `${directory}: ${moved} entries were moved there, ${read} of its bundles read and as they were; ${place.freeMiB} MiB free`
    if ((place.mode & 0o077) !== 0)
      return found('warn', `${detail}; its mode is 0${place.mode.toString(8)}, want 0700: entries name models and callers`, `chmod 700 ${directory}`)
    if (!place.isWritable)
      return found(
        'warn',
        `${detail}; it cannot be written to, so that nothing more can be moved there`,
        'mount it for writing; under systemd, name it in ReadWritePaths',
      )
    if (place.freeMiB < LEAST_FREE_MIB) return found('warn', detail, 'free some space: nothing more can be moved there soon')
    if (place.device === statSync(paths.home).dev)
      return found(
        'warn',
        `${detail}; it is on the same file system as the state directory`,
        'use another disk: this one gets no emptier by moving entries',
      )
    return found('ok', `${detail}; on another file system than the state directory`)
  } catch (thrown) {
    const { message, hint } = toSealstoneError(thrown)
    return found('fail', message, hint)
  }
}

/** The first bundle, the last, and some between; each is compared with the hashes in the database. Throws COLD_STORAGE_UNREADABLE, AUDIT_CORRUPT. */
async function readSome(directory: string, { database }: HomePaths): Promise<{ moved: bigint; read: number }> {
  const db = openDatabaseForReading(database, AUDIT_MIGRATIONS)
  try {
    const moved = archivedEntries(db)
    const bundles = moved / BigInt(TILE_WIDTH)
    const numbers = new Set(
      Array.from({ length: SAMPLES }, (_, at) => ((bundles - 1n) * BigInt(at)) / BigInt(SAMPLES - 1)).filter((number) => number >= 0n),
    )
    const tiles = databaseTiles(db, directory)
    if (bundles > 0n) for (const number of numbers) await tiles.tile({ kind: 'entries', number, width: TILE_WIDTH })
    return { moved, read: bundles > 0n ? numbers.size : 0 }
  } finally {
    db.close()
  }
}

/** Undefined where nothing is. Throws COLD_STORAGE_UNREADABLE for what is no directory. */
function look(directory: string): { mode: number; device: number; freeMiB: number; isWritable: boolean } | undefined {
  const stats = statSync(directory, { throwIfNoEntry: false })
  if (stats === undefined) return undefined
  if (!stats.isDirectory()) throw new SealstoneError('COLD_STORAGE_UNREADABLE', `${directory} is no directory`)
  const { bavail, bsize } = statfsSync(directory)
  return { mode: stats.mode & 0o777, device: stats.dev, freeMiB: Math.floor((bavail * bsize) / 2 ** 20), isWritable: canWrite(directory) }
}

function canWrite(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK)
    return true
  } catch {
    return false
  }
}

const SAMPLES = 8
const LEAST_FREE_MIB = 512
