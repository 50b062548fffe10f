/** Where the state directory is: --home, else $SEALSTONE_HOME (commander reads it), else ~/.sealstone. */
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

export function resolveHome(option: unknown): string {
  return typeof option === 'string' && option !== '' ? resolve(option) : join(homedir(), '.sealstone')
}
