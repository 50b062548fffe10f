/** Where a timestamp stands: as one more signature line below a checkpoint, so that it goes wherever the checkpoint goes. docs/format.md */
import { createHash } from 'node:crypto'
import { concatBytes, toHex, utf8 } from '#core'
import { formatNote, type NoteSignature, parseNote } from '#tlog'

/**
 * c2sp.org/signed-note: type 0xff is for kinds without a number of their own and is followed by a name of the kind. What follows the key ID is the
 * DER of an RFC 3161 TimeStampToken over the note's text. Its key is in its certificate, so the key ID tells only authority and kind.
 */
export function addTimestamp(note: string, authority: string, token: Uint8Array): string {
  const { text, signatures } = parseNote(note)
  const line = { name: authority, keyId: keyIdOf(authority), signature: token }
  return formatNote({ text, signatures: [...signatures.filter((other) => !isTimestampOf(other, authority)), line] })
}

/** The tokens below a note that claim to be of this authority; nothing of them was verified. */
export function findTimestamps(note: string, authority: string): Uint8Array[] {
  return parseNote(note)
    .signatures.filter((line) => isTimestampOf(line, authority))
    .map(({ signature }) => signature)
}

function isTimestampOf({ name, keyId }: NoteSignature, authority: string): boolean {
  return name === authority && toHex(keyId) === toHex(keyIdOf(authority))
}

function keyIdOf(authority: string): Uint8Array {
  return Uint8Array.from(
    createHash('sha256')
      .update(concatBytes(utf8(`${authority}\n`), KIND))
      .digest()
      .subarray(0, 4),
  )
}

const KIND = concatBytes(Uint8Array.of(0xff), utf8('rfc3161-timestamp'))
