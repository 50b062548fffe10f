/** TLS 1.3 with a client certificate on every connection. */
import { constants } from 'node:crypto'
import type { Socket } from 'node:net'
import { createServer, type Server } from 'node:tls'
import { SealstoneError } from '#core'
import type { ListenerReports } from './login-refused.ts'
import { readCertificates, readPrivateKey } from './pem-files.ts'

export interface TlsFiles {
  readonly certFile: string
  readonly keyFile: string
  readonly clientCaFile: string
}

/** Hands over a connection once its chain was verified, never before. Throws FILE_UNREADABLE or CONFIG_INVALID. */
export function createMutualTlsServer(
  files: TlsFiles,
  handshakeMs: number,
  { logger, onLoginRefused }: ListenerReports,
  accept: (connection: Socket) => void,
): Server {
  const server = createTlsServer(files, handshakeMs)
  server.on('secureConnection', (connection) => {
    // Node has ended what it could not verify (rejectUnauthorized); gRPC is HTTP/2 and nothing else.
    if (connection.authorized && connection.alpnProtocol === 'h2') accept(connection)
    else connection.destroy()
  })
  server.on('tlsClientError', (error: NodeJS.ErrnoException, connection) => {
    // Why the certificate would not do is on the socket; the error says only that the connection ended, and where from is forgotten by then.
    const { authorizationError, remoteAddress } = connection
    logger.warn({ peer: remoteAddress, error: String(authorizationError ?? error.message) }, 'a TLS connection was refused')
    // Whoever speaks no TLS, or breaks off, has not tried to be anybody.
    const refusal = error.code === NO_CERTIFICATE ? 'there is none' : authorizationError
    if (refusal) onLoginRefused?.({ what: `the client certificate was refused: ${String(refusal)}` })
  })
  return server
}

function createTlsServer({ certFile, keyFile, clientCaFile }: TlsFiles, handshakeTimeout: number): Server {
  const material = { cert: readCertificates(certFile), key: readPrivateKey(keyFile), ca: readCertificates(clientCaFile) }
  try {
    return createServer({
      ...material,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.3',
      // Without tickets no connection is resumed, so each one shows a certificate that is valid now.
      secureOptions: constants.SSL_OP_NO_TICKET,
      ALPNProtocols: ['h2'],
      handshakeTimeout,
      noDelay: true,
    })
  } catch (cause) {
    throw new SealstoneError('CONFIG_INVALID', `${certFile} and ${keyFile} do not belong together`, { cause })
  }
}

/** OpenSSL's own; nothing was verified then, so that the socket knows of no reason. */
const NO_CERTIFICATE = 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE'
