/** TLS 1.3 with a client certificate on every connection. */
import { constants, createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { ServerCredentials } from '@grpc/grpc-js'
import { SealstoneError } from '#core'

export interface TlsFiles {
  readonly certFile: string
  readonly keyFile: string
  readonly clientCaFile: string
}

/** Throws FILE_UNREADABLE or CONFIG_INVALID. */
export function mutualTls({ certFile, keyFile, clientCaFile }: TlsFiles, handshakeMs: number): ServerCredentials {
  const context: SecureContextOptions = {
    cert: checkCertificates(certFile),
    key: checkPrivateKey(keyFile),
    ca: checkCertificates(clientCaFile),
    minVersion: 'TLSv1.3',
    // Without tickets no connection is resumed, so each one shows a certificate that is valid now.
    secureOptions: constants.SSL_OP_NO_TICKET,
  }
  try {
    createSecureContext(context)
  } catch (cause) {
    throw new SealstoneError('CONFIG_INVALID', `${certFile} and ${keyFile} do not belong together`, { cause })
  }
  return new MutualTls(context, handshakeMs)
}

/** grpc-js has no option for the TLS version, so this sets what its own credentials leave at Node's default. */
class MutualTls extends ServerCredentials {
  constructor(context: SecureContextOptions, handshakeTimeout: number) {
    super({ requestCert: true, rejectUnauthorized: true, handshakeTimeout }, context)
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other
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
