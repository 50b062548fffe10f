/** One publisher to a directory: a second one could put an older checkpoint over a newer one. */
import { mkdir, lstat, rm, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { SealstoneError } from '#core'
import { acquireLock } from '#db'

/** Holds the directory until it is disposed of, or the process ends; what a killed publisher left unfinished is removed. Throws OUTPUT_UNWRITABLE. */
export async function claimDirectory(root: string): Promise<Disposable> {
  const own = join(root, OWN_FOLDER)
  const staging = join(root, STAGING)
  try {
    await mkdir(own, { mode: 0o700 }).catch(ifNotThere)
    if (!(await lstat(own)).isDirectory()) throw new SealstoneError('OUTPUT_UNWRITABLE', `${own} is a link or a file, want a directory`)
    const lock = acquireLock(join(own, 'lock'))
    try {
      await mkdir(staging, { mode: 0o700 }).catch(ifNotThere)
      if (!(await lstat(staging)).isDirectory()) throw new SealstoneError('OUTPUT_UNWRITABLE', `${staging} is a link or a file, want a directory`)
      for (const name of await readdir(staging)) await rm(join(staging, name), { force: true })
    } catch (error) {
      lock.release()
      throw error
    }
    return { [Symbol.dispose]: () => lock.release() }
  } catch (cause) {
    if (cause instanceof SealstoneError && cause.code === 'OUTPUT_UNWRITABLE') throw cause
    if (cause instanceof SealstoneError && cause.code === 'DAEMON_RUNNING')
      throw new SealstoneError('OUTPUT_UNWRITABLE', `something else publishes to ${root} now`, {
        cause,
        hint: 'wait until it is done, then try again',
      })
    throw new SealstoneError('OUTPUT_UNWRITABLE', `${root} cannot be written (${cause instanceof Error ? cause.message : String(cause)})`, { cause })
  }
}

function ifNotThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}

/** Not of the log: a mirror may leave it out. */
const OWN_FOLDER = '.publish'
export const STAGING = `${OWN_FOLDER}/unfinished`
