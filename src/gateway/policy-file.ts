/** The policy file of a fleet of MCP servers: TOML, closed; each fault is told with its line or member. docs/mcp-manifests.md describes it. */
import { dirname, resolve } from 'node:path'
import { parse, TomlError } from 'smol-toml'
import { excerpt, LIMITS, matchesGlob, SealstoneError } from '#core'
import { UPSTREAM_LIMITS, type UpstreamLimits } from '#upstream'
import type { Mode } from './approval.ts'

export type ServerAddress = { readonly command: string; readonly args: readonly string[] } | { readonly url: string }

/** How one server is held to what was approved. */
export interface ServerRule {
  readonly mode: Mode
  /** Absolute path; without one the pin of the server counts. */
  readonly manifest?: string
  /** Absolute path of a trust file. */
  readonly trust?: string
  readonly require?: 'hybrid' | 'classical'
  readonly requireProtection?: 'token' | 'hsm'
  readonly limits: UpstreamLimits
}

/** A server in front of which one gateway stands together with others. */
export interface FleetServer {
  /** In front of its tools: `files` makes `files__read`. */
  readonly name: string
  readonly address: ServerAddress
  /** Names of variables of our environment that it sees. */
  readonly env: readonly string[]
  /** Headers of requests to a URL, by name; the values are names of variables. */
  readonly headers: Readonly<Record<string, string>>
}

export interface GatewayPolicy {
  /** In the order of the file. */
  readonly servers: readonly FleetServer[]
  /** Rules that fit none of these servers, in words: a pattern that was mistyped holds nobody. */
  readonly warnings: readonly string[]
  /** The first rule whose pattern fits the command line or URL; without one the settings at the top of the file. */
  ruleFor(address: ServerAddress): ServerRule
}

/** @param path for messages, and what relative paths in the file are relative to. Throws CONFIG_INVALID, INPUT_TOO_LARGE. */
export function parsePolicy(text: string, path: string): GatewayPolicy {
  if (text.length > LIMITS.configFileBytes)
    throw new SealstoneError('INPUT_TOO_LARGE', `${path} is ${text.length} characters, want at most ${LIMITS.configFileBytes}`)
  const reader = new PolicyReader(path)
  const file = reader.toml(text)
  reader.known(file, '', ['version', 'rules', 'servers', ...RULE_MEMBERS])
  if (file['version'] !== 1) throw reader.fault('version', `is ${show(file['version'])}, want 1`)
  const base = reader.rule(file, '', { mode: 'enforce', limits: UPSTREAM_LIMITS })
  const rules = reader.list(file, 'rules').map((entry, index) => {
    const at = `rules[${index}]`
    const table = reader.table(entry, at)
    reader.known(table, at, ['match', 'manifest', ...RULE_MEMBERS])
    const manifest = reader.optional(table, at, 'manifest')
    return {
      match: reader.text(table['match'], `${at}.match`),
      rule: { ...reader.rule(table, at, base), ...(manifest === undefined ? {} : { manifest: reader.path(manifest) }) },
    }
  })
  reader.refuseHidden(rules.map(({ match }) => match))
  const servers = Object.entries(reader.table(file['servers'] ?? {}, 'servers')).map(([name, entry]) => reader.server(name, entry))
  const addresses = servers.map(({ address }) => addressText(address))
  const idle = [...rules.entries()].filter(([, { match }]) => !addresses.some((address) => matchesGlob(match, address)))
  return {
    servers,
    warnings: idle.map(([at, { match }]) => `rules[${at}].match in ${path} is ${excerpt(match)}, which fits none of the servers in the file`),
    ruleFor: (address) => rules.find(({ match }) => matchesGlob(match, addressText(address)))?.rule ?? base,
  }
}

/** What patterns are matched with: a URL, or a command line in which what holds spaces or quotes stands in quotes. */
export function addressText(address: ServerAddress): string {
  if ('url' in address) return address.url
  return [address.command, ...address.args].map((word) => (/^[^\s"'\\]+$/.test(word) ? word : JSON.stringify(word))).join(' ')
}

type Table = Readonly<Record<string, unknown>>

class PolicyReader {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  toml(text: string): Table {
    try {
      return parse(text)
    } catch (cause) {
      if (!(cause instanceof TomlError)) throw cause
      const [message = ''] = cause.message.split('\n')
      throw new SealstoneError('CONFIG_INVALID', `${this.#path} line ${cause.line}, column ${cause.column}: ${message}`, { cause, hint: HINT })
    }
  }

  /** @param at dotted name of the member, or of the table where the name follows */
  fault(at: string, message: string): SealstoneError {
    return new SealstoneError('CONFIG_INVALID', `${at} in ${this.#path} ${message}`, { hint: HINT })
  }

  known(table: Table, at: string, names: readonly string[]): void {
    const stray = Object.keys(table).find((name) => !names.includes(name))
    if (stray !== undefined) throw this.fault(at === '' ? excerpt(stray) : `${at}.${excerpt(stray)}`, `is not known, want one of ${names.join(', ')}`)
  }

  table(value: unknown, at: string): Table {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.fault(at, `is ${show(value)}, want a table`)
    return value as Table
  }

  list(table: Table, name: string): readonly unknown[] {
    const value = table[name] ?? []
    if (!Array.isArray(value)) throw this.fault(name, `is ${show(value)}, want a list of tables, each written [[${name}]]`)
    if (value.length > MOST_ENTRIES) throw this.fault(name, `has ${value.length} entries, want at most ${MOST_ENTRIES}`)
    return value as readonly unknown[]
  }

  text(value: unknown, at: string): string {
    if (typeof value !== 'string' || value === '') throw this.fault(at, `is ${show(value)}, want a text in quotes`)
    return value
  }

  /** The first rule that fits decides, so a rule behind one that fits wherever it does would never be used. */
  refuseHidden(patterns: readonly string[]): void {
    for (const [at, pattern] of patterns.entries()) {
      const before = patterns.slice(0, at).findIndex((earlier) => takesAll(earlier, pattern))
      if (before === -1) continue
      throw this.fault(
        `rules[${at}].match`,
        `is ${excerpt(pattern)} and never used: rules[${before}], ${excerpt(patterns[before] ?? '')}, takes all of it before`,
      )
    }
  }

  texts(value: unknown, at: string): readonly string[] {
    if (!Array.isArray(value)) throw this.fault(at, `is ${show(value)}, want a list of texts`)
    return value.map((entry, index) => {
      if (typeof entry !== 'string') throw this.fault(`${at}[${index}]`, `is ${show(entry)}, want a text in quotes`)
      return entry
    })
  }

  optional(table: Table, at: string, name: string): string | undefined {
    return table[name] === undefined ? undefined : this.text(table[name], member(at, name))
  }

  choice<Choice extends string>(table: Table, at: string, name: string, choices: readonly Choice[]): Choice | undefined {
    const value = table[name]
    if (value === undefined) return undefined
    const found = choices.find((choice) => choice === value)
    if (found === undefined) throw this.fault(member(at, name), `is ${show(value)}, want one of ${choices.join(', ')}`)
    return found
  }

  path(text: string): string {
    return resolve(dirname(this.#path), text)
  }

  rule(table: Table, at: string, base: ServerRule): ServerRule {
    const mode = this.choice(table, at, 'mode', ['off', 'warn', 'enforce'])
    const trust = this.optional(table, at, 'trust')
    const require = this.choice(table, at, 'require', ['hybrid', 'classical'])
    const requireProtection = this.choice(table, at, 'require_protection', ['token', 'hsm'])
    return {
      ...base,
      ...(mode === undefined ? {} : { mode }),
      ...(trust === undefined ? {} : { trust: this.path(trust) }),
      ...(require === undefined ? {} : { require }),
      ...(requireProtection === undefined ? {} : { requireProtection }),
      limits: this.limits(table['limits'] ?? {}, member(at, 'limits'), base.limits),
    }
  }

  limits(value: unknown, at: string, base: UpstreamLimits): UpstreamLimits {
    const table = this.table(value, at)
    this.known(table, at, Object.keys(LIMIT_NAMES))
    const read = Object.entries(table).map(([name, number]) => {
      const { limit, most } = LIMIT_NAMES[name as keyof typeof LIMIT_NAMES]
      if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 1 || number > most)
        throw this.fault(member(at, name), `is ${show(number)}, want a whole number from 1 to ${most}`)
      return [limit, number] as const
    })
    return { ...base, ...Object.fromEntries(read) }
  }

  server(name: string, entry: unknown): FleetServer {
    const at = `servers.${excerpt(name)}`
    // No underscore, so that the first two of them end the name.
    if (!/^[a-z][a-z0-9-]{0,31}$/.test(name)) throw this.fault(at, 'has a name that is not of 1 to 32 characters a–z, 0–9 and -, the first a letter')
    const table = this.table(entry, at)
    this.known(table, at, ['command', 'env', 'url', 'headers'])
    if ((table['command'] === undefined) === (table['url'] === undefined)) throw this.fault(at, 'wants either a command or a url')
    const env = this.texts(table['env'] ?? [], `${at}.env`)
    const headers = Object.entries(this.table(table['headers'] ?? {}, `${at}.headers`)).map(
      ([header, variable]) => [header, this.text(variable, `${at}.headers.${excerpt(header)}`)] as const,
    )
    if (table['url'] !== undefined) {
      if (env.length > 0) throw this.fault(`${at}.env`, 'is for a command, want headers')
      return { name, address: { url: this.text(table['url'], `${at}.url`) }, env, headers: Object.fromEntries(headers) }
    }
    if (headers.length > 0) throw this.fault(`${at}.headers`, 'is for a url, want env')
    const [command = '', ...args] = this.texts(table['command'], `${at}.command`)
    if (command === '') throw this.fault(`${at}.command`, 'is empty, want a list with the program and its arguments')
    return { name, address: { command, args }, env, headers: {} }
  }
}

/** Whatever fits `later` fits `earlier`: its `*` then stands also for a character that no pattern has. */
function takesAll(earlier: string, later: string): boolean {
  return !earlier.includes(UNUSED) && matchesGlob(earlier, later.replaceAll('*', UNUSED))
}

function member(at: string, name: string): string {
  return at === '' ? name : `${at}.${name}`
}

function show(value: unknown): string {
  if (value === undefined) return 'missing'
  if (typeof value === 'string') return excerpt(value)
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  return value instanceof Date ? 'a date' : 'a table'
}

const RULE_MEMBERS = ['mode', 'trust', 'require', 'require_protection', 'limits']
const UNUSED = '\u0000'
const MOST_ENTRIES = 1000
const HINT = 'correct it; docs/mcp-manifests.md describes the policy file'

/** As they are written, and up to what. They bound what somebody else's server makes us hold, so there is a bound on them too. */
const LIMIT_NAMES = {
  connect_ms: { limit: 'connectMs', most: 600_000 },
  request_ms: { limit: 'requestMs', most: 600_000 },
  offer_ms: { limit: 'offerMs', most: 600_000 },
  message_bytes: { limit: 'messageBytes', most: 64 * 1024 * 1024 },
  streamed_bytes: { limit: 'streamedBytes', most: 64 * 1024 * 1024 * 1024 },
  pages: { limit: 'pages', most: 10_000 },
  items: { limit: 'items', most: LIMITS.offerEntries },
  offer_bytes: { limit: 'offerBytes', most: 64 * 1024 * 1024 },
} as const satisfies Record<string, { readonly limit: keyof UpstreamLimits; readonly most: number }>
