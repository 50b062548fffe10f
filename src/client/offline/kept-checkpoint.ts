/** The signed checkpoint in whatever somebody kept: the note itself, a receipt, `model.hybrid.sig`, or what a monitor remembers. */
import { LIMITS, parseStrictObject, readText, utf8Text } from '#core'
import { parseTlogProof } from '#tlog'
import { readLogEvidence } from './log-evidence.ts'
import { readRequired } from './read-document.ts'

/** Nothing is verified. Throws FILE_UNREADABLE, INPUT_TOO_LARGE, and FORMAT_INVALID or JSON_INVALID for a damaged document. */
export async function readKeptNote(path: string): Promise<string> {
  const bytes = await readRequired(path, LIMITS.bundleBytes)
  const text = utf8Text(bytes)
  const isNote = !text.startsWith('{') && !text.startsWith('c2sp.org/tlog-proof')
  if (isNote) return text
  const document = text.startsWith('{')
    ? parseStrictObject(bytes, { maxBytes: LIMITS.bundleBytes, maxDepth: LIMITS.jsonDepth, maxValues: MAX_VALUES })
    : {}
  if (document['checkpoint'] !== undefined) return readText(document, 'checkpoint', LIMITS.checkpointBytes)
  return parseTlogProof((await readLogEvidence(path)).proof).checkpoint
}

const MAX_VALUES = 4_000_000
