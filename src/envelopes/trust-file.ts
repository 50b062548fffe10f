/** The trust file: whose keys a verifier believes, in which state each version is, and the two keys of the audit log. docs/trust-file.schema.json */
import {
  excerpt,
  type JsonObject,
  type JsonValue,
  type KeyName,
  LIMITS,
  parseKeyName,
  parseStrictObject,
  readArray,
  readBytes,
  readChoice,
  readObject,
  readText,
  readWholeNumber,
  SealstoneError,
  toBase64,
  toSealstoneError,
  utf8,
} from '#core'
import { findSuite, parsePublicKey, type SuiteId } from '#suites'
import { parseVerifierKey } from '#tlog'
import { keyFingerprint } from './sha256.ts'

/** SP 800-57 part 1 §7. */
export type KeyState = (typeof KEY_STATES)[number]

export interface TrustFile {
  readonly version: 1
  readonly log: {
    readonly origin: string
    /** Two vkeys: one Ed25519, one ML-DSA-44, both with the origin as their name. */
    readonly keys: readonly string[]
  }
  /** One entry a key version. */
  readonly keys: readonly TrustedKey[]
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
}

export type KeyTimes = { readonly [State in Exclude<KeyState, 'pre-active'>]?: string }

export function writeTrustFile(trust: TrustFile): Uint8Array {
  const document: JsonObject = {
    version: trust.version,
    log: { origin: trust.log.origin, keys: trust.log.keys },
    keys: trust.keys.map(({ name, version, suite, spki, companion, state, times }) => ({
      name,
      version,
      suite,
      spki: toBase64(spki),
      ...(companion === undefined ? {} : { companion: { suite: companion.suite, spki: toBase64(companion.spki) } }),
      state,
      ...(times === undefined ? {} : { times: { ...times } }),
    })),
  }
  return utf8(`${JSON.stringify(document, undefined, 2)}\n`)
}

/** Strict. Throws TRUST_INVALID with the reason, whatever is wrong with it. */
export function parseTrustFile(bytes: Uint8Array): TrustFile {
  try {
    return parse(bytes)
  } catch (cause) {
    throw new SealstoneError('TRUST_INVALID', `trust file: ${toSealstoneError(cause).message}`, { cause })
  }
}

function parse(bytes: Uint8Array): TrustFile {
  const document = parseStrictObject(bytes, { maxBytes: LIMITS.trustFileBytes, maxDepth: 8, maxValues: 200_000 })
  if (document['version'] !== 1) throw invalid(`version is ${excerpt(JSON.stringify(document['version']) ?? 'missing')}, want 1`)
  readObject(document, 'trust file', ['version', 'log', 'keys'])
  const keys = readArray(document, 'keys', 0, MAX_KEYS).map(parseKey)
  refuseDoubles(keys)
  return { version: 1, log: parseLog(document['log']), keys }
}

function parseLog(value: JsonValue | undefined): TrustFile['log'] {
  const log = readObject(value, 'log', ['origin', 'keys'])
  const origin = readText(log, 'origin', 255)
  const keys = readArray(log, 'keys', 2, 2).map((text) => {
    if (typeof text !== 'string') throw invalid('a log key is not a string')
    return { text, key: parseVerifierKey(text) }
  })
  const stranger = keys.find(({ key }) => key.name !== origin)
  if (stranger !== undefined) throw invalid(`log key is named ${excerpt(stranger.key.name)}, want the origin ${excerpt(origin)}`)
  if (new Set(keys.map(({ key }) => key.type)).size !== 2) throw invalid('log keys are of one type, want one Ed25519 and one ML-DSA-44 key')
  return { origin, keys: keys.map(({ text }) => text) }
}

function parseKey(value: JsonValue): TrustedKey {
  const key = readObject(value, 'key', ['name', 'version', 'suite', 'spki', 'state'], ['companion', 'times'])
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
  for (const [state, time] of Object.entries(times)) {
    const parsed = typeof time === 'string' ? new Date(time) : undefined
    if (parsed === undefined || Number.isNaN(parsed.getTime()) || parsed.toISOString() !== time || !/^\d{4}-/.test(time)) {
      throw invalid(`time of ${state} is ${excerpt(JSON.stringify(time))}, want RFC 3339 in UTC with milliseconds`)
    }
  }
  return times
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
const MAX_KEYS = 10_000
