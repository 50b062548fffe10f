/** The configuration file: TOML, closed, every setting checked before anything starts. */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { defined, excerpt, type JsonValue, LIMITS, SealstoneError } from '#core'
import type { HttpAddress } from '#listeners'
import { parsePolicyTable, type PolicyTable } from '#policy'
import { parseRecipients } from './recovery-recipients.ts'
import { parseTimestampSettings, type TimestampSettings } from './timestamp-settings.ts'
import { CONFIG_FILE, readSettings, SettingReader, show, TOKEN_ENV } from './settings.ts'
import { type LogSettings, parseCollectorEndpoint, type TraceSettings } from './collector-settings.ts'
import { parseWitnessSettings, type WitnessSettings } from './witness-settings.ts'

export interface Config {
  readonly token: {
    /** RFC 7512. */
    readonly uri: string
    /** The environment of the PKCS#11 module, such as SOFTHSM2_CONF; it gets nothing else. */
    readonly env: Readonly<Record<string, string>>
    /** How receipts and reports name the token. */
    readonly serial: SerialForm
  }
  readonly listen: {
    /** Absolute path of the Unix socket. */
    readonly socket: string
    readonly tls?: {
      readonly host: string
      readonly port: number
      readonly certFile: string
      readonly keyFile: string
      readonly clientCaFile: string
    }
  }
  /** The data plane, where there is one. */
  readonly hash?: HashSettings
  /** Who may read the log from outside: whoever reaches an HTTP address, or a directory. */
  readonly publish: { readonly http?: HttpAddress; readonly directory?: string }
  readonly audit: AuditSettings
  /** Who cosigns the checkpoints, where that is wanted. */
  readonly witnesses?: WitnessSettings
  /** Who timestamps them. */
  readonly timestamps?: TimestampSettings
  /** How long a trust file is good for; a new one is issued at half of it. */
  readonly trustDays: number
  /** Between the request to destroy a key version and its end. */
  readonly destroyWaitHours: number
  /** What cannot be signed within so long is refused at once. */
  readonly queueMs: number
  /** Processes that sign; undefined: one less than the machine has cores. */
  readonly keyHostChildren: number | undefined
  /** How long an expanded ML-DSA key is kept after its last signature. */
  readonly keepKeysMs: number
  /** Between two tests of a key, the keys in turn. */
  readonly canarySeconds: number
  /** age recipients, `age1…` or `age1pq1…`, to whom the private parts of new keys are encrypted too. */
  readonly recoveryRecipients: readonly string[]
  /** Where Prometheus may fetch metrics: a loopback address. */
  readonly metrics?: { readonly host: string; readonly port: number }
  /** Where the review console is served. */
  readonly console?: ConsoleSettings
  /** Where traces are sent. */
  readonly traces?: TraceSettings
  /** Where the entries of the audit log are sent. */
  readonly logs?: LogSettings
  readonly drainSeconds: number
  readonly logLevel: LogLevel
  readonly policy: PolicyTable
  /** What the file sets to something else than the default, by the names of the settings; the same for two files that mean the same. */
  readonly changedSettings: Readonly<Record<string, JsonValue>>
}

export interface AuditSettings {
  readonly origin: string
  /** Directory of the leaves that were moved out of the database, absolute. */
  readonly cold?: string
  readonly answerRetentionHours: number
  /** Which part of the good verifications is told one by one, from 0 to 1. */
  readonly verifySample: number
  /** Whether callers are pseudonyms in the log. */
  readonly pseudonyms: (typeof PSEUDONYMS)[number]
  /** Between two leaves with the number of the others. */
  readonly verifySummarySeconds: number
  /** Between two checks of the whole log; 0: never. */
  readonly checkHours: number
}

export interface HashSettings {
  /** Absolute path of its Unix socket. */
  readonly socket?: string
  /** With the certificates of `listen.tls`. */
  readonly tlsAddress?: { readonly host: string; readonly port: number }
  /** The directories whose files may be hashed. */
  readonly roots: readonly string[]
  readonly streamsPerCaller: number
  /** How long a stream that broke can be taken up again. */
  readonly resumeMinutes: number
  /** A stream on which nothing comes for so long is ended. */
  readonly idleSeconds: number
}

export interface ConsoleSettings {
  readonly host: string
  readonly port: number
  readonly tls?: { readonly certFile: string; readonly keyFile: string }
  /** Plain HTTP on an address that others can reach. */
  readonly allowPlain: boolean
  /** Further names of it in browsers. */
  readonly hosts: readonly string[]
}

export type SerialForm = (typeof SERIAL_FORMS)[number]

export type LogLevel = (typeof LOG_LEVELS)[number]

/** Reads `config.toml` of a state directory. Relative paths are relative to that directory. Throws HOME_MISSING or CONFIG_INVALID. */
export function loadConfig(home: string): Config {
  return parseConfig(readConfigText(home), home)
}

export function parseConfig(text: string, home: string): Config {
  const settings = readSettings(text)
  const read = new SettingReader(settings)
  const metricsAddress = read.optionalText('metrics.listen')
  const tlsAddress = read.optionalText('listen.tls.address')
  const hash = hashSettings(read, home, tlsAddress !== undefined)
  const console = consoleSettings(read, home)
  const config = {
    token: { uri: read.text('token.uri'), env: moduleEnvironment(read.open(TOKEN_ENV)), serial: read.oneOf('token.serial', SERIAL_FORMS, 'plain') },
    listen: {
      socket: resolve(home, read.optionalText('listen.socket') ?? 'sealstone.sock'),
      ...(tlsAddress === undefined
        ? {}
        : {
            tls: {
              ...splitAddress(tlsAddress, 'listen.tls.address'),
              certFile: resolve(home, read.text('listen.tls.certificate')),
              keyFile: resolve(home, read.text('listen.tls.private_key')),
              clientCaFile: resolve(home, read.text('listen.tls.client_ca')),
            },
          }),
    },
    ...(hash === undefined ? {} : { hash }),
    publish: publishSettings(read, home),
    audit: {
      origin: read.text('audit.origin'),
      ...defined({ cold: absolute(home, read.optionalText('audit.cold')) }),
      answerRetentionHours: read.wholeNumber('audit.answer_retention_hours', 168, 1, 8760),
      verifySample: read.fraction('audit.verify_sample', 0),
      pseudonyms: read.oneOf('audit.pseudonyms', PSEUDONYMS, 'off'),
      verifySummarySeconds: read.wholeNumber('audit.verify_summary_seconds', 300, 1, 86_400),
      checkHours: read.wholeNumber('audit.check_hours', 24, 0, 8760),
    },
    ...defined({
      timestamps: parseTimestampSettings({
        url: read.optionalText('audit.timestamps.url'),
        caFile: absolute(home, read.optionalText('audit.timestamps.ca')),
        every: read.optionalText('audit.timestamps.every'),
        name: read.optionalText('audit.timestamps.name'),
        digest: read.optionalText('audit.timestamps.digest'),
      }),
      witnesses: parseWitnessSettings(settings.get('audit.witness'), read.text('audit.origin'), {
        quorum: read.wholeNumber('audit.witness_quorum', 0, 0, 24),
        waitMs: read.wholeNumber('audit.witness_wait_ms', 0, 0, 60_000),
        demanded: read.wholeNumber('trust.witness_quorum', 0, 0, 24),
      }),
    }),
    trustDays: read.wholeNumber('trust.valid_days', DEFAULT_TRUST_DAYS, 1, 3650),
    destroyWaitHours: read.wholeNumber('keys.destroy_wait_hours', DEFAULT_DESTROY_WAIT_HOURS, 1, 8760),
    queueMs: read.wholeNumber('serve.queue_ms', DEFAULT_QUEUE_MS, 50, 60_000),
    keyHostChildren: read.wholeNumber('key_host.children', 0, 0, 64) || undefined,
    keepKeysMs: read.wholeNumber('key_host.keep_keys_ms', 2000, 0, 60_000),
    canarySeconds: read.wholeNumber('keys.canary_seconds', 30, 1, 86_400),
    recoveryRecipients: parseRecipients(settings.get('recovery.recipients') ?? []),
    ...(metricsAddress === undefined ? {} : { metrics: splitAddress(metricsAddress, 'metrics.listen') }),
    ...(console === undefined ? {} : { console }),
    ...traces(read, home),
    ...logs(read, home),
    drainSeconds: read.wholeNumber('serve.drain_seconds', 20, 1, 600),
    logLevel: read.oneOf('log.level', LOG_LEVELS, 'info'),
    policy: parsePolicyTable(settings.get('policy.allow') ?? []),
  }
  return { ...config, changedSettings: read.changed }
}

function publishSettings(read: SettingReader, home: string): Config['publish'] {
  const address = read.optionalText('audit.listen')
  const directory = read.optionalText('audit.publish')
  const [certificate, key] = [read.optionalText('audit.certificate'), read.optionalText('audit.private_key')]
  if ((certificate === undefined) !== (key === undefined))
    throw new SealstoneError('CONFIG_INVALID', 'audit.certificate and audit.private_key go together')
  if (certificate !== undefined && address === undefined)
    throw new SealstoneError('CONFIG_INVALID', 'audit.certificate is there without audit.listen')
  const tls = certificate === undefined || key === undefined ? undefined : { certFile: resolve(home, certificate), keyFile: resolve(home, key) }
  return {
    ...(address === undefined ? {} : { http: { ...splitAddress(address, 'audit.listen'), ...(tls && { tls }) } }),
    ...(directory === undefined ? {} : { directory: resolve(home, directory) }),
  }
}

function absolute(home: string, path: string | undefined): string | undefined {
  return path === undefined ? undefined : resolve(home, path)
}

function hashSettings(read: SettingReader, home: string, hasTls: boolean): HashSettings | undefined {
  const socket = read.optionalText('hash.socket')
  const address = read.optionalText('hash.tls_address')
  const settings = {
    roots: read.texts('hash.roots'),
    streamsPerCaller: read.wholeNumber('hash.streams_per_caller', 64, 1, 256),
    resumeMinutes: read.wholeNumber('hash.resume_minutes', 60, 1, 10_080),
    idleSeconds: read.wholeNumber('hash.idle_seconds', 60, 1, 3600),
  }
  if (socket === undefined && address === undefined) {
    const [setting] = read.open('hash.').keys()
    if (setting === undefined) return undefined
    throw new SealstoneError('CONFIG_INVALID', `setting hash.${setting} is there without hash.socket or hash.tls_address`, {
      hint: 'say where HashService listens, or remove it',
    })
  }
  if (address !== undefined && !hasTls)
    throw new SealstoneError('CONFIG_INVALID', 'hash.tls_address is there without [listen.tls], whose certificates it uses')
  return {
    ...settings,
    ...(socket === undefined ? {} : { socket: resolve(home, socket) }),
    ...(address === undefined ? {} : { tlsAddress: splitAddress(address, 'hash.tls_address') }),
  }
}

function consoleSettings(read: SettingReader, home: string): ConsoleSettings | undefined {
  const address = read.optionalText('console.listen')
  const certificate = read.optionalText('console.certificate')
  const privateKey = read.optionalText('console.private_key')
  const settings = { allowPlain: read.flag('console.allow_plain_http', false), hosts: read.texts('console.hosts') }
  if (address === undefined) {
    const [setting] = read.open('console.').keys()
    if (setting === undefined) return undefined
    throw new SealstoneError('CONFIG_INVALID', `setting console.${setting} is there without console.listen`, {
      hint: 'say where the console listens, or remove it',
    })
  }
  if ((certificate === undefined) !== (privateKey === undefined))
    throw new SealstoneError('CONFIG_INVALID', 'console.certificate and console.private_key go together')
  return {
    ...splitAddress(address, 'console.listen'),
    ...settings,
    ...(certificate === undefined || privateKey === undefined
      ? {}
      : { tls: { certFile: resolve(home, certificate), keyFile: resolve(home, privateKey) } }),
  }
}

function traces(read: SettingReader, home: string): { readonly traces?: TraceSettings } {
  const sampleRatio = read.fraction('traces.sample_ratio', 1)
  const collector = collectorOf('traces', read, home)
  return collector === undefined ? {} : { traces: { ...collector, sampleRatio } }
}

function logs(read: SettingReader, home: string): { readonly logs?: LogSettings } {
  const collector = collectorOf('logs', read, home)
  return collector === undefined ? {} : { logs: collector }
}

function collectorOf(section: 'traces' | 'logs', read: SettingReader, home: string): LogSettings | undefined {
  const endpoint = read.optionalText(`${section}.endpoint`)
  const headersFile = read.optionalText(`${section}.headers_file`)
  if (endpoint === undefined) {
    const [setting] = read.open(`${section}.`).keys()
    if (setting === undefined) return undefined
    throw new SealstoneError('CONFIG_INVALID', `setting ${section}.${setting} is there without ${section}.endpoint`, {
      hint: `say where the ${section} go, or remove it`,
    })
  }
  return {
    endpoint: parseCollectorEndpoint(section, endpoint),
    ...(headersFile === undefined ? {} : { headersFile: resolve(home, headersFile) }),
  }
}

/** Throws CONFIG_INVALID for a name that is none, or that would steer the key host's own runtime. */
export function moduleEnvironment(variables: ReadonlyMap<string, unknown>): Record<string, string> {
  const environment: Record<string, string> = {}
  for (const [name, value] of variables) {
    const setting = `${TOKEN_ENV}${name}`
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name))
      throw new SealstoneError('CONFIG_INVALID', `${excerpt(setting)} is no name of an environment variable`)
    if (/^(?:NODE_|LD_PRELOAD$|LD_AUDIT$|DYLD_INSERT)/.test(name)) {
      throw new SealstoneError('CONFIG_INVALID', `setting ${setting} would steer the key host itself`, {
        hint: 'set only what the PKCS#11 module asks for',
      })
    }
    if (typeof value !== 'string' || value.includes('\0'))
      throw new SealstoneError('CONFIG_INVALID', `setting ${setting} is ${show(value)}, want a text in quotes`)
    environment[name] = value
  }
  return environment
}

/** `host:port`, with an IPv6 host in brackets. */
export function splitAddress(address: string, setting: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(address)
  const port = Number(match?.[3])
  if (match === null || port > 65_535) throw new SealstoneError('CONFIG_INVALID', `${setting} is ${JSON.stringify(address)}, want host:port`)
  return { host: match[1] ?? (match[2] as string), port }
}

function readConfigText(home: string): string {
  const path = join(home, CONFIG_FILE)
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (cause) {
    throw new SealstoneError('HOME_MISSING', `no configuration at ${path}`, { cause })
  }
  if (bytes.length > LIMITS.configFileBytes)
    throw new SealstoneError('CONFIG_INVALID', `${path} is ${bytes.length} bytes, want at most ${LIMITS.configFileBytes}`)
  return bytes.toString('utf8')
}

export const DEFAULT_TRUST_DAYS = 90
export const DEFAULT_DESTROY_WAIT_HOURS = 168
export const DEFAULT_QUEUE_MS = 1000
const SERIAL_FORMS = ['plain', 'hashed'] as const
const PSEUDONYMS = ['off', 'callers'] as const
const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
