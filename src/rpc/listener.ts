/** Where callers come in: opens the listening sockets and hands over each connection once it is as secure as its listener promises. */
import { createServer, type Server, type Socket } from 'node:net'
import { type Logger, SealstoneError } from '#core'
import { createTlsServer } from './tls-server.ts'
import { listenOnUnixSocket } from './unix-socket.ts'

export type Listener =
  /** Mode 0600: only this user can connect. */
  | { readonly kind: 'unix'; readonly path: string }
  /** TLS 1.3 with client certificates. All files in PEM. */
  | {
      readonly kind: 'tls'
      readonly host: string
      readonly port: number
      readonly certFile: string
      readonly keyFile: string
      readonly clientCaFile: string
    }
  /** Plaintext for tests and development; refused for hosts that are not loopback. */
  | { readonly kind: 'insecure-loopback'; readonly host: string; readonly port: number }

export interface OpenListener {
  /** `unix:/path` or `host:port`, as a client takes it. */
  readonly address: string
  /** Takes no new connections; those that are open stay. */
  stop(): void
  /** Ends what is still open. */
  destroy(): void
}

/** Throws CONFIG_INVALID, DAEMON_RUNNING. */
export async function openListener(listener: Listener, logger: Logger, accept: (connection: Socket) => void): Promise<OpenListener> {
  const connections = new Set<Socket>()
  const track = (connection: Socket): void => {
    connections.add(connection)
    connection.once('close', () => connections.delete(connection))
  }
  const server = createListeningServer(listener, logger, accept)
  server.maxConnections = MAX_CONNECTIONS
  server.on('connection', track)
  const address = await bind(server, listener)
  server.on('error', (error) => logger.error({ address, error: error.message }, 'a listener failed'))
  if (listener.kind === 'insecure-loopback') {
    logger.warn({ address }, 'plaintext listener: every user of this machine can call; for tests and development only')
  }
  return {
    address,
    stop: () => server.close(),
    destroy: () => {
      for (const connection of connections) connection.destroy()
    },
  }
}

function createListeningServer(listener: Listener, logger: Logger, accept: (connection: Socket) => void): Server {
  return listener.kind === 'tls' ? createTlsServer(listener, logger, accept) : createServer(accept)
}

async function bind(server: Server, listener: Listener): Promise<string> {
  switch (listener.kind) {
    case 'unix':
      await listenOnUnixSocket(server, listener.path)
      return `unix:${listener.path}`
    case 'tls':
      return listenOnPort(server, listener.host, listener.port)
    case 'insecure-loopback':
      return listenOnPort(server, loopbackHost(listener.host), listener.port)
  }
}

/** Names are not looked up: what `localhost` means is the hosts file's word, and it must not be another machine's interface. */
function loopbackHost(host: string): string {
  if (host === 'localhost') return '127.0.0.1'
  if (host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host)) return host
  throw new SealstoneError('CONFIG_INVALID', `plaintext host is ${JSON.stringify(host)}, want a loopback address`, {
    hint: 'use 127.0.0.1 or ::1; other machines call over TLS, see [listen.tls] in config.toml',
  })
}

function listenOnPort(server: Server, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => {
      reject(
        new SealstoneError('CONFIG_INVALID', `cannot listen on ${host} port ${port}: ${cause.message}`, {
          cause,
          hint: 'choose another host or port',
        }),
      )
    }
    server.once('error', fail)
    server.listen({ host, port }, () => {
      server.off('error', fail)
      const bound = server.address()
      if (bound === null || typeof bound === 'string') throw new SealstoneError('INTERNAL', 'a TCP listener has no port')
      resolve(`${host.includes(':') ? `[${host}]` : host}:${bound.port}`)
    })
  })
}

/** More are closed at once. */
const MAX_CONNECTIONS = 1024
