/** What somebody was given as proof that a signature is in a log: `model.hybrid.sig`, or a proof alone (c2sp.org/tlog-proof). */
import { join } from 'node:path'
import { stat } from 'node:fs/promises'
import { equalBytes, LIMITS, utf8, utf8Text } from '#core'
import { parseHybridBundle } from '#envelopes'
import { parseTlogProof } from '#tlog'
import { readRequired } from './read-document.ts'

export interface LogEvidence {
  /** As the proof says it. */
  readonly index: bigint
  readonly proof: string
  /** A proof without its `extra` line has none. */
  readonly leaf?: Uint8Array
}

/** @param path of the file, or of a model with one in it. Throws FILE_UNREADABLE, FORMAT_INVALID, JSON_INVALID, INPUT_TOO_LARGE. */
export async function readLogEvidence(path: string): Promise<LogEvidence> {
  const isFolder = await stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  )
  const bytes = await readRequired(isFolder ? join(path, 'model.hybrid.sig') : path, LIMITS.bundleBytes)
  if (!equalBytes(bytes.subarray(0, PROOF_START.length), PROOF_START)) {
    const { receipt, proof } = parseHybridBundle(bytes)
    return { index: proof.index, proof: receipt.proof, leaf: receipt.leaf }
  }
  const proof = utf8Text(bytes)
  const { index, extra } = parseTlogProof(proof)
  return { index, proof, ...(extra === undefined ? {} : { leaf: extra }) }
}

const PROOF_START = utf8('c2sp.org/tlog-proof@v1\n')
