/** What the host of a fleet says of itself, in either era: once by a handshake, or since 2026-07-28 with every request. */
import { isJsonObject, type JsonObject, type JsonValue } from '#core'
import { type ClientIdentity, enveloped, type Era, LEGACY_VERSION, META, MODERN_VERSION } from '#upstream'

export interface FleetHost {
  readonly era: Era
  /** The revision that it asks for. */
  readonly version: string
  /** Without tasks: their ids of several servers cannot be told apart, so neither side is told of them. */
  readonly client: ClientIdentity
}

/** @param params of `initialize` */
export function hostFromInitialize(params: JsonValue | undefined): FleetHost {
  const { protocolVersion, clientInfo, capabilities } = isJsonObject(params) ? params : {}
  const { tasks: _, ...others } = objectOf(capabilities)
  return {
    era: 'legacy',
    version: typeof protocolVersion === 'string' ? protocolVersion : LEGACY_VERSION,
    client: { info: infoOf(clientInfo), capabilities: others },
  }
}

/** @param params of any request that says its revision. Undefined where the rest of what it must say is missing. */
export function hostFromEnvelope(params: JsonValue | undefined): FleetHost | undefined {
  const meta = objectOf(objectOf(params)['_meta'])
  const capabilities = meta[META.clientCapabilities]
  if (!isJsonObject(capabilities)) return undefined
  return { era: 'modern', version: MODERN_VERSION, client: { info: infoOf(meta[META.clientInfo]), capabilities: withoutTasks(capabilities) } }
}

/** Params of a request of the host as a server of this era wants them. @param level of its log, which hosts of before 2026-07-28 set once for all */
export function translateParams(params: JsonObject, isModern: boolean, era: Era, { client }: FleetHost, level: string | undefined): JsonObject {
  if (era === 'legacy') return isModern ? withoutEnvelope(params) : params
  return isModern ? envelopeWithoutTasks(params) : enveloped(withLogLevel(params, level), MODERN_VERSION, client)
}

function envelopeWithoutTasks(params: JsonObject): JsonObject {
  const meta = objectOf(params['_meta'])
  const capabilities = objectOf(meta[META.clientCapabilities])
  if (objectOf(capabilities['extensions'])[TASKS] === undefined) return params
  return { ...params, _meta: { ...meta, [META.clientCapabilities]: withoutTasks(capabilities) } }
}

function withoutEnvelope(params: JsonObject): JsonObject {
  const { _meta: meta, inputResponses: _, requestState: __, ...rest } = params
  const kept = Object.entries(objectOf(meta)).filter(([name]) => !ENVELOPE.has(name))
  return kept.length === 0 ? rest : { ...rest, _meta: Object.fromEntries(kept) }
}

/** How much of the servers' logs a host of 2026-07-28 wants to hear of this request. */
export function logLevelOf(params: JsonValue | undefined): string | undefined {
  const level = objectOf(objectOf(params)['_meta'])[META.logLevel]
  return typeof level === 'string' ? level : undefined
}

function withLogLevel(params: JsonObject, level: string | undefined): JsonObject {
  return level === undefined ? params : { ...params, _meta: { ...objectOf(params['_meta']), [META.logLevel]: level } }
}

export function objectOf(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {}
}

/** Servers may insist on a name. */
function infoOf(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : { name: 'unknown', version: '0' }
}

function withoutTasks(capabilities: JsonObject): JsonObject {
  const { [TASKS]: _, ...extensions } = objectOf(capabilities['extensions'])
  return capabilities['extensions'] === undefined ? capabilities : { ...capabilities, extensions }
}

const ENVELOPE: ReadonlySet<string> = new Set(Object.values(META))
const TASKS = 'io.modelcontextprotocol/tasks'
