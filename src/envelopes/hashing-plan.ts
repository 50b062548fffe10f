/** Reads from a signature how the model must be hashed to be compared with it. Nothing here is believed: verifyModel judges. */
import { LIMITS, parseStrictObject } from '#core'
import { DEFAULT_IGNORES, type Serialization, trimIgnore } from '#hashing'
import { HYBRID_MEDIA_TYPE, parseHybridBundleJson } from './hybrid-bundle.ts'
import { parseBundleJson } from './oms-bundle.ts'
import { isResourcePath, parseShardName } from './resource-name.ts'
import { parseStatement, type SignedResource } from './statement-reader.ts'

export interface HashingPlan {
  /** `ignorePaths` holds those of the signed list that can name a part of a model. */
  readonly serialization: Serialization
  /** The signer did not say what was left out: then it was what the reference tool leaves out by itself. */
  readonly defaultIgnores: boolean
  /** The one file of a single-file model is called `.`, as before OMS 1.0. */
  readonly dotName: boolean
  /** Paths of all signed files, without the ranges of shards. */
  readonly names: readonly string[]
  /** As they were signed: files, or shards. */
  readonly resources: readonly SignedResource[]
}

/** @param signature the content of `model.sig` or `model.hybrid.sig`. Throws JSON_INVALID, FORMAT_INVALID, PATH_INVALID, INPUT_TOO_LARGE. */
export function hashingPlan(signature: Uint8Array): HashingPlan {
  const document = parseStrictObject(signature, { maxBytes: LIMITS.bundleBytes, maxDepth: LIMITS.jsonDepth })
  const bundle = document['mediaType'] === HYBRID_MEDIA_TYPE ? parseHybridBundleJson(document).bundle : parseBundleJson(document)
  const statement = parseStatement(bundle.payload)
  if (statement.kind === 'other') return { serialization: DEFAULT_SERIALIZATION, defaultIgnores: false, dotName: false, names: [], resources: [] }
  const { serialization, resources, saysIgnored } = statement
  const names = new Set(resources.map(({ name }) => (serialization.method === 'shards' ? parseShardName(name).path : name)))
  // An absolute path, or one that leads out, leaves nothing of this model out.
  const ignorePaths = serialization.ignorePaths.filter((path) => isResourcePath(trimIgnore(path)))
  const dotName = names.size === 1 && names.has('.')
  return { serialization: { ...serialization, ignorePaths }, defaultIgnores: !saysIgnored, dotName, names: [...names], resources }
}

/** How Sealstone hashes where nobody says otherwise: what other statements' subject digests are made with. */
const DEFAULT_SERIALIZATION: Serialization = { method: 'files', hashType: 'sha256', allowSymlinks: false, ignorePaths: DEFAULT_IGNORES }
