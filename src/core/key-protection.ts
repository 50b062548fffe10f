/** How a key is protected, as the token itself reported it; recorded in audit leaves and in the hybrid bundle. */
import { excerpt } from './bytes.ts'
import type { JsonObject, JsonValue } from './canonical-json.ts'
import { SealstoneError } from './errors.ts'
import { LIMITS } from './limits.ts'
import { describe, isJsonObject } from './strict-json.ts'

export type KeyOrigin = (typeof KEY_ORIGINS)[number]

export interface KeyProtection {
  /** File name of the PKCS#11 module, for example `libsofthsm2.so`. */
  readonly module: string
  readonly tokenModel: string
  /** As the token says it, or `sha256:` and a hash of it. */
  readonly tokenSerial: string
  /** The token's firmware version; absent in statements of older versions of Sealstone. */
  readonly firmware?: string
  /** Absent for a key that was made here. `imported`: its private part came from a file. `adopted`: it was in the token before. */
  readonly origin?: Exclude<KeyOrigin, 'generated'>
  /** Its private parts were made outside of the token and are also encrypted to offline recipients. */
  readonly recoverable?: true
  /** By whom the token says that it was validated, and how far (PKCS#11 3.2); absent where it says nothing. One to LIMITS.tokenValidations. */
  readonly validations?: readonly TokenValidation[]
  /** One entry per private key; one to three. */
  readonly halves: readonly HalfProtection[]
}

/** A validation of the token under FIPS 140 or Common Criteria, as the token tells it. */
export interface TokenValidation {
  /** What was validated. */
  readonly type: (typeof VALIDATION_TYPES)[number]
  readonly authority: (typeof VALIDATION_AUTHORITIES)[number]
  /** The security level of FIPS 140, or the evaluation assurance level of Common Criteria. */
  readonly level?: number
  /** Version of the standard, for example `3.0`. */
  readonly version?: string
  /** Identifier of the certificate, by which the authority can be asked. Printable ASCII. */
  readonly certificate?: string
}

export interface HalfProtection {
  readonly role: 'ml-dsa' | 'classical' | 'companion'
  /** `token`: the private key never leaves the token. `sealed`: encrypted under a key that never leaves it. */
  readonly location: 'token' | 'sealed'
  readonly sealing?: 'aes-256-gcm' | 'rsa-oaep'
  /** PKCS#11 CKA_SENSITIVE and its companions, as read back after the key was made; absent where the token did not say. */
  readonly sensitive?: boolean
  readonly extractable?: boolean
  readonly alwaysSensitive?: boolean
  readonly neverExtractable?: boolean
  readonly local?: boolean
}

/** Strict: unknown, missing or misspelt members are refused with FORMAT_INVALID. */
export function parseKeyProtection(value: JsonValue | undefined): KeyProtection {
  const object = asObject(value, 'key protection', MEMBERS)
  const halves = object.halves
  if (!Array.isArray(halves) || halves.length < 1 || halves.length > MAX_HALVES) {
    throw invalid(`key protection halves is ${describe(halves)}, want an array of 1 to ${MAX_HALVES}`)
  }
  const { recoverable } = object
  if (recoverable !== undefined && recoverable !== true) throw invalid(`recoverable is ${describe(recoverable)}, want true or nothing`)
  return {
    module: parseText(object, 'module'),
    tokenModel: parseText(object, 'tokenModel'),
    tokenSerial: parseText(object, 'tokenSerial'),
    ...(object.firmware === undefined ? {} : { firmware: parseText(object, 'firmware') }),
    ...(object.origin === undefined ? {} : { origin: parseChoice(object, 'origin', FOREIGN_ORIGINS) }),
    ...(recoverable === undefined ? {} : { recoverable }),
    ...(object.validations === undefined ? {} : { validations: parseValidations(object.validations) }),
    halves: (halves as readonly JsonValue[]).map(parseHalf),
  }
}

/** The JSON form; member order does not matter, canonical JSON sorts. */
export function keyProtectionJson(protection: KeyProtection): JsonObject {
  const { validations, halves, ...facts } = protection
  return {
    ...facts,
    ...(validations === undefined ? {} : { validations: validations.map((validation) => ({ ...validation })) }),
    halves: halves.map((half) => ({ ...half })),
  }
}

/** For people: `NIST CMVP certificate 4998, level 3, hardware, version 3.0`. */
export function describeValidation({ type, authority, level, version, certificate }: TokenValidation): string {
  return [
    `${AUTHORITY_NAMES[authority]}${certificate === undefined ? '' : ` certificate ${certificate}`}`,
    ...(level === undefined ? [] : [`level ${level}`]),
    ...(type === 'unspecified' ? [] : [type]),
    ...(version === undefined ? [] : [`version ${version}`]),
  ].join(', ')
}

/** For people: where it is, and what the token says of it; of a sealed half that is what it says of the key that seals it. */
export function describeHalf({ location, sealing, ...flags }: Omit<HalfProtection, 'role'>): string {
  const facts = ATTRIBUTES.flatMap((name) => (flags[name] === undefined ? [] : [FACTS[name][flags[name] ? 0 : 1]])).join(', ')
  if (location === 'token') return ['in the token', facts].filter(Boolean).join(', ')
  const sealed = `sealed by the token${sealing === undefined ? '' : ` (${sealing})`}`
  return facts === '' ? sealed : `${sealed}, by a key that is ${facts}`
}

function parseValidations(value: JsonValue): TokenValidation[] {
  if (!Array.isArray(value) || value.length < 1 || value.length > LIMITS.tokenValidations)
    throw invalid(`validations is ${describe(value)}, want an array of 1 to ${LIMITS.tokenValidations}`)
  return (value as readonly JsonValue[]).map(parseValidation)
}

function parseValidation(value: JsonValue): TokenValidation {
  const object = asObject(value, 'validation of the token', ['type', 'authority', 'level', 'version', 'certificate'])
  const { level, version, certificate } = object
  if (level !== undefined && !(typeof level === 'number' && Number.isSafeInteger(level) && level >= 0 && level <= LIMITS.validationLevel))
    throw invalid(`level is ${describe(level)}, want 0 to ${LIMITS.validationLevel}`)
  if (version !== undefined && !(typeof version === 'string' && /^\d{1,3}\.\d{1,3}$/.test(version)))
    throw invalid(`version is ${describe(version)}, want one like 3.0`)
  if (certificate !== undefined && !(typeof certificate === 'string' && certificate.length <= MAX_TEXT && /^[ -~]+$/.test(certificate)))
    throw invalid(`certificate is ${describe(certificate)}, want 1 to ${MAX_TEXT} characters of printable ASCII`)
  return {
    type: parseChoice(object, 'type', VALIDATION_TYPES),
    authority: parseChoice(object, 'authority', VALIDATION_AUTHORITIES),
    ...(level === undefined ? {} : { level }),
    ...(version === undefined ? {} : { version }),
    ...(certificate === undefined ? {} : { certificate }),
  }
}

function parseHalf(value: JsonValue): HalfProtection {
  const object = asObject(value, 'protection of a half', ['role', 'location', 'sealing', ...ATTRIBUTES])
  const half: { -readonly [Name in keyof HalfProtection]: HalfProtection[Name] } = {
    role: parseChoice(object, 'role', ROLES),
    location: parseChoice(object, 'location', LOCATIONS),
  }
  if (object.sealing !== undefined) half.sealing = parseChoice(object, 'sealing', SEALINGS)
  for (const name of ATTRIBUTES) {
    const attribute = object[name]
    if (attribute === undefined) continue
    if (typeof attribute !== 'boolean') throw invalid(`${name} is ${describe(attribute)}, want true or false`)
    half[name] = attribute
  }
  return half
}

function asObject(value: JsonValue | undefined, what: string, members: readonly string[]): JsonObject {
  if (!isJsonObject(value)) throw invalid(`${what} is ${describe(value)}, want an object`)
  const stray = Object.keys(value).find((name) => !members.includes(name))
  if (stray !== undefined) throw invalid(`${what} has an unknown member ${excerpt(stray)}`)
  return value
}

function parseText(object: JsonObject, name: string): string {
  const text = object[name]
  if (typeof text !== 'string' || text.length > MAX_TEXT)
    throw invalid(`${name} is ${describe(text)}, want a string of at most ${MAX_TEXT} characters`)
  return text
}

function parseChoice<Choice extends string>(object: JsonObject, name: string, choices: readonly Choice[]): Choice {
  const found = choices.find((choice) => choice === object[name])
  if (found === undefined) throw invalid(`${name} is ${JSON.stringify(object[name]) ?? 'missing'}, want one of ${choices.join(', ')}`)
  return found
}

function invalid(message: string): SealstoneError {
  return new SealstoneError('FORMAT_INVALID', message)
}

export const KEY_ORIGINS = ['generated', 'imported', 'adopted'] as const
/** CKV_TYPE_… and CKV_AUTHORITY_TYPE_… of PKCS#11 3.2, in the order of their numbers. */
export const VALIDATION_TYPES = ['unspecified', 'software', 'hardware', 'firmware', 'hybrid'] as const
export const VALIDATION_AUTHORITIES = ['unspecified', 'nist-cmvp', 'common-criteria'] as const
const AUTHORITY_NAMES = { unspecified: 'no named authority', 'nist-cmvp': 'NIST CMVP', 'common-criteria': 'Common Criteria' } as const
const MEMBERS = ['module', 'tokenModel', 'tokenSerial', 'firmware', 'origin', 'recoverable', 'validations', 'halves']
const FOREIGN_ORIGINS = ['imported', 'adopted'] as const
const ROLES = ['ml-dsa', 'classical', 'companion'] as const
const LOCATIONS = ['token', 'sealed'] as const
const SEALINGS = ['aes-256-gcm', 'rsa-oaep'] as const
const ATTRIBUTES = ['sensitive', 'extractable', 'alwaysSensitive', 'neverExtractable', 'local'] as const
/** Each when it is true, and when it is not. */
const FACTS: Readonly<Record<(typeof ATTRIBUTES)[number], readonly [string, string]>> = {
  sensitive: ['sensitive', 'not sensitive'],
  extractable: ['extractable', 'not extractable'],
  alwaysSensitive: ['always sensitive', 'not always sensitive'],
  neverExtractable: ['never extractable', 'once extractable'],
  local: ['made in the token', 'not made in the token'],
}
const MAX_HALVES = 3
const MAX_TEXT = LIMITS.protectionText
