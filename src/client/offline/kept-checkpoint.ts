/** The signed checkpoint in whatever somebody kept: the note itself, a receipt, or `model.hybrid.sig`. */
import { LIMITS, utf8Text } from '#core'
import { parseTlogProof } from '#tlog'
import { readLogEvidence } from './log-evidence.ts'
import { readRequired } from './read-document.ts'

/** Nothing is verified. Throws FILE_UNREADABLE, INPUT_TOO_LARGE, and FORMAT_INVALID or JSON_INVALID for a damaged receipt or signature. */
export async function readKeptNote(path: string): Promise<string> {
  const text = utf8Text(await readRequired(path, LIMITS.bundleBytes))
  const isNote = !text.startsWith('{') && !text.startsWith('c2sp.org/tlog-proof')
  return isNote ? text : parseTlogProof((await readLogEvidence(path)).proof).checkpoint
}
