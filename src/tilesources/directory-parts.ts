/** Parts of a log in a directory, such as a mirror that somebody else fills: regular files within it and nothing else. */
import { constants } from 'node:fs'
import { type FileHandle, open, realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { concatBytes, SealstoneError } from '#core'
import type { LogParts } from './published-log.ts'

/** @param directory absolute path; it may be a link itself, but nothing below it is followed out of it */
export function directoryParts(directory: string): LogParts {
  return {
    read: async (path, mostBytes) => {
      try {
        const root = await realpath(directory)
        const target = await realpathWithin(root, path)
        if (target === undefined) return undefined
        await using file = await open(target, READ_AT_ONCE)
        return await readAll(file, path, mostBytes)
      } catch (cause) {
        if (cause instanceof SealstoneError) throw cause
        const { code } = cause as NodeJS.ErrnoException
        throw new SealstoneError('LOG_UNREACHABLE', `${join(directory, path)} cannot be read (${code})`, { cause })
      }
    },
  }
}

async function realpathWithin(root: string, path: string): Promise<string | undefined> {
  try {
    const target = await realpath(join(root, path))
    if (target.startsWith(root.endsWith(sep) ? root : root + sep)) return target
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
  throw new SealstoneError('LOG_UNREACHABLE', `${join(root, path)} is a link that leads out of the log's directory`)
}

async function readAll(file: FileHandle, path: string, mostBytes: number): Promise<Uint8Array> {
  if (!(await file.stat()).isFile()) throw new SealstoneError('FORMAT_INVALID', `${path} is not a regular file`)
  // One byte more than may be there: the size that the file said it has may be another one by now.
  const chunks: Uint8Array[] = []
  let length = 0
  for (;;) {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(Math.min(CHUNK_BYTES, mostBytes + 1 - length)) })
    if (bytesRead === 0) return concatBytes(...chunks)
    length += bytesRead
    if (length > mostBytes) throw new SealstoneError('FORMAT_INVALID', `${path} is over ${mostBytes} bytes`)
    chunks.push(buffer.subarray(0, bytesRead))
  }
}

/** A named pipe in the way must not hold us. */
const READ_AT_ONCE = constants.O_RDONLY | constants.O_NONBLOCK
const CHUNK_BYTES = 65_536
