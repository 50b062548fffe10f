/** The leaves of the audit log: one event each, as canonical JSON. Digests and facts, never payloads. docs/audit-log.md is the table for users. */
import {
  canonicalJsonBytes,
  equalBytes,
  type Identity,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type KeyProtection,
  keyProtectionJson,
  LIMITS,
  type OperationId,
  parseStrictObject,
  SealstoneError,
  utf8,
  utf8Text,
} from '#core'
import { checkMembers, type DECIDED_OPERATIONS, type DECISIONS, invalid, type LEAF_KINDS, LEAF_MEMBERS } from './leaf-members.ts'

export type LeafKind = (typeof LEAF_KINDS)[number]
export type DecidedOperation = (typeof DECIDED_OPERATIONS)[number]
export type LeafDecision = (typeof DECISIONS)[number]

export interface LeafSignature {
  readonly role: 'hybrid' | 'companion'
  readonly suite: string
  /** Hex SHA-256 of the public key's SPKI DER. */
  readonly keyFingerprint: string
  /** `sha256:` and hex, of the signature's bytes. */
  readonly digest: string
}

/** Verifications that were counted and not told one by one. */
export interface LeafVerifications {
  readonly caller: Identity
  /** Whose signature it was; absent where no signature verified. */
  readonly key?: string
  readonly result: 'ok' | 'error'
  readonly count: number
}

export interface Leaf {
  readonly version: 1
  /** RFC 3339, UTC, milliseconds; never earlier than the leaf before. */
  readonly time: string
  /** 8 hex digits: the process that wrote the leaf. */
  readonly run?: string
  /** Milliseconds since that process opened the log, by a clock that nobody sets. */
  readonly uptimeMs?: number
  readonly kind: LeafKind
  readonly operationId: OperationId
  readonly caller: Identity
  /** What was asked for, for example `sign`, `keys.create`. */
  readonly operation: string
  readonly key?: string
  readonly keyVersion?: number
  readonly suite?: string
  readonly modelName?: string
  /** `sha256:` and hex: the model's root digest. */
  readonly modelDigest?: string
  readonly payloadType?: string
  readonly predicateType?: string
  /** `sha256:` and hex, of the DSSE pre-authentication encoding that was signed. */
  readonly signedBytesDigest?: string
  readonly signatures?: readonly LeafSignature[]
  readonly resourceCount?: number
  /** Who computed the digests of the model's files: `mixed` where the daemon did some of them. */
  readonly digestSource?: 'daemon' | 'caller' | 'mixed'
  /** Files or shards whose digests the caller took from a cache of its own, as it said. */
  readonly cachedDigests?: number
  /** When the oldest of those was computed: RFC 3339, UTC, milliseconds. */
  readonly oldestCachedDigest?: string
  /** `unknown`: the daemon died in between; whether a signature was made cannot be known, it was not released. */
  readonly result?: 'ok' | 'error' | 'unknown'
  readonly errorCode?: string
  readonly reason?: string
  readonly keyProtection?: KeyProtection
  /** The rule of the policy that allowed it, from 0. */
  readonly policyRule?: number
  /** `sha256:` and hex: the policy that was asked. */
  readonly policyDigest?: string
  /** `sha256:` and hex: the configuration that the daemon runs with. */
  readonly configDigest?: string
  /** The one before it. */
  readonly previousConfigDigest?: string
  /** By how much the clock was set; below zero: back. */
  readonly clockStepMs?: number
  /** `sha256:` and hex: the client's certificate, DER. */
  readonly certificateDigest?: string
  /** How many events this leaf tells of. */
  readonly count?: number
  /** What the caller says that it decided about the subject in `modelName`. */
  readonly decision?: LeafDecision
  readonly verifications?: readonly LeafVerifications[]
}

/** What a program decided that stands where models and tools are used, as it says. */
export interface Decision {
  readonly operation: DecidedOperation
  /** What it was about: the name of a server, a tool, a model; foreign text. What is over 1,024 characters is cut, as in `reason`. */
  readonly subject: string
  /** SHA-256 of it, 64 hex digits. */
  readonly digest?: string
  readonly decision: LeafDecision
  readonly reason?: string
}

/** What a caller of the log states; the rest is the log's. */
export type NewLeaf = Omit<Leaf, 'version' | 'time' | 'run' | 'uptimeMs'>

/** The bytes that the tree hashes. Throws FORMAT_INVALID for a leaf that `parseLeaf` would refuse, INPUT_TOO_LARGE over 65,535 bytes. */
export function encodeLeaf(leaf: Leaf): Uint8Array {
  const checked = checkLeaf(leaf as unknown as JsonObject)
  // RFC 8785 §3.2.3: names in order. `checkLeaf` leaves them so at every depth but that of `keyProtection`.
  const bytes = leaf.keyProtection === undefined ? utf8(JSON.stringify(checked)) : canonicalJsonBytes(leafJson(checked))
  if (bytes.length > LIMITS.leafBytes) throw new SealstoneError('INPUT_TOO_LARGE', `leaf is ${bytes.length} bytes, want at most ${LIMITS.leafBytes}`)
  return bytes
}

/** Strict: unknown members, wrong types and any form but the canonical one are refused. Throws JSON_INVALID, FORMAT_INVALID, INPUT_TOO_LARGE. */
export function parseLeaf(bytes: Uint8Array): Leaf {
  const quick = parseCanonical(bytes)
  if (quick !== undefined) return quick
  const object = parseStrictObject(bytes, { maxBytes: LIMITS.leafBytes, maxDepth: 8 })
  const leaf = checkLeaf(object)
  if (!equalBytes(canonicalJsonBytes(object), bytes)) throw invalid('leaf is not canonical JSON (RFC 8785)')
  return leaf
}

/**
 * The usual case, several times as fast: what has every member checked and is written back as the same text cannot be anything but
 * canonical. Undefined for all the rest, which is for the strict reader to accept or to name the fault of.
 */
function parseCanonical(bytes: Uint8Array): Leaf | undefined {
  if (bytes.length > LIMITS.leafBytes) return undefined
  try {
    const text = utf8Text(bytes)
    const object = JSON.parse(text) as JsonValue
    if (!isJsonObject(object) || object['keyProtection'] !== undefined) return undefined
    const leaf = checkLeaf(object)
    return JSON.stringify(leaf) === text ? leaf : undefined
  } catch {
    return undefined
  }
}

/** The JSON form with the members of the table and no others. */
export function leafJson(leaf: Leaf): JsonObject {
  const { signatures, keyProtection, verifications, ...facts } = leaf
  const members: [string, JsonValue | undefined][] = [
    ...Object.entries(facts),
    ['signatures', signatures?.map((signature) => ({ ...signature }))],
    ['verifications', verifications?.map((row) => ({ ...row }))],
    ['keyProtection', keyProtection && keyProtectionJson(keyProtection)],
  ]
  return Object.fromEntries(members.filter((member): member is [string, JsonValue] => member[1] !== undefined))
}

/** Members in the order of their names. */
function checkLeaf(object: JsonObject): Leaf {
  const missing = REQUIRED.find((name) => object[name] === undefined)
  if (missing !== undefined) throw invalid(`leaf has no ${missing}`)
  return checkMembers(object, LEAF_MEMBERS, 'leaf') as unknown as Leaf
}

const REQUIRED = ['version', 'time', 'kind', 'operationId', 'caller', 'operation'] as const
