/** Listens on a socket file that only its owner can open, from the first moment it exists. */
import { lstatSync, statSync, unlinkSync } from 'node:fs'
import { connect, type Server } from 'node:net'
import { SealstoneError } from '#core'

/** A file that a dead daemon left behind is replaced. Throws DAEMON_RUNNING, CONFIG_INVALID or HOME_INSECURE. */
export async function listenOnSocketFile(server: Server, path: string): Promise<void> {
  const { length } = Buffer.from(path)
  if (length > MAX_PATH_BYTES) {
    throw new SealstoneError('CONFIG_INVALID', `the socket path is ${length} bytes, want at most ${MAX_PATH_BYTES}: ${path}`, {
      hint: 'use a state directory with a shorter path, or set listen.socket',
    })
  }
  await removeStale(path)
  const listening = Promise.withResolvers<void>()
  server.once('error', listening.reject)
  // The file is made within this call to listen, so that the mask holds for nothing else.
  const mask = process.umask(0o177)
  try {
    server.listen({ path }, listening.resolve)
  } finally {
    process.umask(mask)
  }
  try {
    await listening.promise
  } catch (cause) {
    throw new SealstoneError('CONFIG_INVALID', `cannot listen on ${path} (${(cause as NodeJS.ErrnoException).code})`, { cause })
  } finally {
    server.off('error', listening.reject)
  }
  const mode = statSync(path).mode & 0o777
  if (mode !== 0o600) {
    server.close()
    throw new SealstoneError('HOME_INSECURE', `the socket ${path} has mode ${mode.toString(8)}, want 600`)
  }
}

async function removeStale(path: string): Promise<void> {
  const file = lstatSync(path, { throwIfNoEntry: false })
  if (file === undefined) return
  if (!file.isSocket()) throw new SealstoneError('CONFIG_INVALID', `${path} is not a socket, and will not be replaced by one`)
  if (await answers(path)) throw new SealstoneError('DAEMON_RUNNING', `a daemon answers on ${path}`)
  unlinkSync(path)
}

function answers(path: string): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>()
  const socket = connect({ path })
  socket.once('connect', () => resolve(true))
  socket.once('error', (cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ECONNREFUSED' || cause.code === 'ENOENT') resolve(false)
    else reject(new SealstoneError('CONFIG_INVALID', `cannot tell whether a daemon answers on ${path} (${cause.code})`, { cause }))
  })
  return promise.finally(() => socket.destroy())
}

// sun_path holds 108 bytes with its end on Linux, 104 on macOS; libuv would cut a longer one.
const MAX_PATH_BYTES = 103
