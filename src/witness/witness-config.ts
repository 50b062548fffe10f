/** `witness.toml`: the name of a witness, where it listens, and the closed list of the logs that it knows. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'smol-toml'
import { excerpt, isJsonObject, SealstoneError, toSealstoneError } from '#core'
import { type LogVerifierKey, parseVerifierKey } from '#tlog'

export interface WitnessConfig {
  readonly name: string
  readonly host: string
  readonly port: number
  /** By origin. */
  readonly logs: ReadonlyMap<string, readonly LogVerifierKey[]>
}

/** Throws CONFIG_INVALID, FILE_UNREADABLE. */
export function loadWitnessConfig(directory: string): WitnessConfig {
  const path = join(directory, WITNESS_CONFIG_FILE)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new SealstoneError('FILE_UNREADABLE', `no configuration at ${path}`, {
      cause,
      hint: 'make it with: sealstone audit witness init --name NAME',
    })
  }
  if (text.length > MAX_CONFIG_LENGTH) throw invalid(`it has ${text.length} characters, want at most ${MAX_CONFIG_LENGTH}`)
  return parseWitnessConfig(text)
}

export function parseWitnessConfig(text: string): WitnessConfig {
  let table: unknown
  try {
    table = parse(text)
  } catch (cause) {
    throw invalid(`not valid TOML: ${cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause)}`)
  }
  const { name, listen, log = [] } = closedTable(table, ['name', 'listen', 'log'], 'it')
  if (typeof name !== 'string' || !/^[^\s+]{1,255}$/.test(name))
    throw invalid('name is missing, or has spaces or a plus sign; want a name such as witness.example/w1')
  const [, bracketed, plain, port] = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(typeof listen === 'string' ? listen : '') ?? []
  const host = bracketed ?? plain
  if (host === undefined || Number(port) > 65_535) throw invalid('listen is no host:port')
  if (!Array.isArray(log) || log.length > MAX_LOGS) throw invalid(`log is no list of at most ${MAX_LOGS} tables [[log]]`)
  return { name, host, port: Number(port), logs: parseLogs(log) }
}

function parseLogs(entries: readonly unknown[]): WitnessConfig['logs'] {
  const logs = new Map<string, readonly LogVerifierKey[]>()
  for (const [at, entry] of entries.entries()) {
    const { origin, keys } = closedTable(entry, ['origin', 'keys'], `[[log]] ${at + 1}`)
    if (typeof origin !== 'string' || origin === '') throw invalid(`[[log]] ${at + 1} has no origin`)
    if (logs.has(origin)) throw invalid(`log ${excerpt(origin)} is there twice`)
    if (!Array.isArray(keys) || keys.length === 0 || keys.length > MAX_KEYS)
      throw invalid(`log ${excerpt(origin)} has no list of 1 to ${MAX_KEYS} keys`)
    logs.set(
      origin,
      keys.map((text) => parseKey(origin, text)),
    )
  }
  return logs
}

function parseKey(origin: string, text: unknown): LogVerifierKey {
  let key: LogVerifierKey
  try {
    key = parseVerifierKey(typeof text === 'string' ? text : '')
  } catch (cause) {
    throw invalid(`a key of log ${excerpt(origin)}: ${toSealstoneError(cause).message}`)
  }
  // c2sp.org/tlog-checkpoint: a log's keys are named like the log.
  if (key.name !== origin) throw invalid(`a key of log ${excerpt(origin)} is named ${excerpt(key.name)}`)
  return key
}

function closedTable(value: unknown, names: readonly string[], what: string): Record<string, unknown> {
  if (!isJsonObject(value as never)) throw invalid(`${what} is no table`)
  const table = value as Record<string, unknown>
  const unknown = Object.keys(table).find((name) => !names.includes(name))
  if (unknown !== undefined) throw invalid(`${what} has an unknown setting ${excerpt(unknown)}, want ${names.join(', ')}`)
  return table
}

function invalid(message: string): SealstoneError {
  return new SealstoneError('CONFIG_INVALID', `${WITNESS_CONFIG_FILE}: ${message}`, { hint: `correct it in ${WITNESS_CONFIG_FILE}` })
}

export const WITNESS_CONFIG_FILE = 'witness.toml'
const MAX_CONFIG_LENGTH = 1024 * 1024
const MAX_LOGS = 1000
const MAX_KEYS = 8
