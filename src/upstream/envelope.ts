/** What every request carries since 2026-07-28 instead of a handshake: who asks, in which revision, able to do what. */
import type { JsonObject } from '#core'

export interface ClientIdentity {
  readonly info: JsonObject
  readonly capabilities: JsonObject
}

/** The params of a request, with the envelope in their `_meta`. */
export function enveloped(params: JsonObject | undefined, version: string, client: ClientIdentity): JsonObject {
  const meta = { [PROTOCOL_VERSION]: version, [CLIENT_INFO]: client.info, [CLIENT_CAPABILITIES]: client.capabilities }
  return { ...params, _meta: { ...(params?.['_meta'] as JsonObject | undefined), ...meta } }
}

export const MODERN_VERSION = '2026-07-28'
/** The newest revision with a handshake; a server may answer with an older one. */
export const LEGACY_VERSION = '2025-11-25'

const PROTOCOL_VERSION = 'io.modelcontextprotocol/protocolVersion'
const CLIENT_INFO = 'io.modelcontextprotocol/clientInfo'
const CLIENT_CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities'
