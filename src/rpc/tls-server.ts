/** TLS 1.3 with client certificates, HTTP/2 only. A connection is handed over when its chain was verified, and not before. */
import { readFileSync } from 'node:fs'
import { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { createServer, type Server } from 'node:tls'
import { type Logger, SealstoneError } from '#core'

export interface TlsFiles {
  readonly certFile: string
  readonly keyFile: string
  readonly clientCaFile: string
}

/** Throws CONFIG_INVALID for files that are missing or do not fit together. */
export function createTlsServer(files: TlsFiles, logger: Logger, accept: (connection: Socket) => void): Server {
  const [cert, key, ca] = [read(files.certFile), read(files.keyFile), read(files.clientCaFile)]
  requireCertificate(cert, files.certFile)
  requireCertificate(ca, files.clientCaFile) // an empty list of authorities would mean the system's
  const server = createUnbound({ cert, key, ca }, files)
  server.on('secureConnection', (connection) => {
    // Belt and braces: Node has ended what failed verification (rejectUnauthorized) or agreed on no protocol.
    if (connection.authorized && connection.alpnProtocol === 'h2') accept(connection)
    else connection.destroy()
  })
  server.on('tlsClientError', (error, connection) => {
    logger.info({ peer: connection.remoteAddress, error: error.message }, 'a TLS connection was refused')
  })
  return server
}

function createUnbound(pem: { readonly cert: Buffer; readonly key: Buffer; readonly ca: Buffer }, files: TlsFiles): Server {
  try {
    return createServer({
      ...pem,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.3',
      ALPNProtocols: ['h2'],
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    })
  } catch (cause) {
    throw new SealstoneError('CONFIG_INVALID', `${files.certFile} and ${files.keyFile} cannot be used together`, {
      cause,
      hint: 'check listen.tls.certificate and listen.tls.private_key: PEM, leaf first, and the key of that leaf',
    })
  }
}

function read(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new SealstoneError('CONFIG_INVALID', `cannot read ${path}`, { cause, hint: 'check the files named in [listen.tls]' })
  }
}

function requireCertificate(pem: Buffer, path: string): void {
  try {
    new X509Certificate(pem)
  } catch (cause) {
    throw new SealstoneError('CONFIG_INVALID', `${path} holds no certificate in PEM`, { cause, hint: 'check the files named in [listen.tls]' })
  }
}

const HANDSHAKE_TIMEOUT_MS = 10_000
