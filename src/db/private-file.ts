/** Makes files that only their owner can read. */
import { chmodSync, closeSync, openSync } from 'node:fs'

/**
 * An empty file of mode 0600, or an existing one closed to others. An existing file is not opened: closing it again would drop the
 * POSIX locks that this process holds on it.
 */
export function makePrivateFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  chmodSync(path, 0o600)
}
