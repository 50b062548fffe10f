/** The settings of `config.toml` by their dotted names: which there are, and each read with its type, range and default. */
import { closest } from 'fastest-levenshtein'
import { parse } from 'smol-toml'
import { excerpt, type JsonValue, SealstoneError } from '#core'

export const CONFIG_FILE = 'config.toml'

/** By their dotted names; an unknown one is refused. Throws CONFIG_INVALID. */
export function readSettings(text: string): Map<string, unknown> {
  const settings = flatten(parseToml(text))
  refuseUnknown(settings)
  return settings
}

function parseToml(text: string): Record<string, unknown> {
  try {
    return parse(text)
  } catch (cause) {
    const message = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause)
    throw new SealstoneError('CONFIG_INVALID', `${CONFIG_FILE} is not valid TOML: ${message}`, { cause })
  }
}

/** Nested tables as dotted names; an array of tables stays one value, and so does an empty table of another name than ours. */
function flatten(table: Record<string, unknown>, prefix = ''): Map<string, unknown> {
  const settings = new Map<string, unknown>()
  for (const [name, value] of Object.entries(table)) {
    const path = prefix + name
    const inner =
      typeof value === 'object' && value !== null && !Array.isArray(value) ? flatten(value as Record<string, unknown>, `${path}.`) : undefined
    if (inner === undefined || (inner.size === 0 && !KNOWN_NAMES.some((known) => known.startsWith(`${path}.`)))) settings.set(path, value)
    for (const [innerName, innerValue] of inner ?? []) settings.set(innerName, innerValue)
  }
  return settings
}

function refuseUnknown(settings: Map<string, unknown>): void {
  for (const name of settings.keys()) {
    if ((SETTINGS as readonly string[]).includes(name) || name.startsWith(TOKEN_ENV)) continue
    throw new SealstoneError('CONFIG_INVALID', `unknown setting ${excerpt(name)} in ${CONFIG_FILE}`, {
      hint: `did you mean ${closest(name, SETTINGS)}?`,
    })
  }
}

export class SettingReader {
  readonly #settings: Map<string, unknown>
  readonly #atDefault = new Set<string>()

  constructor(settings: Map<string, unknown>) {
    this.#settings = settings
  }

  /** Ask for it when everything was read. */
  get changed(): Record<string, JsonValue> {
    // What TOML has beyond JSON, such as dates, no setting takes.
    return Object.fromEntries([...this.#settings].filter(([name]) => !this.#atDefault.has(name))) as Record<string, JsonValue>
  }

  /** The settings under a prefix, by the rest of their names. */
  open(prefix: string): Map<string, unknown> {
    return new Map([...this.#settings].filter(([name]) => name.startsWith(prefix)).map(([name, value]) => [name.slice(prefix.length), value]))
  }

  text(name: Setting): string {
    const value = this.optionalText(name)
    if (value === undefined) throw new SealstoneError('CONFIG_INVALID', `setting ${name} is missing in ${CONFIG_FILE}`)
    return value
  }

  optionalText(name: Setting): string | undefined {
    const value = this.#settings.get(name)
    if (value === undefined) return undefined
    if (typeof value !== 'string' || value === '')
      throw new SealstoneError('CONFIG_INVALID', `setting ${name} is ${show(value)}, want a text in quotes`)
    return value
  }

  texts(name: Setting): readonly string[] {
    const value = this.#settings.get(name) ?? []
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string'))
      throw new SealstoneError('CONFIG_INVALID', `setting ${name} is ${show(value)}, want a list of texts`)
    return value
  }

  wholeNumber(name: Setting, fallback: number, least: number, most: number): number {
    const value = this.#settings.get(name) ?? fallback
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
      throw new SealstoneError('CONFIG_INVALID', `setting ${name} is ${show(value)}, want a whole number from ${least} to ${most}`)
    }
    if (value === fallback) this.#atDefault.add(name)
    return value
  }

  fraction(name: Setting, fallback: number): number {
    const value = this.#settings.get(name) ?? fallback
    if (typeof value !== 'number' || !(value >= 0 && value <= 1))
      throw new SealstoneError('CONFIG_INVALID', `setting ${name} is ${show(value)}, want a number from 0 to 1`)
    if (value === fallback) this.#atDefault.add(name)
    return value
  }

  flag(name: Setting, fallback: boolean): boolean {
    const value = this.#settings.get(name) ?? fallback
    if (typeof value !== 'boolean') throw new SealstoneError('CONFIG_INVALID', `setting ${name} is ${show(value)}, want true or false`)
    if (value === fallback) this.#atDefault.add(name)
    return value
  }

  oneOf<Choice extends string>(name: Setting, choices: readonly Choice[], fallback: Choice): Choice {
    const value = this.#settings.get(name) ?? fallback
    const choice = choices.find((known) => known === value)
    if (choice === undefined) throw new SealstoneError('CONFIG_INVALID', `setting ${name} is ${show(value)}, want one of ${choices.join(', ')}`)
    if (choice === fallback) this.#atDefault.add(name)
    return choice
  }
}

export function show(value: unknown): string {
  return typeof value === 'bigint' ? String(value) : JSON.stringify(value)
}

type Setting = (typeof SETTINGS)[number]

const SETTINGS = [
  'token.uri',
  'token.serial',
  'listen.socket',
  'listen.tls.address',
  'listen.tls.certificate',
  'listen.tls.private_key',
  'listen.tls.client_ca',
  'hash.socket',
  'hash.tls_address',
  'hash.roots',
  'hash.streams_per_caller',
  'hash.resume_minutes',
  'hash.idle_seconds',
  'audit.origin',
  'audit.answer_retention_hours',
  'audit.listen',
  'audit.certificate',
  'audit.private_key',
  'audit.publish',
  'audit.cold',
  'audit.pseudonyms',
  'audit.verify_sample',
  'audit.verify_summary_seconds',
  'audit.check_hours',
  'audit.witness',
  'audit.witness_quorum',
  'audit.witness_wait_ms',
  'audit.timestamps.url',
  'audit.timestamps.ca',
  'audit.timestamps.every',
  'audit.timestamps.name',
  'audit.timestamps.digest',
  'trust.valid_days',
  'trust.witness_quorum',
  'keys.canary_seconds',
  'keys.destroy_wait_hours',
  'key_host.children',
  'key_host.keep_keys_ms',
  'recovery.recipients',
  'serve.queue_ms',
  'metrics.listen',
  'console.listen',
  'console.certificate',
  'console.private_key',
  'console.allow_plain_http',
  'console.hosts',
  'traces.endpoint',
  'traces.sample_ratio',
  'traces.headers_file',
  'logs.endpoint',
  'logs.headers_file',
  'serve.drain_seconds',
  'log.level',
  'policy.allow',
] as const

export const TOKEN_ENV = 'token.env.'
const KNOWN_NAMES = [...SETTINGS, TOKEN_ENV]
