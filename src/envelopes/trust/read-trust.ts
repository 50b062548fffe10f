/** Reads the members of a trust file into the house: closed, bounded, nothing there twice. */
import {
  describe,
  excerpt,
  type JsonObject,
  type JsonValue,
  KEY_ORIGINS,
  KEY_STATES,
  type KeyTimes,
  LIMITS,
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
import { findSuite, parsePublicKey } from '#suites'
import { type LogVerifierKey, parseVerifierKey, parseWitness, refuseDoubleWitnesses } from '#tlog'
import { keyFingerprint } from './key-fingerprint.ts'
import { type TrustedKey, type TrustedPolicy, type TrustedPublicKey, type TrustFile } from './trust-file.ts'

/** Of a document whose signatures were looked at; strict. Throws FORMAT_INVALID, TRUST_INVALID, SUITE_UNKNOWN or KEY_INVALID. */
export function parseTrustJson(document: JsonObject): TrustFile {
  if (document['version'] !== 2) throw invalid(`version is ${excerpt(JSON.stringify(document['version']) ?? 'missing')}, want 2`)
  readObject(document, 'trust file', ['version', 'serial', 'issuedAt', 'expiresAt', 'log', 'keys', 'policies'])
  const keys = readArray(document, 'keys', 0, LIMITS.keyVersions).map(parseKey)
  refuseDoubles(keys)
  const policies = readArray(document, 'policies', 0, LIMITS.keyVersions).map(parsePolicy)
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

const TIMED_STATES = KEY_STATES.filter((state) => state !== 'pre-active')
const OPTIONAL_MEMBERS = ['companion', 'times', 'origin', 'notBefore', 'notAfter', 'reason']
const MAX_WITNESSES = 24 // with two lines each below the 64 that a note may have
const MAX_AUTHORITIES = 8
const MAX_CERTIFICATE_BYTES = 16_384
const MAX_REASON = 1024
