/** The leaves of the audit log: one event each, as canonical JSON. Digests and facts, never payloads. docs/audit-log.md is the table for users. */
import {
  canonicalJsonBytes,
  describe,
  equalBytes,
  excerpt,
  type Identity,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type KeyProtection,
  keyProtectionJson,
  LIMITS,
  type OperationId,
  parseIdentity,
  parseKeyName,
  parseKeyProtection,
  parseOperationId,
  parseStrictObject,
  SealstoneError,
  utf8,
  utf8Text,
} from '#core'

export type LeafKind = (typeof LEAF_KINDS)[number]

export interface LeafSignature {
  readonly role: 'hybrid' | 'companion'
  readonly suite: string
  /** Hex SHA-256 of the public key's SPKI DER. */
  readonly keyFingerprint: string
  /** `sha256:` and hex, of the signature's bytes. */
  readonly digest: string
}

export interface Leaf {
  readonly version: 1
  /** RFC 3339, UTC, milliseconds; never earlier than the leaf before. */
  readonly time: string
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
}

/** What a caller of the log states; version and time are the log's. */
export type NewLeaf = Omit<Leaf, 'version' | 'time'>

/** The bytes that the tree hashes. Throws FORMAT_INVALID for a leaf that `parseLeaf` would refuse, INPUT_TOO_LARGE over 65,535 bytes. */
export function encodeLeaf(leaf: Leaf): Uint8Array {
  const { keyProtection } = leaf
  const checked = checkLeaf(
    (keyProtection === undefined ? leaf : { ...leaf, keyProtection: keyProtectionJson(keyProtection) }) as unknown as JsonObject,
  )
  // RFC 8785 §3.2.3: names in order. `checkLeaf` leaves them so at every depth but that of `keyProtection`, which is rare.
  const bytes = keyProtection === undefined ? utf8(JSON.stringify(checked)) : canonicalJsonBytes(leafJson(checked))
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
  const { signatures, keyProtection, ...facts } = leaf
  const members: [string, JsonValue | undefined][] = [
    ...Object.entries(facts),
    ['signatures', signatures?.map((signature) => ({ ...signature }))],
    ['keyProtection', keyProtection && keyProtectionJson(keyProtection)],
  ]
  return Object.fromEntries(members.filter((member): member is [string, JsonValue] => member[1] !== undefined))
}

/** Members in the order of their names. */
function checkLeaf(object: JsonObject): Leaf {
  const missing = REQUIRED.find((name) => object[name] === undefined)
  if (missing !== undefined) throw invalid(`leaf has no ${missing}`)
  return checkMembers(object, SORTED_MEMBERS, 'leaf') as unknown as Leaf
}

/** Absent ones, and those that are undefined, are left out. */
function checkMembers(object: JsonObject, members: readonly (readonly [name: string, parse: MemberParser])[], what: string): Record<string, unknown> {
  const checked: Record<string, unknown> = {}
  let found = 0
  for (const [name, parse] of members) {
    const value = object[name]
    if (value === undefined) continue
    checked[name] = parse(value, name)
    found++
  }
  const given = Object.keys(object)
  if (given.length !== found) {
    const stray = given.find((name) => object[name] !== undefined && !Object.hasOwn(checked, name))
    if (stray !== undefined) throw invalid(`${what} has an unknown member ${excerpt(stray)}`)
  }
  return checked
}

type MemberParser = (value: JsonValue, name: string) => unknown

function text(maxLength: number, pattern?: RegExp): MemberParser {
  return (value, name) => {
    if (typeof value !== 'string' || value.length > maxLength || pattern?.test(value) === false) {
      throw invalid(`${name} is ${show(value)}, want ${pattern === undefined ? `a string of at most ${maxLength} characters` : String(pattern)}`)
    }
    if (!value.isWellFormed()) throw invalid(`${name} is ${excerpt(value)}, which holds a lone surrogate`) // RFC 8785 §3.2.2.2
    return value
  }
}

function count(least: number): MemberParser {
  return (value, name) => {
    if (!Number.isSafeInteger(value) || (value as number) < least) throw invalid(`${name} is ${show(value)}, want a whole number from ${least}`)
    return value
  }
}

function choice(choices: readonly (string | number)[]): MemberParser {
  return (value, name) => {
    if (!choices.some((allowed) => allowed === value)) throw invalid(`${name} is ${show(value)}, want one of ${choices.join(', ')}`)
    return value
  }
}

/** Takes a parser of strings that core has; what it refuses is told as a fault of the leaf. */
function named(parse: (text: string) => string): MemberParser {
  return (value, name) => {
    if (typeof value !== 'string') throw invalid(`${name} is ${describe(value)}, want a string`)
    try {
      return parse(value)
    } catch (cause) {
      throw new SealstoneError('FORMAT_INVALID', `${name} is ${show(value)}`, { cause })
    }
  }
}

function time(value: JsonValue, name: string): JsonValue {
  const parsed = typeof value === 'string' ? new Date(value) : undefined
  if (parsed === undefined || Number.isNaN(parsed.getTime()) || parsed.toISOString() !== value) {
    throw invalid(`${name} is ${show(value)}, want RFC 3339 in UTC with milliseconds`)
  }
  return value
}

function signatures(value: JsonValue, name: string): LeafSignature[] {
  if (!Array.isArray(value) || value.length < 1 || value.length > MAX_SIGNATURES)
    throw invalid(`${name} is ${describe(value)}, want 1 to ${MAX_SIGNATURES}`)
  return (value as readonly JsonValue[]).map((item) => {
    if (!isJsonObject(item)) throw invalid(`a signature is ${describe(item)}, want an object`)
    for (const name of Object.keys(SIGNATURE_MEMBERS)) if (item[name] === undefined) throw invalid(`a signature has no ${name}`)
    return checkMembers(item, SORTED_SIGNATURE_MEMBERS, 'signature') as unknown as LeafSignature
  })
}

function show(value: JsonValue | undefined): string {
  return typeof value === 'string' ? excerpt(value) : typeof value === 'number' ? String(value) : describe(value)
}

function invalid(message: string): SealstoneError {
  return new SealstoneError('FORMAT_INVALID', message)
}

export const LEAF_KINDS = ['log-start', 'intent', 'outcome', 'refused', 'key-created', 'daemon-start', 'daemon-stop', 'recovery'] as const
const MAX_SIGNATURES = 8
const DIGEST = text(71, /^sha256:[0-9a-f]{64}$/)
const SUITE = text(64, /^[A-Za-z0-9][A-Za-z0-9.-]*$/)
const REQUIRED = ['version', 'time', 'kind', 'operationId', 'caller', 'operation'] as const
const SIGNATURE_MEMBERS: Record<keyof LeafSignature, MemberParser> = {
  role: choice(['hybrid', 'companion']),
  suite: SUITE,
  keyFingerprint: text(64, /^[0-9a-f]{64}$/),
  digest: DIGEST,
}
const MEMBERS: Record<keyof Leaf, MemberParser> = {
  version: choice([1]),
  time,
  kind: choice(LEAF_KINDS),
  operationId: named(parseOperationId),
  caller: named(parseIdentity),
  operation: text(64, /^[a-z][A-Za-z0-9.-]*$/),
  key: named(parseKeyName),
  keyVersion: count(1),
  suite: SUITE,
  modelName: text(LIMITS.resourceNameBytes),
  modelDigest: DIGEST,
  payloadType: text(255),
  predicateType: text(4096),
  signedBytesDigest: DIGEST,
  signatures,
  resourceCount: count(0),
  digestSource: choice(['daemon', 'caller', 'mixed']),
  cachedDigests: count(1),
  oldestCachedDigest: time,
  result: choice(['ok', 'error', 'unknown']),
  errorCode: text(64, /^[A-Z][A-Z0-9_]*$/),
  reason: text(4096),
  keyProtection: parseKeyProtection,
}
const SORTED_MEMBERS = sorted(MEMBERS)
const SORTED_SIGNATURE_MEMBERS = sorted(SIGNATURE_MEMBERS)

// RFC 8785 §3.2.3 sorts by UTF-16 code units, as `sort` does.
function sorted(members: Readonly<Record<string, MemberParser>>): (readonly [name: string, parse: MemberParser])[] {
  return Object.keys(members)
    .sort()
    .map((name) => [name, members[name] as MemberParser] as const)
}
