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
  return utf8(`DSSEV1 ${utf8(payloadType).length} ${payloadType} ${payload.length} ${pythonBytesText(payload)}`)
}

/** Python's repr() of a bytes object: in double quotes only where it holds single and no double ones. */
function pythonBytesText(bytes: Uint8Array): string {
  const latin = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  const quote = latin.includes("'") && !latin.includes('"') ? '"' : "'"
  const escaped = latin.replace(/[^\x20-\x7e]|[\\']/g, (character) => {
    if (character === "'") return quote === "'" ? "\\'" : character
    return PYTHON_ESCAPES[character] ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
  return `b${quote}${escaped}${quote}`
}

const PYTHON_ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }
