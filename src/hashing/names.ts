/** Names of files: from the raw bytes of the system to text that signs for exactly one name, and how they are shown in messages. */
import { LIMITS, SealstoneError } from '#core'

/** Linux file names are any bytes. Those that are not UTF-8 have no faithful text and are refused with PATH_INVALID. */
export function nameFromBytes(bytes: Buffer, prefix: string): string {
  const text = bytes.toString('utf8')
  if (!Buffer.from(text).equals(bytes)) {
    const place = prefix === '' ? 'a file name' : `a file name in ${shown(prefix)}`
    throw new SealstoneError('PATH_INVALID', `${place} is not valid UTF-8: ${shown(text)} (hex ${bytes.toString('hex')})`, {
      hint: 'rename the file',
    })
  }
  if (Buffer.byteLength(prefix) + bytes.length > LIMITS.resourceNameBytes) {
    throw new SealstoneError('PATH_INVALID', `a path in ${shown(prefix)} is over ${LIMITS.resourceNameBytes} bytes`)
  }
  return prefix + text
}

/** The model's name: the last part of its path. */
export function parseModelName(name: string): string {
  if (name === '' || !name.isWellFormed() || Buffer.byteLength(name) > LIMITS.modelNameBytes) {
    throw new SealstoneError('PATH_INVALID', `model name is ${shown(name)}, want 1–${LIMITS.modelNameBytes} bytes of valid Unicode`)
  }
  return name
}

/** A file name as it can stand in a message: whole, on one line, and without characters that redraw a terminal or reverse the text. */
export function shown(name: string): string {
  if (!UNSAFE.test(name)) return name
  return JSON.stringify(name).replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`)
}

// Control and format characters, line separators, quotes.
const UNSAFE = /["\p{Cc}\p{Cf}\u2028\u2029]/u
