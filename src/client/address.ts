/** Parses where the daemon is. */
import { excerpt, SealstoneError } from '#core'

export type Address = { readonly kind: 'unix'; readonly path: string } | { readonly kind: 'tcp'; readonly host: string; readonly port: number }

/** `unix:/path` or `host:port`, an IPv6 host in brackets. Throws INPUT_INVALID. */
export function parseAddress(text: string): Address {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length).replace(/^\/\/(?=\/)/, '')
    if (path === '' || path.includes('\0')) throw invalid(text)
    // sun_path holds 108 bytes with its end on Linux, 104 on macOS; a longer one fails with an error that names neither.
    if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES) {
      throw new SealstoneError(
        'INPUT_INVALID',
        `socket path is ${Buffer.byteLength(path)} bytes, want at most ${MAX_SOCKET_PATH_BYTES}: ${excerpt(path)}`,
        {
          hint: 'use a state directory with a shorter path',
        },
      )
    }
    return { kind: 'unix', path }
  }
  const match = /^(?:\[([0-9A-Fa-f:.%a-z]+)\]|([^\s:[\]/]+)):([0-9]{1,5})$/.exec(text)
  const [, bracketed, plain, digits] = match ?? []
  const host = bracketed ?? plain
  const port = Number(digits)
  if (host === undefined || !(port >= 1 && port <= 65_535)) throw invalid(text)
  return { kind: 'tcp', host, port }
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.[0-9]{1,3}){3}$/.test(host)
}

function invalid(text: string): SealstoneError {
  return new SealstoneError('INPUT_INVALID', `address is ${excerpt(text)}, want unix:/path or host:port`)
}

const MAX_SOCKET_PATH_BYTES = 103
