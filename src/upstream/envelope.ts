/** What every request carries since 2026-07-28 instead of a handshake: who asks, in which revision, able to do what. */
import type { JsonObject } from '#core'

export interface ClientIdentity {
  readonly info: JsonObject
  readonly capabilities: JsonObject
}

/** The params of a request, with the envelope in their `_meta`. */
export function enveloped(params: JsonObject | undefined, version: string, client: ClientIdentity): JsonObject {
  const meta = { [META.protocolVersion]: version, [META.clientInfo]: client.info, [META.clientCapabilities]: client.capabilities }
  return { ...params, _meta: { ...(params?.['_meta'] as JsonObject | undefined), ...meta } }
}

export const MODERN_VERSION = '2026-07-28'
/** The newest revision with a handshake; a server may answer with an older one. */
export const LEGACY_VERSION = '2025-11-25'

/** The names of its members. */
export const META = {
  protocolVersion: 'io.modelcontextprotocol/protocolVersion',
  clientInfo: 'io.modelcontextprotocol/clientInfo',
  clientCapabilities: 'io.modelcontextprotocol/clientCapabilities',
  logLevel: 'io.modelcontextprotocol/logLevel',
} as const
