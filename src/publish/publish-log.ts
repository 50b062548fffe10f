/** Writes down what is new of the log in a directory: entries and tiles first, the checkpoint that covers them last. */
import { chmod, lstat, realpath } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { cancelled, SealstoneError, utf8 } from '#core'
import { FolderMaker, makeDirectories, writeFiles } from '#files'
import { openTileSource } from '#tilesources'
import { type Checkpoint, decodeCheckpoint, parseNote, type TileSource } from '#tlog'
import { claimDirectory, STAGING } from './claim.ts'
import { isAhead } from './compare.ts'
import { newParts, type Part } from './new-parts.ts'
import { removeSuperseded } from './superseded.ts'

export interface PublishOptions {
  /** Of this log: `databaseTiles`. What it says is checked against the signed root before anybody is told of it. */
  readonly source: TileSource
  /** Made if it is not there; its files and folders can be read by everybody. */
  readonly directory: string
  /** Its files and folders are for their owner alone. */
  readonly isPrivate?: boolean
  /** Told now and then how far it is; `total` is what is new. */
  readonly onProgress?: (done: bigint, total: bigint) => void
  readonly signal?: AbortSignal
}

export interface PublishReport {
  readonly origin: string
  readonly size: bigint
  /** The size that was published before. */
  readonly before: bigint
  readonly filesWritten: number
  readonly bytesWritten: number
  /** Folders of partial tiles that were no longer needed. */
  readonly removed: number
}

/**
 * A crash at any point leaves the old checkpoint with all that it covers, or the new one with all that it covers: no file that a published
 * checkpoint needs is ever written again. What is left of a run that ended early is written anew by the next.
 * Throws LOG_FORKED or LOG_ROLLED_BACK if the directory holds a checkpoint that this log does not extend, AUDIT_CORRUPT if the log is not
 * what was signed, OUTPUT_UNWRITABLE, CANCELLED, and what the source throws; the published checkpoint is then the one that it was.
 */
export async function publishLog({ source, directory, isPrivate = false, onProgress, signal }: PublishOptions): Promise<PublishReport> {
  const { folder, file } = isPrivate ? FOR_OWNER : FOR_EVERYBODY
  const root = await openDirectory(directory, folder)
  const folders = new FolderMaker(root, folder)
  using _claim = await claimDirectory(root)

  const note = await source.checkpoint()
  const next = decode(note)
  const published = await readPublished(root)
  const before = published === undefined ? EMPTY : decode(published)
  if (published !== undefined && (await isAhead(source, before, next, root)))
    return { origin: before.origin, size: before.size, before: before.size, filesWritten: 0, bytesWritten: 0, removed: 0 }

  // A crash in here leaves tiles that no checkpoint covers; the next run writes the same names again.
  const total = next.size - before.size
  const written = { files: 0, bytes: 0 }
  const write = async (parts: readonly Part[]): Promise<void> => {
    if (signal?.aborted === true) throw cancelled(signal)
    for (const { path } of parts) await folders.make(dirname(path))
    await writeFiles(
      parts.map(({ path, bytes }) => ({ path: join(root, path), bytes })),
      { stagingFolder: join(root, STAGING), mode: file },
    )
    written.files += parts.length
    written.bytes += parts.reduce((sum, { bytes }) => sum + bytes.length, 0)
  }
  let waiting: Part[] = []
  for await (const { parts, entries } of newParts(source, before, next)) {
    waiting.push(...parts)
    if (waiting.length < PARTS_AT_ONCE) continue
    await write(waiting)
    waiting = []
    onProgress?.(entries - before.size, total)
  }
  await write(waiting)

  // Everything that it covers is on the disk, under its name: now it may be seen. A crash before the rename leaves the old one.
  if (note !== published) await write([{ path: 'checkpoint', bytes: utf8(note) }])
  onProgress?.(total, total)
  const removed = await removeSuperseded(root, before.size, next.size)
  return { origin: next.origin, size: next.size, before: before.size, filesWritten: written.files, bytesWritten: written.bytes, removed }
}

/** The operator's own name for it may be a link; from here on no link is followed. */
async function openDirectory(directory: string, mode: number): Promise<string> {
  try {
    const made = await makeDirectories(directory, mode)
    if (made !== undefined) for (let folder = resolve(directory); folder.startsWith(made); folder = dirname(folder)) await chmod(folder, mode)
    const root = await realpath(directory)
    if ((await lstat(root)).isDirectory()) return root
  } catch (cause) {
    throw new SealstoneError('OUTPUT_UNWRITABLE', `${directory} cannot be used (${(cause as NodeJS.ErrnoException).code})`, { cause })
  }
  throw new SealstoneError('OUTPUT_UNWRITABLE', `${directory} is not a directory`)
}

async function readPublished(root: string): Promise<string | undefined> {
  const stats = await lstat(join(root, 'checkpoint')).catch((error: NodeJS.ErrnoException) => error.code)
  return stats === 'ENOENT' ? undefined : await openTileSource(root).checkpoint()
}

function decode(note: string): Checkpoint {
  return decodeCheckpoint(parseNote(note).text)
}

const EMPTY: Checkpoint = { origin: '', size: 0n, root: new Uint8Array() }
const PARTS_AT_ONCE = 32
/** Published is for everybody, also where the daemon's mask keeps all else for its owner. */
const FOR_EVERYBODY = { folder: 0o755, file: 0o644 }
const FOR_OWNER = { folder: 0o700, file: 0o600 }
