/** One file, opened once: what is hashed and what is looked into are the same bytes, and a change meanwhile is told. */
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { excerpt, SealstoneError } from '#core'

export interface OpenArtifact extends AsyncDisposable {
  readonly descriptor: number
  readonly size: number
  /** Up to so many bytes: fewer at the end. */
  read(from: number, length: number): Promise<Uint8Array>
  /** Hex SHA-256 of all of it. */
  sha256(signal?: AbortSignal): Promise<string>
  /** Throws MODEL_CHANGED if it was written to since it was opened. */
  checkUnchanged(): Promise<void>
}

/** Throws FILE_UNREADABLE for what is no regular file; a link is followed, since the file is named by a person. */
export async function openArtifact(path: string): Promise<OpenArtifact> {
  let file: FileHandle
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK) // a named pipe must not make us wait
  } catch (cause) {
    throw new SealstoneError('FILE_UNREADABLE', `${excerpt(path)} cannot be read (${(cause as NodeJS.ErrnoException).code})`, { cause })
  }
  const stats = await file.stat({ bigint: true })
  if (!stats.isFile()) {
    await file.close()
    throw new SealstoneError('FILE_UNREADABLE', `${excerpt(path)} is not a regular file`)
  }
  const size = Number(stats.size)
  const read = async (from: number, length: number): Promise<Uint8Array> => {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, size - from)))
    let filled = 0
    while (filled < bytes.length) {
      const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, from + filled)
      if (bytesRead === 0) throw new SealstoneError('MODEL_CHANGED', `${excerpt(path)} became shorter while it was read`)
      filled += bytesRead
    }
    return bytes
  }
  return {
    descriptor: file.fd,
    size,
    read,
    sha256: async (signal) => {
      const hash = createHash('sha256')
      for (let at = 0; at < size; at += CHUNK) {
        signal?.throwIfAborted()
        hash.update(await read(at, CHUNK))
      }
      return hash.digest('hex')
    },
    checkUnchanged: async () => {
      const now = await file.stat({ bigint: true })
      if (now.size !== stats.size || now.mtimeNs !== stats.mtimeNs || now.ctimeNs !== stats.ctimeNs)
        throw new SealstoneError('MODEL_CHANGED', `${excerpt(path)} was written to while it was read`)
    },
    [Symbol.asyncDispose]: () => file.close(),
  }
}

const CHUNK = 4 * 1024 * 1024
