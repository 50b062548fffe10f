/** Certificates and private keys of listeners, read from PEM files and looked at before anything listens. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { SealstoneError } from '#core'

/** At least one certificate, all of them readable: with an empty CA file anybody's might do. Throws FILE_UNREADABLE or CONFIG_INVALID. */
export function readCertificates(path: string): Buffer {
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

/** Throws FILE_UNREADABLE or CONFIG_INVALID. */
export function readPrivateKey(path: string): Buffer {
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
