/** What is said of an address that cannot be listened on: whether that may pass by itself decides if a service manager starts the daemon again. */
import { SealstoneError } from '#core'

/** ADDRESS_UNAVAILABLE where somebody else has the address, or the machine has it not yet; CONFIG_INVALID where it never becomes right. */
export function cannotListen(message: string, cause: NodeJS.ErrnoException): SealstoneError {
  const code = cause.code ?? 'unknown'
  return new SealstoneError(MAY_PASS.has(code) ? 'ADDRESS_UNAVAILABLE' : 'CONFIG_INVALID', `${message} (${code})`, { cause })
}

/** EAI_AGAIN: the name cannot be looked up now, as before the network is there. */
const MAY_PASS: ReadonlySet<string> = new Set(['EADDRINUSE', 'EADDRNOTAVAIL', 'EAI_AGAIN'])
