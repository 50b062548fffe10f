/** Writes files so that a reader, or a crash, meets the old content or the new one and nothing between. */
import { randomBytes } from 'node:crypto'
import { type FileHandle, lstat, open, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { SealstoneError } from '#core'

export interface FileContent {
  readonly path: string
  /** `undefined` removes the file. */
  readonly bytes: Uint8Array | undefined
}

export interface WriteOptions {
  /** Where temporary files lie: on the same file system, and used by no other writer. Default: beside each file. */
  readonly stagingFolder?: string
  /** Of the files, whatever the process's mask is. Default: 0644 less the mask. */
  readonly mode?: number
}

/**
 * All contents are on disk under temporary names before the first file is replaced, so a full disk changes nothing. A crash between two
 * renames leaves one new and one old file; for signatures that is a pair that does not verify, and signing again repairs it.
 * Throws OUTPUT_UNWRITABLE; no temporary file stays behind.
 */
export async function writeFiles(files: readonly FileContent[], { stagingFolder, mode }: WriteOptions = {}): Promise<void> {
  const staged: { path: string; temporary: string | undefined }[] = []
  for (const { path } of files) await refuseFolder(path)
  try {
    const writes = files.map(async ({ path, bytes }) => {
      const name = `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`
      const temporary = bytes === undefined ? undefined : join(stagingFolder ?? dirname(path), name)
      staged.push({ path, temporary })
      if (temporary !== undefined && bytes !== undefined) await writeDurably(temporary, bytes, mode)
    })
    // Side by side, so that one flush of the disk can be that of several; all are over before anything is undone.
    for (const outcome of await Promise.allSettled(writes)) if (outcome.status === 'rejected') throw outcome.reason
    for (const entry of staged) {
      if (entry.temporary === undefined) await rm(entry.path, { force: true })
      else await rename(entry.temporary, entry.path)
      entry.temporary = undefined
    }
    for (const folder of new Set(files.map(({ path }) => dirname(path)))) await syncFolder(folder)
  } catch (cause) {
    for (const { temporary } of staged) if (temporary !== undefined) await rm(temporary, { force: true }).catch(() => {})
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
    const path = staged.find(({ temporary }) => temporary !== undefined)?.path ?? files[0]?.path ?? ''
    throw new SealstoneError('OUTPUT_UNWRITABLE', `${path} cannot be written (${reason})`, { cause })
  }
}

/**
 * Removes what a killed writer of the same files left beside them: it would be signed, or be an extra file. Younger than a minute they
 * may belong to a writer that still runs.
 */
export async function removeStaleTemporaries(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const folder = dirname(path)
    const ours = new RegExp(`^\\.${RegExp.escape(basename(path))}\\.[0-9a-f]{12}\\.tmp$`)
    for (const name of await readdir(folder).catch(() => [])) {
      if (!ours.test(name)) continue
      const stats = await lstat(join(folder, name)).catch(() => undefined)
      if (stats !== undefined && Date.now() - stats.mtimeMs > STALE_AFTER_MS) await rm(join(folder, name), { force: true })
    }
  }
}

// Found before anything is replaced: a rename over a folder would fail with half of the files new.
async function refuseFolder(path: string): Promise<void> {
  const stats = await lstat(path).catch(() => undefined)
  if (stats?.isDirectory() === true) throw new SealstoneError('OUTPUT_UNWRITABLE', `${path} is a directory, want a file`)
}

async function writeDurably(path: string, bytes: Uint8Array, mode: number | undefined): Promise<void> {
  await withFile(path, 'wx', async (file) => {
    await file.writeFile(bytes)
    if (mode !== undefined) await file.chmod(mode)
    await file.sync()
  })
}

/** A rename is durable only once its directory is. */
export async function syncFolder(path: string): Promise<void> {
  await withFile(path, 'r', (folder) => folder.sync())
}

async function withFile(path: string, flags: string, use: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, flags, 0o644)
  try {
    await use(file)
  } finally {
    await file.close()
  }
}

const STALE_AFTER_MS = 60_000
