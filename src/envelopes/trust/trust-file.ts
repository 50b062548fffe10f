/** The trust file: whose keys a verifier believes, in which state each version is, and the two keys of the audit log. docs/trust-file.schema.json */
import {
  describe,
  excerpt,
  type JsonObject,
  type JsonValue,
  KEY_ORIGINS,
  type KeyName,
  type KeyOrigin,
  parseKeyName,
  readArray,
  readBoolean,
  readBytes,
  readChoice,
  readObject,
  readText,
  readWholeNumber,
  SealstoneError,
  toBase64,
} from '#core'
import { findSuite, parsePublicKey, type SuiteId } from '#suites'
import { type LogVerifierKey, parseVerifierKey, parseWitness, refuseDoubleWitnesses } from '#tlog'
import { keyFingerprint } from './key-fingerprint.ts'

/** SP 800-57 part 1 §7. */
export type KeyState = (typeof KEY_STATES)[number]

export interface TrustFile {
  readonly version: 2
  /** Grows with every issue of this log's trust file; a smaller one is older. */
  readonly serial: number
  /** RFC 3339 in UTC. */
  readonly issuedAt: string
  /** It speaks for nobody from then on. */
  readonly expiresAt: string
  readonly log: {
    readonly origin: string
    /** Two vkeys: one Ed25519, one ML-DSA-44, both with the origin as their name. */
    readonly keys: readonly string[]
    /** Who cosigns its checkpoints (c2sp.org/tlog-witness). */
    readonly witnesses?: readonly TrustedWitness[]
    /** So many of them must have cosigned the checkpoint of a receipt; 0 or absent: none. */
    readonly quorum?: number
    /** Whose timestamps (RFC 3161) are believed. */
    readonly authorities?: readonly TrustedAuthority[]
  }
  /** One entry a key version. */
  readonly keys: readonly TrustedKey[]
  /** At most one entry a key name; a key without one has the defaults. */
  readonly policies: readonly TrustedPolicy[]
}

export interface TrustedWitness {
  readonly name: string
  /** One or two vkeys (types 04 and 06); it counts only with all of them. */
  readonly keys: readonly string[]
}

export interface TrustedAuthority {
  /** As it stands below checkpoints. */
  readonly name: string
  /** Certificates, DER in base64. */
  readonly roots: readonly string[]
}

export interface TrustedPublicKey {
  readonly suite: SuiteId
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array
}

export interface TrustedKey extends TrustedPublicKey {
  readonly name: KeyName
  /** 1 for the first one. */
  readonly version: number
  /** The classical key that signs `model.sig`. */
  readonly companion?: TrustedPublicKey
  readonly state: KeyState
  /** When the version came into each state; RFC 3339 in UTC. */
  readonly times?: KeyTimes
  readonly origin?: KeyOrigin
  /** RFC 3339 in UTC. */
  readonly notBefore?: string
  readonly notAfter?: string
  /** What the operator said at the last change of its state. */
  readonly reason?: string
}

export type KeyTimes = { readonly [State in Exclude<KeyState, 'pre-active'>]?: string }

export interface TrustedPolicy {
  readonly name: KeyName
  /** Older versions do not sign. Informs; what they signed is judged by their states. */
  readonly minSignVersion: number
  /** What older versions signed does not verify. */
  readonly minVerifyVersion: number
  readonly rotationDays?: number
  readonly deletionAllowed: boolean
}

/** The members that are signed: all but the signatures. */
export function trustJson(trust: TrustFile): JsonObject {
  const { version, serial, issuedAt, expiresAt, log } = trust
  return {
    version,
    serial,
    issuedAt,
    expiresAt,
    log: {
      origin: log.origin,
      keys: log.keys,
      ...(log.witnesses === undefined ? {} : { witnesses: log.witnesses.map(({ name, keys }) => ({ name, keys })) }),
      ...(log.quorum === undefined ? {} : { quorum: log.quorum }),
      ...(log.authorities === undefined ? {} : { authorities: log.authorities.map(({ name, roots }) => ({ name, roots })) }),
    },
    keys: trust.keys.map(({ spki, companion, times, ...key }) => ({
      ...key,
      spki: toBase64(spki),
      ...(companion === undefined ? {} : { companion: { suite: companion.suite, spki: toBase64(companion.spki) } }),
      ...(times === undefined ? {} : { times: { ...times } }),
    })),
    policies: trust.policies.map((policy) => ({ ...policy })),
  }
}

/** Of a document whose signatures were looked at; strict. Throws FORMAT_INVALID, TRUST_INVALID, SUITE_UNKNOWN or KEY_INVALID. */
export function parseTrustJson(document: JsonObject): TrustFile {
  if (document['version'] !== 2) throw invalid(`version is ${excerpt(JSON.stringify(document['version']) ?? 'missing')}, want 2`)
  readObject(document, 'trust file', ['version', 'serial', 'issuedAt', 'expiresAt', 'log', 'keys', 'policies'])
  const keys = readArray(document, 'keys', 0, MAX_KEYS).map(parseKey)
  refuseDoubles(keys)
  const policies = readArray(document, 'policies', 0, MAX_KEYS).map(parsePolicy)
  if (new Set(policies.map(({ name }) => name)).size !== policies.length) throw invalid('a key has two policies')
  return {
    version: 2,
    serial: readWholeNumber(document, 'serial', 1),
    issuedAt: readTime(document, 'issuedAt'),
    expiresAt: readTime(document, 'expiresAt'),
    log: parseLog(document['log']),
    keys,
    policies,
  }
}

function parseLog(value: JsonValue | undefined): TrustFile['log'] {
  const log = readObject(value, 'log', ['origin', 'keys'], ['witnesses', 'quorum', 'authorities'])
  const origin = readText(log, 'origin', 255)
  const keys = readArray(log, 'keys', 2, 2).map((text) => {
    if (typeof text !== 'string') throw invalid('a log key is not a string')
    return { text, key: parseVerifierKey(text) }
  })
  const stranger = keys.find(({ key }) => key.name !== origin)
  if (stranger !== undefined) throw invalid(`log key is named ${excerpt(stranger.key.name)}, want the origin ${excerpt(origin)}`)
  if (new Set(keys.map(({ key }) => key.type)).size !== 2) throw invalid('log keys are of one type, want one Ed25519 and one ML-DSA-44 key')
  return {
    origin,
    keys: keys.map(({ text }) => text),
    ...parseWitnesses(
      log,
      origin,
      keys.map(({ key }) => key),
    ),
    ...parseAuthorities(log),
  }
}

function parseAuthorities(log: JsonObject): Pick<TrustFile['log'], 'authorities'> {
  if (log['authorities'] === undefined) return {}
  const authorities = readArray(log, 'authorities', 1, MAX_AUTHORITIES).map((value) => {
    const entry = readObject(value, 'authority', ['name', 'roots'])
    const roots = readArray(entry, 'roots', 1, MAX_AUTHORITIES).map((root) => toBase64(readBytes({ root }, 'root', MAX_CERTIFICATE_BYTES)))
    return { name: readText(entry, 'name', 255), roots }
  })
  if (new Set(authorities.map(({ name }) => name)).size !== authorities.length) throw invalid('a timestamp authority is there twice')
  return { authorities }
}

function parseWitnesses(log: JsonObject, origin: string, logKeys: readonly LogVerifierKey[]): Pick<TrustFile['log'], 'witnesses' | 'quorum'> {
  const quorum = log['quorum'] === undefined ? undefined : readWholeNumber(log, 'quorum', 0)
  if (log['witnesses'] === undefined) {
    if (quorum !== undefined) throw invalid('there is a quorum and no witnesses')
    return {}
  }
  const parsed = readArray(log, 'witnesses', 1, MAX_WITNESSES).map((value) => {
    const entry = readObject(value, 'witness', ['name', 'keys'])
    const keys = readArray(entry, 'keys', 1, 2).map((key) => (typeof key === 'string' ? key : ''))
    const witness = parseWitness(keys)
    if (witness.name !== readText(entry, 'name', 255)) throw invalid(`keys of witness ${excerpt(witness.name)} are listed under another name`)
    return { witness, entry: { name: witness.name, keys } }
  })
  refuseDoubleWitnesses(
    parsed.map(({ witness }) => witness),
    { origin, keys: logKeys },
  )
  if (quorum !== undefined && quorum > parsed.length) throw invalid(`quorum is ${quorum}, there are ${parsed.length} witnesses`)
  return { witnesses: parsed.map(({ entry }) => entry), ...(quorum === undefined ? {} : { quorum }) }
}

function parseKey(value: JsonValue): TrustedKey {
  const key = readObject(value, 'key', ['name', 'version', 'suite', 'spki', 'state'], OPTIONAL_MEMBERS)
  const companion = key['companion'] === undefined ? undefined : parsePublicKeyEntry(readObject(key['companion'], 'companion', ['suite', 'spki']))
  if (companion !== undefined && findSuite(companion.suite).kind !== 'classical')
    throw invalid(`companion has suite ${companion.suite}, want a classical one`)
  return {
    name: parseKeyName(readText(key, 'name', 63)),
    version: readWholeNumber(key, 'version', 1),
    ...parsePublicKeyEntry(key),
    ...(companion === undefined ? {} : { companion }),
    state: readChoice(key, 'state', KEY_STATES),
    ...(key['times'] === undefined ? {} : { times: parseTimes(key['times']) }),
    ...(key['origin'] === undefined ? {} : { origin: readChoice(key, 'origin', KEY_ORIGINS) }),
    ...(key['notBefore'] === undefined ? {} : { notBefore: readTime(key, 'notBefore') }),
    ...(key['notAfter'] === undefined ? {} : { notAfter: readTime(key, 'notAfter') }),
    ...(key['reason'] === undefined ? {} : { reason: readText(key, 'reason', MAX_REASON) }),
  }
}

function parsePolicy(value: JsonValue): TrustedPolicy {
  const policy = readObject(value, 'policy', ['name', 'minSignVersion', 'minVerifyVersion', 'deletionAllowed'], ['rotationDays'])
  return {
    name: parseKeyName(readText(policy, 'name', 63)),
    minSignVersion: readWholeNumber(policy, 'minSignVersion', 1),
    minVerifyVersion: readWholeNumber(policy, 'minVerifyVersion', 1),
    ...(policy['rotationDays'] === undefined ? {} : { rotationDays: readWholeNumber(policy, 'rotationDays', 1) }),
    deletionAllowed: readBoolean(policy, 'deletionAllowed'),
  }
}

function parsePublicKeyEntry(object: JsonObject): TrustedPublicKey {
  const suite = findSuite(readText(object, 'suite', 64)).id
  const spki = readBytes(object, 'spki', 8192)
  const key = parsePublicKey(spki)
  if (key.suite.id !== suite) throw invalid(`suite is ${suite}, but the key is one of ${key.suite.id}`)
  return { suite, spki }
}

function parseTimes(value: JsonValue): KeyTimes {
  const times = readObject(value, 'times', [], TIMED_STATES)
  for (const state of Object.keys(times)) readTime(times, state)
  return times
}

function readTime(object: JsonObject, name: string): string {
  const time = object[name]
  const parsed = typeof time === 'string' ? new Date(time) : undefined
  if (parsed === undefined || Number.isNaN(parsed.getTime()) || parsed.toISOString() !== time || !/^\d{4}-/.test(time))
    throw invalid(`${name} is ${typeof time === 'string' ? excerpt(time) : describe(time)}, want RFC 3339 in UTC with milliseconds`)
  return time
}

/** One public key under two names would make it a matter of order who signed. */
function refuseDoubles(keys: readonly TrustedKey[]): void {
  const seen = new Set<string>()
  for (const key of keys) {
    for (const identity of [`${key.name} version ${key.version}`, ...[key, key.companion].filter((part) => part !== undefined).map(keyFingerprint)]) {
      if (seen.has(identity)) throw invalid(`${identity} is there twice`)
      seen.add(identity)
    }
  }
}

function invalid(message: string): SealstoneError {
  return new SealstoneError('TRUST_INVALID', message)
}

export const KEY_STATES = ['pre-active', 'active', 'suspended', 'deactivated', 'compromised', 'destroyed'] as const
const TIMED_STATES = KEY_STATES.filter((state) => state !== 'pre-active')
const OPTIONAL_MEMBERS = ['companion', 'times', 'origin', 'notBefore', 'notAfter', 'reason']
const MAX_WITNESSES = 24 // with two lines each below the 64 that a note may have
const MAX_AUTHORITIES = 8
const MAX_CERTIFICATE_BYTES = 16_384
const MAX_REASON = 1024
const MAX_KEYS = 10_000
