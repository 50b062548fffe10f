/** Opens sockets and hands over their connections, each as secure as its listener promises. */
import { createServer, isIP, type Server as NetServer, type Socket } from 'node:net'
import { SealstoneError } from '#core'
import { cannotListen } from './cannot-listen.ts'
import type { ListenerReports } from './login-refused.ts'
import { createMutualTlsServer } from './mutual-tls.ts'
import { listenOnSocketFile } from './socket-file.ts'

export type Listener =
  /** For the owner of the file alone: mode 0600. */
  | { readonly kind: 'unix'; readonly path: string }
  /** TLS 1.3; clients must have a certificate that the CA file vouches for. All files in PEM. */
  | {
      readonly kind: 'tls'
      readonly host: string
      readonly port: number
      readonly certFile: string
      readonly keyFile: string
      readonly clientCaFile: string
    }
  /** Without TLS, on a loopback address only. */
  | { readonly kind: 'insecure-loopback'; readonly host: string; readonly port: number }

export interface ListenerLimits {
  /** One more is closed at once. */
  readonly connections: number
  readonly handshakeMs: number
}

export interface OpenListener {
  /** `unix:/path` or `host:port`. */
  readonly address: string
  /** Takes no more connections; a socket file is removed. Resolves when the last connection has gone, with all that was written to it. */
  close(): Promise<void>
  /** Cuts the connections that are left. */
  destroy(): void
}

/**
 * TLS is ended here: what is handed over is a connection whose client certificate was verified. Throws DAEMON_RUNNING, CONFIG_INVALID,
 * ADDRESS_UNAVAILABLE, FILE_UNREADABLE or HOME_INSECURE.
 */
export async function openListener(
  listener: Listener,
  limits: ListenerLimits,
  reports: ListenerReports,
  accept: (connection: Socket) => void,
): Promise<OpenListener> {
  const { logger } = reports
  const server =
    listener.kind === 'tls' ? createMutualTlsServer(listener, limits.handshakeMs, reports, accept) : createServer({ noDelay: true }, accept)
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.maxConnections = limits.connections
  const address = await listen(listener, server)
  server.on('error', (error) => logger.error({ address, error: error.message }, 'a listener failed'))
  if (listener.kind === 'insecure-loopback') logger.warn({ address }, 'plain TCP: every user of this machine can connect')
  return {
    address,
    close: () => new Promise((resolve) => server.close(() => resolve())),
    destroy: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

async function listen(listener: Listener, server: NetServer): Promise<string> {
  switch (listener.kind) {
    case 'unix':
      await listenOnSocketFile(server, listener.path)
      return `unix:${listener.path}`
    case 'tls':
      return await listenOnPort(server, listener.host, listener.port)
    case 'insecure-loopback':
      if (!isLoopback(listener.host)) {
        throw new SealstoneError('CONFIG_INVALID', `plain TCP on ${listener.host} is refused, want a loopback address`, {
          hint: 'use 127.0.0.1 or ::1, or configure [listen.tls]',
        })
      }
      return await listenOnPort(server, listener.host, listener.port)
  }
}

async function listenOnPort(server: NetServer, host: string, port: number): Promise<string> {
  const listening = Promise.withResolvers<void>()
  server.once('error', listening.reject)
  server.listen({ host, port }, listening.resolve)
  try {
    await listening.promise
  } catch (cause) {
    throw cannotListen(`cannot listen on ${host} port ${port}`, cause as NodeJS.ErrnoException)
  } finally {
    server.off('error', listening.reject)
  }
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new SealstoneError('INTERNAL', 'a TCP listener has no port')
  return bound.family === 'IPv6' ? `[${bound.address}]:${bound.port}` : `${bound.address}:${bound.port}`
}

/** Addresses only: a name, even localhost, may lead elsewhere. */
function isLoopback(host: string): boolean {
  return host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}
