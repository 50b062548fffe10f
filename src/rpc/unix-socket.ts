/** Binds the Unix socket: never open to others, not even for a moment, and never over a daemon that lives. */
import { lstat, unlink } from 'node:fs/promises'
import { connect, type Server } from 'node:net'
import { SealstoneError } from '#core'

/** Throws DAEMON_RUNNING if somebody answers at the path, CONFIG_INVALID if it cannot be a socket. */
export async function listenOnUnixSocket(server: Server, path: string): Promise<void> {
  const { length } = Buffer.from(path)
  if (length === 0 || length > MAX_PATH_BYTES || path.includes('\0')) {
    throw new SealstoneError('CONFIG_INVALID', `socket path is ${length} bytes, want 1 to ${MAX_PATH_BYTES}`, {
      hint: 'use a state directory with a shorter path',
    })
  }
  await removeDeadSocket(path)
  await listenPrivately(server, path)
}

/** A daemon that was killed leaves its socket behind: nobody answers there, and it would keep the next one from starting. */
async function removeDeadSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined) // absent, or bind will say what is wrong
  if (found === undefined) return
  if (!found.isSocket())
    throw new SealstoneError('CONFIG_INVALID', `${path} is there and is not a socket`, { hint: 'remove it, or set listen.socket' })
  const outcome = await tryConnect(path)
  if (outcome === 'connected') throw new SealstoneError('DAEMON_RUNNING', `a daemon answers at ${path}`)
  if (outcome === 'ECONNREFUSED') await unlink(path)
  else if (outcome !== 'ENOENT') throw new SealstoneError('CONFIG_INVALID', `the socket ${path} cannot be tried: ${outcome}`)
}

function tryConnect(path: string): Promise<string> {
  return new Promise((resolve) => {
    const probe = connect({ path })
    probe.once('connect', () => {
      probe.destroy()
      resolve('connected')
    })
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  })
}

/** The mode is right from the first moment: bind(2) happens inside `listen`, under this umask. */
function listenPrivately(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => {
      reject(new SealstoneError('CONFIG_INVALID', `cannot listen on ${path}: ${cause.message}`, { cause, hint: 'check the folder of listen.socket' }))
    }
    server.once('error', fail)
    const before = process.umask(0o177)
    try {
      server.listen({ path }, () => {
        server.off('error', fail)
        resolve()
      })
    } finally {
      process.umask(before)
    }
  })
}

// sun_path holds 108 bytes with its end on Linux, 104 on macOS.
const MAX_PATH_BYTES = 103
