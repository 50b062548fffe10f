/** Folders of mode 0700 for one run each. What a run that was killed left behind is removed when the next one begins. */
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { SealstoneError } from '#core'
import { acquireLock, type Lock } from '#db'

export interface PrivateFolder extends Disposable {
  /** Real and absolute. */
  readonly path: string
}

/**
 * Each folder has a lock beside its content that the system drops when its holder dies, in a container as well; a folder that nobody locks
 * is rubbish. Throws GUARD_UNAVAILABLE where others could put another folder in its place, OUTPUT_UNWRITABLE.
 */
export async function openPrivateFolder(parent: string): Promise<PrivateFolder> {
  const home = makeParent(parent)
  const own = await lockedWhile(join(home, 'lock'), () => {
    for (const name of readdirSync(home)) if (name.startsWith(RUN)) setAside(home, name)
    const path = mkdtempSync(join(home, RUN))
    return { path, lock: acquireLock(join(path, 'lock')) }
  })
  for (const name of readdirSync(home)) if (name.startsWith(RUBBISH)) unlessTaken(() => removeReadOnly(join(home, name)))
  const path = join(own.path, 'model')
  mkdirSync(path, { mode: 0o700 })
  return {
    path,
    [Symbol.dispose]() {
      removeReadOnly(path)
      const rubbish = join(home, RUBBISH + basename(own.path))
      // While it is locked: another run that has read its name finds it locked or gone, never half gone.
      unlessTaken(() => renameSync(own.path, rubbish))
      own.lock.release()
      unlessTaken(() => removeReadOnly(rubbish))
    },
  }
}

// Runs that begin and end at the same time may remove the same: what is gone already, or was filled again meanwhile, is left to the others.
function unlessTaken(work: () => void): void {
  try {
    work()
  } catch (error) {
    if (!TAKEN.has((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}

/** Removes files and folders, those that were closed to writing too. Never follows a link. */
export function removeReadOnly(path: string): void {
  openFolders(path)
  rmSync(path, { recursive: true, force: true })
}

function openFolders(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return
  chmodSync(path, 0o700)
  for (const entry of readdirSync(path, { withFileTypes: true })) if (entry.isDirectory()) openFolders(join(path, entry.name))
}

function makeParent(parent: string): string {
  try {
    mkdirSync(parent, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new SealstoneError('OUTPUT_UNWRITABLE', `${parent} cannot be made (${(cause as NodeJS.ErrnoException).code})`, { cause })
  }
  const home = realpathSync(parent)
  for (let each = home; ; each = dirname(each)) {
    refuseOthers(each)
    if (each === dirname(each)) return home
  }
}

// Who can write a folder can rename what is in it and put something else there, unless the folder is sticky.
function refuseOthers(folder: string): void {
  const { uid, mode } = statSync(folder)
  const me = process.getuid?.() ?? uid
  const hint = 'name a folder of your own, in folders that only you and root can write, with --guard-dir'
  if (uid !== me && uid !== 0) throw new SealstoneError('GUARD_UNAVAILABLE', `${folder} belongs to user ${uid}, not to ${me} or root`, { hint })
  if ((mode & 0o022) !== 0 && (mode & 0o1000) === 0) throw new SealstoneError('GUARD_UNAVAILABLE', `${folder} can be written by others`, { hint })
}

async function lockedWhile<T>(path: string, work: () => T): Promise<T> {
  const lock = await waitFor(path)
  try {
    return work()
  } finally {
    lock.release()
  }
}

async function waitFor(path: string): Promise<Lock> {
  for (let tries = 0; ; tries++) {
    try {
      return acquireLock(path)
    } catch (error) {
      if (!(error instanceof SealstoneError && error.code === 'DAEMON_RUNNING') || tries === MOST_TRIES) throw error
    }
    await setTimeout(TRY_EVERY_MS)
  }
}

/** Renamed while the lock is held, removed after: a copy of a large model takes its time. */
function setAside(home: string, name: string): void {
  try {
    acquireLock(join(home, name, 'lock')).release()
    renameSync(join(home, name), join(home, RUBBISH + name))
  } catch (error) {
    if (error instanceof SealstoneError && error.code === 'DAEMON_RUNNING') return
    if (existsSync(join(home, name))) throw error // else the run that it belonged to ended just now
  }
}

const RUN = 'run-'
const RUBBISH = 'old-'
const TAKEN: ReadonlySet<string> = new Set(['ENOENT', 'ENOTEMPTY'])
const TRY_EVERY_MS = 20
const MOST_TRIES = 500
