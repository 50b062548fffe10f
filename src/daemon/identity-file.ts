/** Which file with age identities a running daemon takes. It only looks at it: the key host's process alone reads what is in it. */
import { lstatSync, realpathSync, type Stats } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import { excerpt, SealstoneError } from '#core'

/** Throws INPUT_INVALID, INPUT_TOO_LARGE or FILE_UNREADABLE. Whoever opens it looks again: it may be another one by then. */
export function checkIdentityFile(path: string): void {
  // A star would open more than one file in the permissions of the process that reads it (Node's --allow-fs-read).
  if (!isAbsolute(path) || resolve(path) !== path || /[\p{Cc}*]/u.test(path))
    throw new SealstoneError('INPUT_INVALID', `the identity file is ${excerpt(path)}, want a plain absolute path on the machine of the daemon`)
  const stats = look(path)
  if (!stats.isFile()) throw new SealstoneError('FILE_UNREADABLE', 'the identity file is not a regular file')
  if ((stats.mode & 0o077) !== 0) throw new SealstoneError('FILE_UNREADABLE', 'the identity file is open to others', { hint: 'chmod 600 it' })
  if (stats.size > MAX_BYTES) throw new SealstoneError('INPUT_TOO_LARGE', `the identity file is ${stats.size} bytes, want at most ${MAX_BYTES}`)
}

function look(path: string): Stats {
  let isItself: boolean
  let stats: Stats
  try {
    isItself = realpathSync(path) === path
    stats = lstatSync(path)
  } catch (cause) {
    throw new SealstoneError('FILE_UNREADABLE', `the identity file cannot be read (${(cause as NodeJS.ErrnoException).code})`, {
      cause,
      hint: "it must be on the daemon's machine, and belong to its user",
    })
  }
  if (isItself) return stats
  throw new SealstoneError('FILE_UNREADABLE', 'the identity file is a link, or lies behind one', { hint: 'name the file itself' })
}

/** As the key host takes it. */
const MAX_BYTES = 65_536
