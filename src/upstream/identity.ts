/** Who a server says it is: the answer to `initialize`, or since 2026-07-28 to `server/discover`. */
import { isJsonObject, type JsonObject } from '#core'
import { serverFault } from './limits.ts'
import { refuseTwins } from './member-names.ts'

export type Era = 'legacy' | 'modern'

export interface ServerIdentity {
  readonly era: Era
  readonly protocolVersion: string
  /** The object that the server sent, every member of it. */
  readonly server: JsonObject & { readonly name: string; readonly version: string }
  readonly instructions?: string
  readonly capabilities: JsonObject
  /** How long `server/discover` may be kept; servers of before 2026-07-28 do not say. */
  readonly ttlMs?: number
}

/** Throws MCP_SERVER_FAULT. */
export function identityFromInitialize(result: JsonObject): ServerIdentity {
  const version = result['protocolVersion']
  if (typeof version !== 'string') throw serverFault('the answer to initialize names no protocol version')
  return { era: 'legacy', protocolVersion: version, ...readCommon(result, result['serverInfo'], 'initialize') }
}

/** @param version the revision that the request was made in */
export function identityFromDiscover(result: JsonObject, version: string): ServerIdentity {
  const meta = result['_meta']
  const identity = isJsonObject(meta) ? meta[SERVER_INFO] : undefined
  const { ttlMs } = result
  return {
    era: 'modern',
    protocolVersion: version,
    ...readCommon(result, identity, 'server/discover'),
    ...(isTtl(ttlMs) ? { ttlMs } : {}),
  }
}

export function isTtl(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

type Common = Pick<ServerIdentity, 'server' | 'capabilities' | 'instructions'>

function readCommon(result: JsonObject, identity: unknown, method: string): Common {
  refuseTwins(result, KNOWN)
  if (!isJsonObject(identity as JsonObject)) throw serverFault(`the answer to ${method} does not say who the server is`)
  const server = identity as JsonObject
  if (typeof server['name'] !== 'string' || typeof server['version'] !== 'string') throw serverFault('the server gives no name and version')
  const { instructions, capabilities } = result
  return {
    server: server as Common['server'],
    capabilities: isJsonObject(capabilities) ? capabilities : {},
    ...(typeof instructions === 'string' ? { instructions } : {}),
  }
}

const KNOWN = ['protocolVersion', 'serverInfo', 'instructions', 'capabilities', '_meta']
/** Where a result of 2026-07-28 says who made it. */
const SERVER_INFO = 'io.modelcontextprotocol/serverInfo'
