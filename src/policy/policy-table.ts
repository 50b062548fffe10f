/** The allow table of the configuration: parsed strictly, because a misspelt rule that is ignored would be a rule that nobody sees missing. */
import { excerpt, SealstoneError } from '#core'
import { isSpiffe } from './identity.ts'

export type OperationName = (typeof OPERATION_NAMES)[number]

export interface PolicyRule {
  /** `local`, a SPIFFE ID or a DNS name; `*` stands for any text. */
  readonly identity: string
  readonly operations: readonly (OperationName | '*')[]
  /** Patterns of key names. Empty only if no operation of the rule is about keys. */
  readonly keys: readonly string[]
  /** For `sign`: every digest of a manifest must have been computed by the daemon (HashService), not asserted by the caller. */
  readonly digests?: 'daemon'
}

export type PolicyTable = readonly PolicyRule[]

/** @param value the array `policy.allow`, as a TOML or JSON reader gives it. Throws CONFIG_INVALID and names the rule and the member. */
export function parsePolicyTable(value: unknown): PolicyTable {
  if (!Array.isArray(value)) throw invalid('policy.allow', 'is not a list of rules')
  if (value.length > MAX_RULES) throw invalid('policy.allow', `has ${value.length} rules, want at most ${MAX_RULES}`)
  return value.map((rule: unknown, index) => parseRule(rule, `policy.allow[${index}]`))
}

function parseRule(value: unknown, where: string): PolicyRule {
  if (!isRecord(value)) throw invalid(where, 'is not a table')
  const stray = Object.keys(value).find((name) => !MEMBERS.includes(name))
  if (stray !== undefined) throw invalid(where, `has an unknown member ${excerpt(stray)}, want ${MEMBERS.join(', ')}`)
  const operations = parseTexts(value['operations'], `${where}.operations`).map((name) => parseOperation(name, `${where}.operations`))
  if (operations.length === 0) throw invalid(`${where}.operations`, 'is empty')
  const keys =
    value['keys'] === undefined ? [] : parseTexts(value['keys'], `${where}.keys`).map((pattern) => parseKeyPattern(pattern, `${where}.keys`))
  const aboutKeys = operations.find((name) => name === '*' || !KEYLESS_OPERATIONS.includes(name))
  if (aboutKeys !== undefined && keys.length === 0) throw invalid(`${where}.keys`, `is empty, but ${excerpt(aboutKeys)} is about keys`)
  const { digests } = value
  if (digests !== undefined && digests !== 'daemon') throw invalid(`${where}.digests`, 'is not "daemon"')
  if (digests !== undefined && !operations.includes('sign')) throw invalid(`${where}.digests`, 'is there, but the rule does not name sign')
  return { identity: parseIdentityPattern(value['identity'], `${where}.identity`), operations, keys, ...(digests === undefined ? {} : { digests }) }
}

function parseOperation(name: string, where: string): OperationName | '*' {
  const found = (['*', ...OPERATION_NAMES] as const).find((known) => known === name)
  if (found === undefined) throw invalid(where, `has ${excerpt(name)}, want ${OPERATION_NAMES.join(', ')} or *`)
  return found
}

function parseKeyPattern(pattern: string, where: string): string {
  if (!/^[a-z0-9*-]{1,63}$/.test(pattern)) throw invalid(where, `has ${excerpt(pattern)}, want a key name in which * stands for any text`)
  return pattern
}

function parseIdentityPattern(value: unknown, where: string): string {
  if (typeof value !== 'string' || !/^[\x21-\x7e]{1,2048}$/.test(value))
    throw invalid(where, 'is not a text of 1 to 2,048 printable ASCII characters')
  if (!isSpiffe(value)) return value
  const [trustDomain = ''] = value.slice('spiffe://'.length).split('/')
  // `spiffe://*/publisher` would trust whoever runs any trust domain that the CA file happens to hold.
  if (trustDomain === '' || trustDomain.includes('*')) throw invalid(where, `is ${excerpt(value)}, want a trust domain without *`)
  return value
}

function parseTexts(value: unknown, where: string): string[] {
  if (!Array.isArray(value) || value.length > MAX_TEXTS || !value.every((item) => typeof item === 'string')) {
    throw invalid(where, `is not a list of at most ${MAX_TEXTS} texts`)
  }
  return value
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalid(where: string, what: string): SealstoneError {
  return new SealstoneError('CONFIG_INVALID', `${where} ${what}`)
}

export const OPERATION_NAMES = [
  'sign',
  'verify',
  'audit.read',
  'audit.record',
  'audit.archive',
  'hash.stream',
  'hash.path',
  'keys.read',
  'keys.create',
  'keys.rotate',
  'keys.enable',
  'keys.disable',
  'keys.retire',
  'keys.compromise',
  'keys.destroy',
  'keys.policy',
  'keys.adopt',
  'keys.import',
  'keys.certify',
  'keys.rewrap',
  'keys.backup',
  'keys.restore',
] as const
/** Where the rule's keys do not matter. */
export const KEYLESS_OPERATIONS: readonly OperationName[] = ['verify', 'audit.read', 'audit.record', 'audit.archive', 'hash.stream', 'hash.path']
const MEMBERS = ['identity', 'operations', 'keys', 'digests']
const MAX_RULES = 10_000
const MAX_TEXTS = 1000
