/**
 * Gives what nothing is in any more back to the file system, in a process of its own: SQLite does it in one go, which takes minutes for a large file and
 * cannot be interrupted; a process can be ended at any moment, and the file is then as it was before.
 */
import { dirname, extname, join } from 'node:path'
import { startChildProcess } from '#children'
import { cancelled, SealstoneError, silentLogger } from '#core'
import { openDatabase } from './database.ts'
import type { ShrinkReply } from './shrink-child.ts'

/**
 * Nobody else may have the file open. The first time the whole file is written anew, which takes twice as much space as what is left in it for as long as it
 * lasts; from then on pages move to where there is room. A crash, of either process, leaves the file as it was. Throws DATABASE_UNAVAILABLE, CANCELLED.
 */
export async function shrinkDatabase(path: string, signal: AbortSignal = new AbortController().signal): Promise<void> {
  if (isAborted(signal)) throw cancelled(signal)
  const [reply, gone] = [Promise.withResolvers<ShrinkReply>(), Promise.withResolvers<void>()]
  const folder = dirname(path)
  const child = startChildProcess<string, ShrinkReply>({
    entry: ENTRY,
    name: 'shrink',
    logName: 'shrink',
    env: { SQLITE_TMPDIR: folder }, // where there is room for the file there is for what it is made of; a small /tmp is no reason to fail
    logger: silentLogger,
    nodeOptions: ['--allow-worker'],
    files: { read: [folder], write: [folder] },
    onMessage: reply.resolve,
    onExit: (how) => {
      reply.reject(new SealstoneError('INTERNAL', `the process that makes the database smaller ended: ${how}`))
      gone.resolve()
    },
  })
  const kill = (): void => child.kill()
  signal.addEventListener('abort', kill, { once: true })
  try {
    child.send(path)
    const { failure } = await reply.promise
    if (failure !== undefined) throw new SealstoneError('DATABASE_UNAVAILABLE', failure.message, { hint: failure.hint })
  } catch (error) {
    if (!isAborted(signal)) throw error
    await gone.promise
    dropUnfinished(path)
    throw cancelled(signal)
  } finally {
    signal.removeEventListener('abort', kill)
    child.disconnect()
    await gone.promise
  }
}

/** Asked again after every wait. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted
}

/** What the process had written by then is in the write-ahead log, without a commit: whoever opens the file next has no use for it. */
function dropUnfinished(path: string): void {
  const db = openDatabase(path, [])
  db.emptyLog()
  db.close()
}

const ENTRY = join(import.meta.dirname, `shrink-child${extname(import.meta.filename)}`)
