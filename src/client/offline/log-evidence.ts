/** What somebody was given as proof that a signature is in a log: `model.hybrid.sig`, or a receipt alone, as text (c2sp.org/tlog-proof) or as JSON. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import {
  equalBytes,
  excerpt,
  fromBase64,
  type JsonObject,
  LIMITS,
  parseStrictObject,
  readObject,
  readText,
  SealstoneError,
  toSealstoneError,
  utf8,
  utf8Text,
} from '#core'
import { HYBRID_MEDIA_TYPE, parseHybridBundle } from '#envelopes'
import { parseTlogProof } from '#tlog'
import { readRequired } from './read-document.ts'

export interface LogEvidence {
  /** As the proof says it. */
  readonly index: bigint
  readonly proof: string
  /** A proof without its `extra` line has none. */
  readonly leaf?: Uint8Array
  /** The whole `model.hybrid.sig`, where it came with one. */
  readonly signature?: Uint8Array
}

/** @param path of the file, or of a model with one in it. Throws FILE_UNREADABLE, FORMAT_INVALID, JSON_INVALID, INPUT_TOO_LARGE. */
export async function readLogEvidence(path: string): Promise<LogEvidence> {
  const isFolder = await stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  )
  const bytes = await readRequired(isFolder ? join(path, 'model.hybrid.sig') : path, LIMITS.bundleBytes)
  if (equalBytes(bytes.subarray(0, PROOF_START.length), PROOF_START)) return ofProof(utf8Text(bytes))
  const document = parseDocument(path, bytes)
  if (document['mediaType'] === HYBRID_MEDIA_TYPE) {
    const { receipt, proof } = parseHybridBundle(bytes)
    return { index: proof.index, proof: receipt.proof, leaf: receipt.leaf, signature: bytes }
  }
  if (document['proof'] !== undefined) return ofJson(document)
  throw new SealstoneError('FORMAT_INVALID', `${excerpt(path)} is neither a hybrid signature nor a receipt`, { hint: WANTED })
}

/** Whoever names the wrong file hears which, and what is wanted. */
function parseDocument(path: string, bytes: Uint8Array): JsonObject {
  try {
    return parseStrictObject(bytes, { maxBytes: LIMITS.bundleBytes, maxDepth: LIMITS.jsonDepth })
  } catch (cause) {
    const { code, message } = toSealstoneError(cause)
    if (code !== 'JSON_INVALID') throw cause
    throw new SealstoneError(code, `${excerpt(path)} is neither a hybrid signature nor a receipt: ${message}`, { cause, hint: WANTED })
  }
}

function ofProof(proof: string): LogEvidence {
  const { index, extra } = parseTlogProof(proof)
  return { index, proof, ...(extra === undefined ? {} : { leaf: extra }) }
}

/** As `sealstone audit receipt --json` prints it. */
function ofJson(document: JsonObject): LogEvidence {
  readObject(document, 'receipt', ['leaf', 'proof'], ['index'])
  const proof = readText(document, 'proof', LIMITS.bundleBytes)
  return { ...ofProof(proof), leaf: fromBase64(readText(document, 'leaf', LIMITS.bundleBytes)) }
}

const PROOF_START = utf8('c2sp.org/tlog-proof@v1\n')
const WANTED = 'name a model.hybrid.sig, or a file written by: sealstone audit receipt'
