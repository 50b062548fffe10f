/** The members of a leaf: what each may hold. Whatever else comes is no leaf. */
import {
  describe,
  excerpt,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  LIMITS,
  parseIdentity,
  parseKeyName,
  parseKeyProtection,
  parseOperationId,
  SealstoneError,
} from '#core'
import type { Leaf, LeafSignature, LeafVerifications } from './leaf.ts'

type MemberParser = (value: JsonValue, name: string) => unknown

/** Parsers by name, in the order of the names. */
type Members = readonly (readonly [name: string, parse: MemberParser])[]

/** Absent ones, and those that are undefined, are left out. */
export function checkMembers(object: JsonObject, members: Members, what: string): Record<string, unknown> {
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
  if (typeof value !== 'string' || !isLeafTime(value)) throw invalid(`${name} is ${show(value)}, want RFC 3339 in UTC with milliseconds`)
  return value
}

/** RFC 3339, UTC, milliseconds, in the calendar. */
export function isLeafTime(text: string): boolean {
  const parsed = new Date(text)
  return text.length === TIME_LENGTH && !Number.isNaN(parsed.getTime()) && parsed.toISOString() === text
}

/** 1 to `most` objects with these members; of them only the `optional` ones may be absent. */
function objects(members: Readonly<Record<string, MemberParser>>, most: number, optional: readonly string[] = []): MemberParser {
  const parsers = sorted(members)
  const needed = Object.keys(members).filter((member) => !optional.includes(member))
  return (value, name) => {
    if (!Array.isArray(value) || value.length < 1 || value.length > most) throw invalid(`${name} is ${describe(value)}, want 1 to ${most}`)
    return (value as readonly JsonValue[]).map((item) => {
      if (!isJsonObject(item)) throw invalid(`one of ${name} is ${describe(item)}, want an object`)
      for (const member of needed) if (item[member] === undefined) throw invalid(`one of ${name} has no ${member}`)
      return checkMembers(item, parsers, `one of ${name}`)
    })
  }
}

function show(value: JsonValue | undefined): string {
  return typeof value === 'string' ? excerpt(value) : typeof value === 'number' ? String(value) : describe(value)
}

export function invalid(message: string): SealstoneError {
  return new SealstoneError('FORMAT_INVALID', message)
}

/** What the reader of the log meets; docs/audit-log.md says what each means. */
export const LEAF_KINDS = [
  'log-start',
  'intent',
  'outcome',
  'refused',
  'key-created',
  'daemon-start',
  'daemon-stop',
  'recovery',
  'verify',
  'verify-summary',
  'login-refused',
  'config-changed',
  'crash-found',
  'clock-step',
  'log-export',
  'decision',
] as const
/** What a caller may tell that it decided about, and what it may have decided. */
export const DECIDED_OPERATIONS = ['mcp.connect', 'mcp.approve', 'mcp.call', 'model.run'] as const
export const DECISIONS = ['allowed', 'warned', 'blocked'] as const
export const MAX_SIGNATURES = 8
/** With the longest identities they still fit into a leaf. */
export const MAX_VERIFICATIONS = 16
// A year of more than four digits has a sign before it, and would sort before all others.
const TIME_LENGTH = '2026-01-31T12:00:00.000Z'.length
const DIGEST = text(71, /^sha256:[0-9a-f]{64}$/)
const SUITE = text(64, /^[A-Za-z0-9][A-Za-z0-9.-]*$/)
const SIGNATURE_MEMBERS: Record<keyof LeafSignature, MemberParser> = {
  role: choice(['hybrid', 'companion']),
  suite: SUITE,
  keyFingerprint: text(64, /^[0-9a-f]{64}$/),
  digest: DIGEST,
}
const VERIFICATION_MEMBERS: Record<keyof LeafVerifications, MemberParser> = {
  caller: named(parseIdentity),
  key: named(parseKeyName),
  result: choice(['ok', 'error']),
  count: count(1),
}
const MEMBERS: Record<keyof Leaf, MemberParser> = {
  version: choice([1]),
  time,
  run: text(8, /^[0-9a-f]{8}$/),
  uptimeMs: count(0),
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
  signatures: objects(SIGNATURE_MEMBERS, MAX_SIGNATURES),
  resourceCount: count(0),
  digestSource: choice(['daemon', 'caller', 'mixed']),
  cachedDigests: count(1),
  oldestCachedDigest: time,
  result: choice(['ok', 'error', 'unknown']),
  errorCode: text(64, /^[A-Z][A-Z0-9_]*$/),
  reason: text(4096),
  keyProtection: parseKeyProtection,
  policyRule: count(0),
  policyDigest: DIGEST,
  configDigest: DIGEST,
  previousConfigDigest: DIGEST,
  clockStepMs: count(Number.MIN_SAFE_INTEGER),
  certificateDigest: DIGEST,
  count: count(1),
  decision: choice(DECISIONS),
  verifications: objects(VERIFICATION_MEMBERS, MAX_VERIFICATIONS, ['key']),
}
export const LEAF_MEMBERS = sorted(MEMBERS)

// RFC 8785 §3.2.3 sorts by UTF-16 code units, as `sort` does.
function sorted(members: Readonly<Record<string, MemberParser>>): Members {
  return Object.keys(members)
    .sort()
    .map((name) => [name, members[name] as MemberParser] as const)
}
