/** Reads signed statements: OMS v1.0, the first draft (model_signing 0.2), and other in-toto statements. Strict; nothing is believed before a signature. */
import {
  equalBytes,
  excerpt,
  fromHex,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  LIMITS,
  parseStrictObject,
  readArray,
  readBoolean,
  readChoice,
  readObject,
  readText,
  SealstoneError,
  toHex,
} from '#core'
import { DIGEST_BYTES, type HashType, rootDigest, type Serialization } from '#hashing'
import { parseResourcePath, parseShardName } from './resource-name.ts'
import { DRAFT_PREDICATE_TYPE, MODEL_PREDICATE_TYPE, STATEMENT_TYPE } from './predicate-types.ts'

export interface SignedResource {
  readonly name: string
  readonly digest: Uint8Array
}

export interface ModelStatement {
  readonly kind: 'model'
  /** `draft`: model_signing 0.2, without a root digest. */
  readonly format: 'v1.0' | 'draft'
  readonly predicateType: string
  readonly modelName: string
  readonly rootDigest?: Uint8Array
  /** In signed order. */
  readonly resources: readonly SignedResource[]
  /** `ignorePaths` is empty where the statement names none. */
  readonly serialization: Serialization
  /** Whether the signer says what was left out, be it nothing. Old signatures do not. */
  readonly saysIgnored: boolean
}

export interface OtherStatement {
  readonly kind: 'other'
  readonly predicateType: string
  readonly predicate: JsonValue
  readonly subjects: readonly { readonly name: string; readonly sha256: string }[]
}

export type Statement = ModelStatement | OtherStatement

/** Throws JSON_INVALID, FORMAT_INVALID, PATH_INVALID, INPUT_TOO_LARGE. */
export function parseStatement(payload: Uint8Array): Statement {
  const statement = parseStrictObject(payload, { maxBytes: LIMITS.payloadBytes, maxDepth: LIMITS.jsonDepth, maxValues: LIMITS.statementValues })
  readObject(statement, 'statement', ['_type', 'subject', 'predicateType', 'predicate'])
  readChoice(statement, '_type', [STATEMENT_TYPE])
  const predicateType = readText(statement, 'predicateType', 4096)
  if (predicateType === MODEL_PREDICATE_TYPE) return parseModel(statement)
  if (predicateType === DRAFT_PREDICATE_TYPE) return parseDraft(statement)
  const subjects = readArray(statement, 'subject', 1, LIMITS.resources).map((subject) => ({
    ...readSubject(subject),
    sha256: readDigestText(subject),
  }))
  return { kind: 'other', predicateType, predicate: statement['predicate'] as JsonValue, subjects }
}

/** OMS specification v1.0, statement and predicate schemas. */
function parseModel(statement: JsonObject): ModelStatement {
  const [subject] = readArray(statement, 'subject', 1, 1)
  const predicate = readObject(statement['predicate'], 'predicate', ['serialization', 'resources'])
  const serialization = parseSerialization(predicate['serialization'])
  const resources = readArray(predicate, 'resources', 0, LIMITS.resources).map((resource) => parseResource(resource, serialization))
  refuseDoubles(resources)
  const root = fromHex(readDigestText(subject), 32)
  const computed = rootDigest(resources)
  if (!equalBytes(root, computed)) throw invalid(`subject digest is ${toHex(root)}, the resources give ${toHex(computed)}`)
  return {
    kind: 'model',
    format: 'v1.0',
    predicateType: MODEL_PREDICATE_TYPE,
    modelName: readSubject(subject).name,
    rootDigest: root,
    resources,
    serialization,
    saysIgnored: isJsonObject(predicate['serialization']) && predicate['serialization']['ignore_paths'] !== undefined,
  }
}

function parseSerialization(value: JsonValue | undefined): Serialization {
  const object = readObject(value, 'serialization', ['method', 'hash_type', 'allow_symlinks'], ['ignore_paths', 'shard_size'])
  const method = readChoice(object, 'method', ['files', 'shards'])
  const shardSize = object['shard_size']
  const ignorePaths = object['ignore_paths'] === undefined ? [] : readArray(object, 'ignore_paths', 0, LIMITS.ignorePaths)
  if ((shardSize !== undefined) !== (method === 'shards'))
    throw invalid(`method is ${method}, shard_size is ${shardSize === undefined ? 'missing' : 'there'}`)
  return {
    method,
    hashType: readChoice(object, 'hash_type', HASH_TYPES),
    allowSymlinks: readBoolean(object, 'allow_symlinks'),
    ignorePaths: ignorePaths.map((path) => {
      if (typeof path !== 'string' || path === '' || !path.isWellFormed()) throw invalid('ignore_paths holds something that is not a path')
      if (path.length > LIMITS.resourceNameBytes) throw invalid(`ignore_paths holds a path over ${LIMITS.resourceNameBytes} bytes`)
      return path
    }),
    // Python writes 1000000000.0; JSON.parse reads it as the same number.
    ...(shardSize === undefined ? {} : { shardSize: readShardSize(shardSize) }),
  }
}

function readShardSize(value: JsonValue): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1)
    throw invalid(`shard_size is ${JSON.stringify(value)}, want a whole number`)
  return value
}

function parseResource(value: JsonValue, { method, hashType, shardSize }: Serialization): SignedResource {
  if (!isJsonObject(value)) throw invalid('a resource is not an object') // the specification allows further members here
  const name = readText(value, 'name', LIMITS.resourceNameBytes)
  const algorithm = readText(value, 'algorithm', 64)
  if (algorithm !== hashType && !(method === 'shards' && algorithm === `${hashType}-sharded-${shardSize}`)) {
    throw invalid(`resource ${excerpt(name)} has algorithm ${excerpt(algorithm)}, want ${hashType}`)
  }
  if (method === 'shards') parseShardName(name)
  else parseResourcePath(name)
  return { name, digest: fromHex(readText(value, 'digest', 128), DIGEST_BYTES[hashType]) }
}

/** model_signing 0.2: every file is a subject, the predicate says nothing. */
function parseDraft(statement: JsonObject): ModelStatement {
  const resources = readArray(statement, 'subject', 1, LIMITS.resources).map((subject) => ({
    name: parseResourcePath(readSubject(subject).name),
    digest: fromHex(readDigestText(subject), 32),
  }))
  refuseDoubles(resources)
  return {
    kind: 'model',
    format: 'draft',
    predicateType: DRAFT_PREDICATE_TYPE,
    modelName: '',
    resources,
    serialization: { method: 'files', hashType: 'sha256', allowSymlinks: false, ignorePaths: [] },
    saysIgnored: false,
  }
}

function readSubject(value: JsonValue | undefined): { name: string } {
  if (!isJsonObject(value)) throw invalid('a subject is not an object')
  return { name: readText(value, 'name', LIMITS.resourceNameBytes) }
}

function readDigestText(value: JsonValue | undefined): string {
  const digest = isJsonObject(value) ? value['digest'] : undefined
  if (!isJsonObject(digest)) throw invalid('a subject has no digest')
  const text = readText(digest, 'sha256', 64)
  fromHex(text, 32)
  return text
}

function refuseDoubles(resources: readonly SignedResource[]): void {
  const seen = new Set<string>()
  for (const { name } of resources) {
    if (seen.has(name)) throw new SealstoneError('PATH_INVALID', `resource name ${excerpt(name)} appears twice`)
    seen.add(name)
  }
}

function invalid(message: string): SealstoneError {
  return new SealstoneError('FORMAT_INVALID', message)
}

const HASH_TYPES = ['sha256', 'blake2b', 'blake3'] as const satisfies readonly HashType[]
