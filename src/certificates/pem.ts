/** PEM (RFC 7468) around public documents: one block, LF and 64 columns when written, CRLF and white space around it accepted when read. */
import { excerpt, fromBase64, SealstoneError, toBase64, utf8Text } from '#core'

export type PublicLabel = 'CERTIFICATE' | 'CERTIFICATE REQUEST'

export function toPem(label: PublicLabel, der: Uint8Array): string {
  const lines = toBase64(der).match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

/** The DER of a file that is either DER itself or one PEM block with this label. Throws CERTIFICATE_INVALID. */
export function readPemOrDer(file: Uint8Array, label: PublicLabel): Uint8Array {
  if (file.length > MAX_FILE_BYTES) throw invalid(`file is ${file.length} bytes, want one ${label} of at most ${MAX_FILE_BYTES}`)
  if (file[0] === DER_SEQUENCE) return file
  const text = fileText(file, label)
  const match = /^\s*-----BEGIN ([A-Z0-9 ]{1,40})-----([A-Za-z0-9+/=\s]*)-----END ([A-Z0-9 ]{1,40})-----\s*$/.exec(text)
  if (match === null) throw invalid(`file is not one PEM block (-----BEGIN ${label}-----)`)
  const [, begin = '', body = '', end = ''] = match
  if (begin !== label || end !== label) throw invalid(`PEM block is ${excerpt(begin)}, want ${label}`)
  try {
    return fromBase64(body.replace(/\s+/g, ''))
  } catch (cause) {
    throw new SealstoneError('CERTIFICATE_INVALID', `PEM ${label} holds no base64`, { cause })
  }
}

function fileText(file: Uint8Array, label: PublicLabel): string {
  try {
    return utf8Text(file)
  } catch (cause) {
    throw new SealstoneError('CERTIFICATE_INVALID', `file is neither DER nor PEM of a ${label}`, { cause })
  }
}

function invalid(message: string): SealstoneError {
  return new SealstoneError('CERTIFICATE_INVALID', message)
}

// A composite certificate of the largest suite takes 9 KB; an SLH-DSA one 51 KB.
const MAX_FILE_BYTES = 131_072
const DER_SEQUENCE = 0x30
