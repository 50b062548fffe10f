/** Rules of a monitor: a small TOML file, closed, every rule checked before the watch begins. docs/audit-guide.md is the table for users. */
import { closest } from 'fastest-levenshtein'
import { parse } from 'smol-toml'
import { excerpt, SealstoneError } from '#core'
import { LEAF_KINDS } from '#tlog'
import { SEVERITIES, type Severity } from './alert.ts'
import { parseDuration } from './duration.ts'
import { type Hours, parseHours } from './hours.ts'

export interface Rule {
  readonly name: string
  readonly severity: Severity
  /** Members of the leaf and the patterns that each must match; `*` stands for any text. */
  readonly patterns: Readonly<Partial<Record<RuleMember, string>>>
  readonly outsideHours?: Hours
  readonly frequency?: { readonly moreThan: number; readonly withinMs: number }
}

export type RuleMember = (typeof MEMBERS)[number]

/** Throws CONFIG_INVALID naming the rule and what is wrong with it. */
export function parseRules(text: string): Rule[] {
  const { rule: rules, ...rest } = parseToml(text)
  const [stray] = Object.keys(rest)
  if (stray !== undefined) throw invalid(`unknown setting ${excerpt(stray)}, want [[rule]] tables`)
  if (!Array.isArray(rules) || rules.length > MAX_RULES) throw invalid(`want 1 to ${MAX_RULES} [[rule]] tables`)
  const parsed = rules.map((rule, at) => parseRule(rule as Readonly<Record<string, unknown>>, at + 1))
  const doubled = parsed.find(({ name }, at) => parsed.findIndex((other) => other.name === name) !== at)
  if (doubled !== undefined) throw invalid(`two rules are named ${excerpt(doubled.name)}`)
  return parsed
}

function parseRule(table: Readonly<Record<string, unknown>>, place: number): Rule {
  const stray = Object.keys(table).find((name) => !SETTINGS.includes(name))
  if (stray !== undefined) throw invalid(`rule ${place} has an unknown setting ${excerpt(stray)}`, `did you mean ${closest(stray, SETTINGS)}?`)
  const name = readText(table, 'name', place)
  if (name === undefined) throw invalid(`rule ${place} has no name`)
  const patterns = Object.fromEntries(
    MEMBERS.map((member) => [member, readText(table, member, place)] as const).filter(([, text]) => text !== undefined),
  )
  const kind = patterns['kind']
  if (kind !== undefined && !(LEAF_KINDS as readonly string[]).includes(kind))
    throw invalid(`kind of rule ${excerpt(name)} is ${excerpt(kind)}, want one of ${LEAF_KINDS.join(', ')}`)
  const severity = SEVERITIES.find((choice) => choice === (table['severity'] ?? 'warning'))
  if (severity === undefined) throw invalid(`severity of rule ${excerpt(name)} is ${show(table['severity'])}, want one of ${SEVERITIES.join(', ')}`)
  const hours = readText(table, 'outside_hours', place)
  const frequency = readFrequency(table, name, place)
  return {
    name,
    severity,
    patterns,
    ...(hours === undefined ? {} : { outsideHours: within(name, () => parseHours(hours)) }),
    ...(frequency === undefined ? {} : { frequency }),
  }
}

function readFrequency(table: Readonly<Record<string, unknown>>, name: string, place: number): Rule['frequency'] {
  const moreThan = table['more_than']
  const span = readText(table, 'within', place)
  if (moreThan === undefined && span === undefined) return undefined
  if (moreThan === undefined || span === undefined) throw invalid(`rule ${excerpt(name)} has one of more_than and within, want both or none`)
  if (typeof moreThan !== 'number' || !Number.isInteger(moreThan) || moreThan < 0 || moreThan > MAX_COUNT)
    throw invalid(`more_than of rule ${excerpt(name)} is ${show(moreThan)}, want a whole number from 0 to ${MAX_COUNT}`)
  return { moreThan, withinMs: within(name, () => parseDuration(span, 'within')) }
}

function readText(table: Readonly<Record<string, unknown>>, setting: string, place: number): string | undefined {
  const value = table[setting]
  if (value === undefined) return undefined
  if (typeof value !== 'string' || value === '' || value.length > MAX_TEXT)
    throw invalid(`${setting} of rule ${place} is ${show(value)}, want a text of 1 to ${MAX_TEXT} characters in quotes`)
  return value
}

function within<Value>(name: string, read: () => Value): Value {
  try {
    return read()
  } catch (cause) {
    throw new SealstoneError('CONFIG_INVALID', `rule ${excerpt(name)}: ${(cause as Error).message}`, { cause, hint: HINT })
  }
}

function parseToml(text: string): Record<string, unknown> {
  try {
    return parse(text)
  } catch (cause) {
    const message = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause)
    throw new SealstoneError('CONFIG_INVALID', `the rules are not valid TOML: ${message}`, { cause, hint: HINT })
  }
}

function show(value: unknown): string {
  return typeof value === 'bigint' ? String(value) : excerpt(JSON.stringify(value) ?? 'missing')
}

function invalid(message: string, hint = HINT): SealstoneError {
  return new SealstoneError('CONFIG_INVALID', message, { hint })
}

const HINT = 'correct the file of rules; docs/audit-guide.md shows one'
const MEMBERS = ['kind', 'operation', 'key', 'caller', 'model', 'result', 'error', 'decision'] as const
const SETTINGS: readonly string[] = ['name', 'severity', ...MEMBERS, 'outside_hours', 'more_than', 'within']
const MAX_RULES = 100
const MAX_COUNT = 10_000
const MAX_TEXT = 1024
