/** Files of our own that hold what the model holds: copy-on-write clones, or plain copies. They are verified after they were made. */
import { chmodSync, closeSync, constants, createReadStream, createWriteStream, lstatSync, mkdirSync, statfsSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { SealstoneError } from '#core'
import type { ModelFile } from '#hashing'
import { openSource } from './open-source.ts'
import { removeReadOnly } from './private-folder.ts'
import { foldersOf, LOOK, placeOf, type View, type ViewRequest } from './view.ts'

/** Blocks are shared with the model's own until somebody writes: takes no space and no time. Throws GUARD_UNAVAILABLE where the file system has none. */
export function cloneFiles(request: ViewRequest): Promise<View> {
  return makeFiles(request, async (file, place) => {
    const descriptor = openSource(file, request)
    try {
      // Through the descriptor where the system can, so that it is the very file that was opened. macOS can not; the digest will tell.
      const source = process.platform === 'linux' ? `/proc/self/fd/${descriptor}` : file.path
      await copyFile(source, place, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE)
    } catch (cause) {
      const reason = (cause as NodeJS.ErrnoException).code ?? ''
      if (!NO_CLONES.has(reason)) throw cause
      const why = reason === 'EXDEV' ? `${request.folder} is on another file system than the model` : 'the file system has no copy-on-write clones'
      throw new SealstoneError('GUARD_UNAVAILABLE', why, { cause })
    } finally {
      closeSync(descriptor)
    }
  })
}

/** Throws GUARD_UNAVAILABLE for a model over the limit, OUTPUT_UNWRITABLE where there is no room for it. */
export function copyFiles(request: ViewRequest): Promise<View> {
  const bytes = request.source.files.reduce((sum, { size }) => sum + size, 0)
  if (bytes > request.copyLimitBytes) {
    const hint = `allow it with --copy-limit ${bytes}; where the file system has clones none is needed, see docs/run.md`
    throw new SealstoneError('GUARD_UNAVAILABLE', `a copy is ${bytes} bytes, the limit is ${request.copyLimitBytes}`, { hint })
  }
  const { bavail, bsize } = statfsSync(request.folder)
  if (bytes > bavail * bsize)
    throw new SealstoneError('OUTPUT_UNWRITABLE', `${request.folder} has room for ${bavail * bsize} bytes, a copy is ${bytes}`)
  return makeFiles(request, async (file, place) => {
    const descriptor = openSource(file, request)
    // Not more than was listed, so that a file that grows does not fill the disk. Its first byte is read too where there is none to copy.
    const source = createReadStream('', { fd: descriptor, start: 0, end: Math.max(0, file.size - 1) })
    await pipeline(source, createWriteStream(place, { flags: 'wx', mode: 0o400 }), request.signal === undefined ? {} : { signal: request.signal })
  })
}

async function makeFiles(request: ViewRequest, make: (file: ModelFile, place: string) => Promise<void>): Promise<View> {
  const { source, folder, signal } = request
  const root = `${folder}/${source.name}`
  const folders = foldersOf(request)
  using undo = new DisposableStack()
  undo.defer(() => removeReadOnly(root))
  for (const each of folders) mkdirSync(each, { mode: 0o700 })
  for (const file of source.files) {
    signal?.throwIfAborted()
    const place = placeOf(request, file)
    try {
      await make(file, place)
    } catch (cause) {
      throw unwritable(place, cause)
    }
    chmodSync(place, 0o400)
  }
  for (const each of folders) chmodSync(each, 0o500)
  undo.move()
  return {
    path: root,
    links: false,
    look: () => new Map(source.files.map((file) => [file.name, lstatSync(placeOf(request, file), LOOK)])),
    [Symbol.dispose]: () => removeReadOnly(root),
  }
}

function unwritable(place: string, cause: unknown): unknown {
  if (cause instanceof SealstoneError || !(cause instanceof Error) || cause.name === 'AbortError' || !('code' in cause)) return cause
  return new SealstoneError('OUTPUT_UNWRITABLE', `${place} cannot be written (${String(cause.code)})`, { cause })
}

// Linux ioctl_ficlone(2) and clonefile(2): what says that this file system, or this pair of places, has no clones.
const NO_CLONES: ReadonlySet<string> = new Set(['ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'ENOTTY', 'EXDEV', 'EINVAL', 'EBADF'])
