/** DSSE: the bytes that a signature is made over. A payload is never serialised again; what was signed is what was sent. */
import { concatBytes, utf8 } from '#core'

/** in-toto statements, the only payload type of OMS. */
export const STATEMENT_PAYLOAD_TYPE = 'application/vnd.in-toto+json'

/** DSSE v1 pre-authentication encoding: `DSSEv1 <len type> <type> <len payload> <payload>`, lengths in bytes as decimal text. */
export function pae(payloadType: string, payload: Uint8Array): Uint8Array {
  return concatBytes(utf8(`DSSEv1 ${utf8(payloadType).length} ${payloadType} ${payload.length} `), payload)
}

/** What model_signing 0.2 signed by mistake: `DSSEV1` and the Python text form of the payload. Only ever read. */
export function legacyPae(payloadType: string, payload: Uint8Array): Uint8Array {
  return concatBytes(utf8(`DSSEV1 ${utf8(payloadType).length} ${payloadType} ${payload.length} `), pythonBytesText(payload))
}

/** Python's repr() of a bytes object: in double quotes only where it holds single and no double ones. The payload is anybody's: one buffer. */
function pythonBytesText(bytes: Uint8Array): Uint8Array {
  const quote = bytes.includes(0x27) && !bytes.includes(0x22) ? '"' : "'"
  const forms = Array.from({ length: 256 }, (_, byte) => utf8(pythonForm(byte, quote)))
  let size = 3
  for (const byte of bytes) size += (forms[byte] as Uint8Array).length
  const text = new Uint8Array(size)
  text.set(utf8(`b${quote}`))
  let at = 2
  for (const byte of bytes) {
    const form = forms[byte] as Uint8Array
    text.set(form, at)
    at += form.length
  }
  text.set(utf8(quote), at)
  return text
}

function pythonForm(byte: number, quote: string): string {
  const character = String.fromCharCode(byte)
  if (character === "'") return quote === "'" ? "\\'" : character
  if (byte >= 0x20 && byte <= 0x7e && character !== '\\') return character
  return PYTHON_ESCAPES[character] ?? `\\x${byte.toString(16).padStart(2, '0')}`
}

const PYTHON_ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }
