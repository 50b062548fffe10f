/** Signed notes (c2sp.org/signed-note): a text and the signature lines below it. Reading is strict; nothing here checks a signature. */
import { concatBytes, excerpt, fromBase64, SealstoneError, toBase64 } from '#core'

export interface NoteSignature {
  /** Key name, for a log its origin. */
  readonly name: string
  /** 4 bytes that tell apart the keys of one name. */
  readonly keyId: Uint8Array
  /** What the key made; its form depends on the key's type. */
  readonly signature: Uint8Array
}

export interface SignedNote {
  /** Ends in a newline; this is what is signed. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

/** Throws INPUT_INVALID if the text or a key name cannot be in a note. */
export function formatNote({ text, signatures }: SignedNote): string {
  if (!isNoteText(text) || !text.endsWith('\n'))
    throw new SealstoneError('INPUT_INVALID', 'note text has a control character or does not end in a newline')
  return `${text}\n${formatSignatureLines(signatures)}`
}

/** As they stand below a note, each with its newline; also what a witness answers. */
export function formatSignatureLines(signatures: readonly NoteSignature[]): string {
  return signatures.map(({ name, keyId, signature }) => `— ${checkKeyName(name)} ${toBase64(concatBytes(keyId, signature))}\n`).join('')
}

/** Throws FORMAT_INVALID or INPUT_TOO_LARGE. */
export function parseNote(note: string): SignedNote {
  if (note.length > MAX_NOTE_LENGTH) throw new SealstoneError('INPUT_TOO_LARGE', `note is ${note.length} characters, want at most ${MAX_NOTE_LENGTH}`)
  if (!isNoteText(note)) throw invalid('note has a control character or is not well-formed Unicode')
  // The text may hold empty lines itself: the last one separates.
  const split = note.lastIndexOf('\n\n')
  if (split < 0 || !note.endsWith('\n')) throw invalid('note has no blank line before its signatures, or no newline at its end')
  return { text: note.slice(0, split + 1), signatures: parseSignatureLines(note.slice(split + 2)) }
}

/** One or more lines, each with its newline. Throws FORMAT_INVALID. */
export function parseSignatureLines(text: string): NoteSignature[] {
  if (!text.endsWith('\n')) throw invalid('signature lines do not end in a newline')
  const lines = text.slice(0, -1).split('\n')
  if (lines.length > MAX_SIGNATURES) throw invalid(`note has ${lines.length} signatures, want at most ${MAX_SIGNATURES}`)
  return lines.map(parseSignatureLine)
}

/** c2sp.org/signed-note: not empty, no Unicode spaces, no plus sign, no control characters. */
export function checkKeyName(name: string): string {
  if (name === '' || !name.isWellFormed() || /[\s+\u0085]/.test(name) || CONTROL.test(name)) {
    throw new SealstoneError('INPUT_INVALID', `key name is ${excerpt(name)}, want a name without spaces and plus signs`)
  }
  return name
}

function parseSignatureLine(line: string): NoteSignature {
  const [dash, name, encoded, ...rest] = line.split(' ')
  if (dash !== '—' || name === undefined || encoded === undefined || rest.length > 0) {
    throw invalid(`signature line is ${excerpt(line)}, want "— name base64"`)
  }
  const bytes = fromBase64(encoded)
  if (bytes.length <= KEY_ID_BYTES) throw invalid(`signature line holds ${bytes.length} bytes, want more than ${KEY_ID_BYTES}`)
  return { name: checkKeyName(name), keyId: bytes.slice(0, KEY_ID_BYTES), signature: bytes.slice(KEY_ID_BYTES) }
}

function isNoteText(text: string): boolean {
  return text.isWellFormed() && !CONTROL.test(text)
}

function invalid(message: string): SealstoneError {
  return new SealstoneError('FORMAT_INVALID', message)
}

export const KEY_ID_BYTES = 4
// c2sp.org/signed-note: no ASCII control characters below U+0020, other than the newline.
const CONTROL = /[[\p{Cc}&&\p{ASCII}]--[\n\x7f]]/v
// c2sp.org/signed-note: at least 16 signatures must be accepted; a post-quantum one is up to 5 kB.
const MAX_SIGNATURES = 64
const MAX_NOTE_LENGTH = 512 * 1024
