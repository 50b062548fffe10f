/** Files that hold a secret: small, regular, closed to others; in memory that is wiped. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { SealstoneError, toSealstoneError } from '#core'
import { borrowed, type Borrowed, secretBuffer } from '#token'

/** `what` is for messages: `the key file`. Throws FILE_UNREADABLE or INPUT_TOO_LARGE. */
export function readSecretFile(path: string, what: string): Borrowed {
  let file: number
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (cause) {
    const error = toSealstoneError(cause, 'FILE_UNREADABLE', `${what} cannot be read (${(cause as NodeJS.ErrnoException).code})`)
    throw error
  }
  try {
    const stats = fstatSync(file)
    const { size, mode } = stats
    // A FIFO would be waited for, and everything else that waits for this process with it.
    if (!stats.isFile()) throw new SealstoneError('FILE_UNREADABLE', `${what} is not a regular file`)
    if ((mode & 0o077) !== 0) throw new SealstoneError('FILE_UNREADABLE', `${what} is open to others`, { hint: 'chmod 600 it' })
    if (size > MAX_FILE_BYTES) throw new SealstoneError('INPUT_TOO_LARGE', `${what} is ${size} bytes, want at most ${MAX_FILE_BYTES}`)
    const bytes = secretBuffer(size)
    if (readSync(file, bytes, 0, size, 0) === size) return borrowed(bytes)
    borrowed(bytes)[Symbol.dispose]()
    throw new SealstoneError('FILE_UNREADABLE', `${what} became shorter while it was read`)
  } finally {
    closeSync(file)
  }
}

const MAX_FILE_BYTES = 65_536
