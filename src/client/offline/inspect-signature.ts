/** What is in a signature file, told and not verified: for people who look at one before they trust anything. */
import { isJsonObject, type KeyProtection, LIMITS, parseStrictObject, toHex } from '#core'
import { HYBRID_MEDIA_TYPE, type OmsBundle, parseBundle, parseHybridBundle, parseStatement } from '#envelopes'
import type { Serialization } from '#hashing'
import type { Leaf } from '#tlog'
import { type CheckpointFacts, checkpointFacts } from './checkpoint-facts.ts'

export interface SignatureContent {
  readonly document: 'model.sig' | 'model.hybrid.sig'
  readonly payloadType: string
  readonly predicateType: string
  /** Absent where the statement is about something else than the files of a model. */
  readonly model?: {
    readonly name: string
    /** Hex SHA-256; old drafts have none. */
    readonly rootDigest?: string
    readonly serialization: Serialization
    /** Digests in hex, by the algorithm of `serialization`. */
    readonly files: readonly { readonly name: string; readonly digest: string }[]
  }
  /** Digests are hex SHA-256. */
  readonly subjects?: readonly { readonly name: string; readonly sha256: string }[]
  readonly madeBy: OmsBundle['material']['kind']
  /** What it says of its key; only in `model.hybrid.sig`. */
  readonly key?: { readonly name: string; readonly version: number; readonly suite: string; readonly fingerprint: string }
  readonly protection?: KeyProtection
  readonly receipt?: { readonly index: bigint; readonly leaf: Leaf; readonly checkpoint: CheckpointFacts }
}

/** @param bytes of `model.sig` or `model.hybrid.sig`. Throws JSON_INVALID, FORMAT_INVALID, PATH_INVALID, INPUT_TOO_LARGE, SUITE_UNKNOWN. */
export function inspectSignature(bytes: Uint8Array): SignatureContent {
  const document = parseStrictObject(bytes, { maxBytes: LIMITS.bundleBytes, maxDepth: LIMITS.jsonDepth })
  if (!isJsonObject(document) || document['mediaType'] !== HYBRID_MEDIA_TYPE)
    return { document: 'model.sig', ...statementContent(parseBundle(bytes)) }
  const { bundle, keyName, keyVersion, suite, fingerprint, protection, leaf, proof } = parseHybridBundle(bytes)
  return {
    document: 'model.hybrid.sig',
    ...statementContent(bundle),
    key: { name: keyName, version: keyVersion, suite: suite.id, fingerprint },
    protection,
    receipt: { index: proof.index, leaf, checkpoint: checkpointFacts(proof.checkpoint) },
  }
}

function statementContent({ payload, payloadType, material }: OmsBundle): Omit<SignatureContent, 'document'> {
  const statement = parseStatement(payload)
  const facts = { payloadType, predicateType: statement.predicateType, madeBy: material.kind }
  if (statement.kind === 'other') return { ...facts, subjects: statement.subjects }
  const { modelName, rootDigest, serialization, resources } = statement
  const files = resources.map(({ name, digest }) => ({ name, digest: toHex(digest) }))
  return { ...facts, model: { name: modelName, ...(rootDigest === undefined ? {} : { rootDigest: toHex(rootDigest) }), serialization, files } }
}
