/** --listen: where a server of the command line listens. */
import { excerpt, SealstoneError } from '#core'

/** Throws USAGE. Whether it is on the loopback is judged by who listens. */
export function parseListen(text: string): { host: string; port: number } {
  const [, host = '', port = ''] = /^(\[::1\]|[A-Za-z0-9.-]+):(\d{1,5})$/.exec(text) ?? []
  if (host === '' || Number(port) > 65_535) {
    throw new SealstoneError('USAGE', `--listen is ${excerpt(text)}, want an address and a port`, { hint: 'such as 127.0.0.1:8808' })
  }
  return { host: host.replaceAll(/[[\]]/g, ''), port: Number(port) }
}
