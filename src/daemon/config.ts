/** The configuration file: TOML, closed, every setting checked before anything starts. */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { defined, excerpt, type JsonValue, LIMITS, SealstoneError } from '#core'
import { parsePolicyTable, type PolicyTable } from '#policy'
import { type LogSettings, logSettings, type TraceSettings, traceSettings } from './collector-settings.ts'
import {
  type ConsoleSettings,
  consoleSettings,
  type HashSettings,
  hashSettings,
  type PublishSettings,
  publishSettings,
  splitAddress,
} from './listening-settings.ts'
import { parseRecipients } from './recovery-recipients.ts'
import { CONFIG_FILE, readSettings, SettingReader, show, TOKEN_ENV } from './settings.ts'
import { parseTimestampSettings, type TimestampSettings } from './timestamp-settings.ts'
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
  readonly publish: PublishSettings
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
    ...traceSettings(read, home),
    ...logSettings(read, home),
    drainSeconds: read.wholeNumber('serve.drain_seconds', 20, 1, 600),
    logLevel: read.oneOf('log.level', LOG_LEVELS, 'info'),
    policy: parsePolicyTable(settings.get('policy.allow') ?? []),
  }
  return { ...config, changedSettings: read.changed }
}

function absolute(home: string, path: string | undefined): string | undefined {
  return path === undefined ? undefined : resolve(home, path)
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
