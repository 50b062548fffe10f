/** Writes the statements that are signed: OMS v1.0 for models, any in-toto predicate for the rest. */
import { canonicalJsonBytes, type JsonValue, LIMITS, SealstoneError, toHex, utf8 } from '#core'
import { type Manifest, rootDigest, type Serialization } from '#hashing'
import { checkManifest } from './check-manifest.ts'
import { DRAFT_PREDICATE_TYPE, MODEL_PREDICATE_TYPE, STATEMENT_TYPE } from './predicate-types.ts'
import { parseStatement } from './statement-reader.ts'

export interface StatementSubject {
  readonly name: string
  /** 64 hex digits. */
  readonly sha256: string
}

/** The payload of `model.sig`. Throws what checkManifest throws. @param root of its resources, where it is known already */
export function buildModelStatement(manifest: Manifest, root: Uint8Array = rootDigest(manifest.resources)): Uint8Array {
  checkManifest(manifest)
  const { modelName, resources, serialization } = manifest
  // In the order of canonical JSON, which is then written without sorting.
  return bounded({
    _type: STATEMENT_TYPE,
    predicate: {
      resources: resources.map(({ name, digest }) => ({ algorithm: serialization.hashType, digest: toHex(digest), name })),
      serialization: serializationJson(serialization),
    },
    predicateType: MODEL_PREDICATE_TYPE,
    subject: [{ digest: { sha256: toHex(root) }, name: checkName(modelName, LIMITS.modelNameBytes) }],
  })
}

/** Any other in-toto statement. Throws INPUT_INVALID, INPUT_TOO_LARGE, and what parseStatement throws: what it would not read is not signed. */
export function buildStatement(statement: {
  readonly predicateType: string
  readonly predicate: JsonValue
  readonly subjects: readonly StatementSubject[]
}): Uint8Array {
  if (statement.predicateType === MODEL_PREDICATE_TYPE || statement.predicateType === DRAFT_PREDICATE_TYPE) {
    throw new SealstoneError('INPUT_INVALID', 'a model is signed by its manifest, not by a ready predicate', { hint: 'send a manifest' })
  }
  const payload = bounded({
    _type: STATEMENT_TYPE,
    subject: statement.subjects.map(({ name, sha256 }) => ({ name: checkName(name, LIMITS.resourceNameBytes), digest: { sha256 } })),
    predicateType: statement.predicateType,
    predicate: statement.predicate,
  })
  parseStatement(payload)
  return payload
}

function serializationJson({ method, hashType, shardSize, allowSymlinks, ignorePaths }: Serialization): JsonValue {
  return {
    allow_symlinks: allowSymlinks,
    hash_type: hashType,
    ignore_paths: withOurs(ignorePaths),
    method,
    ...(shardSize === undefined ? {} : { shard_size: shardSize }),
  }
}

/** The second signature file lies in the model's directory: every verifier that honours this list leaves it alone. */
function withOurs(ignorePaths: readonly string[]): string[] {
  return [...new Set([...ignorePaths, 'model.hybrid.sig'])].sort()
}

function checkName(name: string, maxBytes: number): string {
  const { length } = utf8(name)
  if (length < 1 || length > maxBytes) throw new SealstoneError('INPUT_INVALID', `subject name is ${length} bytes, want 1 to ${maxBytes}`)
  return name
}

function bounded(statement: JsonValue): Uint8Array {
  const bytes = canonicalJsonBytes(statement)
  if (bytes.length > LIMITS.payloadBytes)
    throw new SealstoneError('INPUT_TOO_LARGE', `statement is ${bytes.length} bytes, want at most ${LIMITS.payloadBytes}`)
  return bytes
}
