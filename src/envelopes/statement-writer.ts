/** Writes the statements that are signed: OMS v1.0 for models, any in-toto predicate for the rest. */
import { canonicalJsonBytes, type JsonValue, LIMITS, SealstoneError, toHex, utf8 } from '#core'
import { type Manifest, type Resource, rootDigest, type Serialization } from '#hashing'
import { parseResourcePath, parseShardName } from './resource-name.ts'

export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1'
export const MODEL_PREDICATE_TYPE = 'https://model_signing/signature/v1.0'

/** Of model_signing 0.2; only ever read. */
export const DRAFT_PREDICATE_TYPE = 'https://model_signing/Digests/v0.1'

export interface StatementSubject {
  readonly name: string
  /** 64 hex digits. */
  readonly sha256: string
}

/** The payload of `model.sig`. Throws MODEL_EMPTY, PATH_INVALID (also for a name twice), INPUT_TOO_LARGE. */
export function buildModelStatement({ modelName, resources, serialization }: Manifest): Uint8Array {
  if (resources.length === 0) throw new SealstoneError('MODEL_EMPTY', 'manifest has no resources')
  checkNames(resources, serialization)
  return bounded({
    _type: STATEMENT_TYPE,
    subject: [{ name: checkSubjectName(modelName), digest: { sha256: toHex(rootDigest(resources)) } }],
    predicateType: MODEL_PREDICATE_TYPE,
    predicate: {
      serialization: serializationJson(serialization),
      resources: resources.map(({ name, digest }) => ({ name, algorithm: serialization.hashType, digest: toHex(digest) })),
    },
  })
}

/** Any other in-toto statement over the same kind of subjects. */
export function buildStatement(statement: {
  readonly predicateType: string
  readonly predicate: JsonValue
  readonly subjects: readonly StatementSubject[]
}): Uint8Array {
  if (statement.predicateType === MODEL_PREDICATE_TYPE || statement.predicateType === DRAFT_PREDICATE_TYPE) {
    throw new SealstoneError('INPUT_INVALID', 'a model is signed by its manifest, not by a ready predicate', { hint: 'send a manifest' })
  }
  if (statement.subjects.length === 0) throw new SealstoneError('INPUT_INVALID', 'statement has no subjects, want at least one')
  return bounded({
    _type: STATEMENT_TYPE,
    subject: statement.subjects.map(({ name, sha256 }) => ({ name: checkSubjectName(name), digest: { sha256 } })),
    predicateType: statement.predicateType,
    predicate: statement.predicate,
  })
}

function serializationJson({ method, hashType, shardSize, allowSymlinks, ignorePaths }: Serialization): JsonValue {
  return {
    method,
    hash_type: hashType,
    allow_symlinks: allowSymlinks,
    ignore_paths: withOurs(ignorePaths),
    ...(shardSize === undefined ? {} : { shard_size: shardSize }),
  }
}

/** The second signature file lies in the model's directory: every verifier that honours this list leaves it alone. */
function withOurs(ignorePaths: readonly string[]): string[] {
  return [...new Set([...ignorePaths, 'model.hybrid.sig'])].sort()
}

function checkNames(resources: readonly Resource[], { method }: Serialization): void {
  if (resources.length > LIMITS.resources)
    throw new SealstoneError('INPUT_TOO_LARGE', `manifest has ${resources.length} resources, want at most ${LIMITS.resources}`)
  const seen = new Set<string>()
  for (const { name } of resources) {
    if (method === 'shards') parseShardName(name)
    else if (parseResourcePath(name) === '.') throw new SealstoneError('PATH_INVALID', 'resource name is ".", want the file name')
    if (seen.has(name)) throw new SealstoneError('PATH_INVALID', `resource name ${JSON.stringify(name)} appears twice`)
    seen.add(name)
  }
}

function checkSubjectName(name: string): string {
  const { length } = utf8(name)
  if (length < 1 || length > LIMITS.resourceNameBytes)
    throw new SealstoneError('INPUT_INVALID', `subject name is ${length} bytes, want 1 to ${LIMITS.resourceNameBytes}`)
  return name
}

function bounded(statement: JsonValue): Uint8Array {
  const bytes = canonicalJsonBytes(statement)
  if (bytes.length > LIMITS.payloadBytes)
    throw new SealstoneError('INPUT_TOO_LARGE', `statement is ${bytes.length} bytes, want at most ${LIMITS.payloadBytes}`)
  return bytes
}
