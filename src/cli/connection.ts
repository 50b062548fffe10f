/** From --address and --tls-… to a client. Loads the client, and with it gRPC, only when called. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from '#client'
import { SealstoneError } from '#core'

export type ConnectionOptions = { address?: string; tlsCa?: string; tlsCert?: string; tlsKey?: string; timeout?: number }

/** @throws SealstoneError USAGE when the TLS options are incomplete. Nothing is sent yet. */
export async function openClient(home: string, options: ConnectionOptions): Promise<Client> {
  const tls = readTls(options)
  const { connect } = await import('#client')
  return connect({
    address: options.address ?? `unix:${join(home, 'sealstone.sock')}`,
    ...(tls === undefined ? {} : { tls }),
    ...(options.timeout === undefined ? {} : { timeoutMs: options.timeout * 1000 }),
    attempts: ATTEMPTS,
  })
}

function readTls({ tlsCa, tlsCert, tlsKey }: ConnectionOptions): { ca: Uint8Array; cert: Uint8Array; key: Uint8Array } | undefined {
  if (tlsCa === undefined && tlsCert === undefined && tlsKey === undefined) return undefined
  if (tlsCa === undefined || tlsCert === undefined || tlsKey === undefined) {
    throw new SealstoneError('USAGE', '--tls-ca, --tls-cert and --tls-key go together', {
      hint: 'the daemon asks for a client certificate: pass all three',
    })
  }
  return { ca: readPem(tlsCa), cert: readPem(tlsCert), key: readPem(tlsKey) }
}

function readPem(path: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new SealstoneError('FILE_UNREADABLE', `${path} cannot be read (${(cause as NodeJS.ErrnoException).code})`, { cause })
  }
}

// A person waits: two tries bridge a restarting key host, a missing daemon is told at once.
const ATTEMPTS = 2
