/** Reads a document that somebody else wrote: a regular file, not over its limit, or nothing at all. */
import { type FileHandle, open } from 'node:fs/promises'
import { constants } from 'node:fs'
import { excerpt, SealstoneError } from '#core'
import { isOpenWithin } from '#hashing'

/**
 * `undefined` when there is no such file. Throws FILE_UNREADABLE or INPUT_TOO_LARGE.
 * @param within real path of a directory: a link that leads out of it is refused, whenever it was put there. Linux only
 */
export async function readDocument(path: string, maxBytes: number, within?: string): Promise<Uint8Array | undefined> {
  let file: FileHandle
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK) // a named pipe must not make us wait
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code
    if (reason === 'ENOENT' || reason === 'ENOTDIR') return undefined
    throw new SealstoneError('FILE_UNREADABLE', `${excerpt(path)} cannot be read (${reason})`, { cause })
  }
  try {
    if (within !== undefined && !isOpenWithin(file.fd, within))
      throw new SealstoneError('FILE_UNREADABLE', `${excerpt(path)} leads out of ${excerpt(within)}`)
    const stats = await file.stat()
    if (!stats.isFile()) throw new SealstoneError('FILE_UNREADABLE', `${excerpt(path)} is not a regular file`)
    if (stats.size > maxBytes) throw new SealstoneError('INPUT_TOO_LARGE', `${excerpt(path)} is ${stats.size} bytes, want at most ${maxBytes}`)
    return await readBounded(file, path, maxBytes)
  } finally {
    await file.close()
  }
}

/** The same, and the file must be there. */
export async function readRequired(path: string, maxBytes: number, within?: string): Promise<Uint8Array> {
  const bytes = await readDocument(path, maxBytes, within)
  if (bytes === undefined) throw new SealstoneError('FILE_UNREADABLE', `${excerpt(path)} is not there`)
  return bytes
}

async function readBounded(file: FileHandle, path: string, maxBytes: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(await file.readFile())
  if (bytes.length > maxBytes) throw new SealstoneError('INPUT_TOO_LARGE', `${excerpt(path)} grew over ${maxBytes} bytes while it was read`)
  return bytes
}
