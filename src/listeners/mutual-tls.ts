/** TLS 1.3 with a client certificate on every connection. */
import { constants, createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { createServer, type Server } from 'node:tls'
import { type Logger, SealstoneError } from '#core'

export interface TlsFiles {
  readonly certFile: string
  readonly keyFile: string
  readonly clientCaFile: string
}

/** Hands over a connection once its chain was verified, never before. Throws FILE_UNREADABLE or CONFIG_INVALID. */
export function createMutualTlsServer(files: TlsFiles, handshakeMs: number, logger: Logger, accept: (connection: Socket) => void): Server {
  const server = createTlsServer(files, handshakeMs)
  server.on('secureConnection', (connection) => {
    // Node has ended what it could not verify (rejectUnauthorized); gRPC is HTTP/2 and nothing else.
    if (connection.authorized && connection.alpnProtocol === 'h2') accept(connection)
    else connection.destroy()
  })
  server.on('tlsClientError', (error, connection) => {
    // Why the certificate would not do is on the socket; the error says only that the connection ended, and where from is forgotten by then.
    const { authorizationError, remoteAddress } = connection
    logger.warn({ peer: remoteAddress, error: String(authorizationError ?? error.message) }, 'a TLS connection was refused')
  })
  return server
}

function createTlsServer({ certFile, keyFile, clientCaFile }: TlsFiles, handshakeTimeout: number): Server {
  const material = { cert: checkCertificates(certFile), key: checkPrivateKey(keyFile), ca: checkCertificates(clientCaFile) }
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

/** At least one certificate, all of them readable: with an empty CA file anybody's might do. */
function checkCertificates(path: string): Buffer {
  const pem = read(path)
  const blocks = pem.toString('latin1').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (blocks.length === 0) throw new SealstoneError('CONFIG_INVALID', `${path} has no certificate in PEM form`)
  try {
    for (const block of blocks) new X509Certificate(block)
  } catch (cause) {
    throw new SealstoneError('CONFIG_INVALID', `${path} has a certificate that cannot be read`, { cause })
  }
  return pem
}

function checkPrivateKey(path: string): Buffer {
  const pem = read(path)
  try {
    createPrivateKey(pem)
  } catch (cause) {
    throw new SealstoneError('CONFIG_INVALID', `${path} has no private key in PEM form without passphrase`, { cause })
  }
  return pem
}

function read(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new SealstoneError('FILE_UNREADABLE', `${path} cannot be read (${(cause as NodeJS.ErrnoException).code})`, { cause })
  }
}
