/** The certificates in a PEM file that an operator named: the roots of a timestamp authority. */
import { X509Certificate } from 'node:crypto'
import { SealstoneError } from '#core'

/** DER. Throws CONFIG_INVALID unless there is at least one, and nothing that is none. */
export function readAuthorityRoots(pem: string): Uint8Array[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (blocks.length === 0 || blocks.length > MAX_ROOTS)
    throw new SealstoneError(
      'CONFIG_INVALID',
      `the CA file of the timestamp authority has ${blocks.length} certificates, want 1 to ${MAX_ROOTS} in PEM`,
    )
  try {
    return blocks.map((block) => Uint8Array.from(new X509Certificate(block).raw))
  } catch (cause) {
    throw new SealstoneError('CONFIG_INVALID', 'the CA file of the timestamp authority has a malformed certificate', { cause })
  }
}

const MAX_ROOTS = 8
