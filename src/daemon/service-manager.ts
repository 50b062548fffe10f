/** Tells a service manager that starts the daemon (systemd, Type=notify) when it is ready: sd_notify(3). */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Logger } from '#core'

/**
 * Does nothing where nobody asked for it. Node has no datagram sockets in the file system, so systemd's own program sends the word; it comes from
 * another process than the daemon's, which the unit allows with NotifyAccess=all. Never throws.
 */
export async function tellReady(logger: Logger): Promise<void> {
  const socket = process.env['NOTIFY_SOCKET']
  if (socket === undefined) return
  const { PATH } = process.env
  try {
    await promisify(execFile)('systemd-notify', ['--ready', '--status=signing'], { env: { NOTIFY_SOCKET: socket, PATH }, timeout: PATIENCE_MS })
  } catch (error) {
    logger.warn({ error: error instanceof Error ? error.message : String(error) }, 'the service manager could not be told that the daemon is ready')
  }
}

const PATIENCE_MS = 10_000
