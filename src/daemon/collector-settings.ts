/** The settings of what OpenTelemetry collectors get: where it goes and how much. What is wrong with them is said at the start, not when something is lost. */
import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { SealstoneError } from '#core'
import type { SettingReader } from './settings.ts'

export interface TraceSettings {
  /** OTLP over HTTP, such as `http://127.0.0.1:4318/v1/traces`. */
  readonly endpoint: string
  /** Of the calls that bring no trace of their own, from 0 to 1. At 0 nothing is sent at all. */
  readonly sampleRatio: number
  /** Absolute path of a file with headers for the collector, one `name: value` a line. */
  readonly headersFile?: string
}

export interface LogSettings {
  /** OTLP over HTTP, such as `http://127.0.0.1:4318/v1/logs`. */
  readonly endpoint: string
  /** As that of traces. */
  readonly headersFile?: string
}

/** Nothing where no traces are sent. Throws CONFIG_INVALID. */
export function traceSettings(read: SettingReader, home: string): { readonly traces?: TraceSettings } {
  const sampleRatio = read.fraction('traces.sample_ratio', 1)
  const collector = collectorOf('traces', read, home)
  return collector === undefined ? {} : { traces: { ...collector, sampleRatio } }
}

/** Nothing where the log is not sent. Throws CONFIG_INVALID. */
export function logSettings(read: SettingReader, home: string): { readonly logs?: LogSettings } {
  const collector = collectorOf('logs', read, home)
  return collector === undefined ? {} : { logs: collector }
}

/** Throws CONFIG_INVALID; the message never shows what is in the file. */
export function readCollectorHeaders(section: 'traces' | 'logs', path: string): Record<string, string> {
  const refuse = (what: string, cause?: unknown): SealstoneError =>
    new SealstoneError('CONFIG_INVALID', `${section}.headers_file ${path} ${what}`, {
      cause,
      hint: 'one header a line, name: value; mode 0600 or 0400',
    })
  let text: string
  try {
    const { mode, size } = statSync(path)
    if ((mode & 0o077) !== 0) throw refuse(`has mode 0${(mode & 0o777).toString(8)}, want 0600`)
    if (size > MOST_HEADER_BYTES) throw refuse(`is ${size} bytes, want at most ${MOST_HEADER_BYTES}`)
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw error instanceof SealstoneError ? error : refuse('cannot be read', error)
  }
  const headers: Record<string, string> = {}
  for (const [at, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const [, name, value] = HEADER.exec(line.trim()) ?? []
    if (name === undefined || value === undefined) throw refuse(`is wrong in line ${at + 1}, want name: value`)
    headers[name] = value
  }
  return headers
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

/** Throws CONFIG_INVALID: no URL, one with a password, or plain HTTP to another machine. */
function parseCollectorEndpoint(section: 'traces' | 'logs', text: string): string {
  const refuse = (what: string, hint: string): SealstoneError => new SealstoneError('CONFIG_INVALID', `${section}.endpoint ${what}`, { hint })
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw refuse('is no address that starts with http:// or https://', `a collector on this machine is http://127.0.0.1:4318/v1/${section}`)
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw refuse('has a user name, a query or a fragment', `put what the collector wants to know into the file of ${section}.headers_file`)
  if (url.protocol === 'http:' && !LOOPBACK.has(url.hostname))
    throw refuse(
      `is http to ${url.hostname}: ${section === 'traces' ? 'spans name keys' : 'entries name models, keys and callers'}, want https to another machine`,
      'or send them to a collector on this machine',
    )
  return url.href
}

const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost'])
const MOST_HEADER_BYTES = 16_384
const HEADER = /^([A-Za-z0-9!#$%&'*+.^_`|~-]+):[ \t]*([\x20-\x7e]+)$/
