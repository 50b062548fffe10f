/** Who a fleet says it is: its servers as one. */
import { isJsonObject, type JsonObject, type JsonValue } from '#core'
import { type Era, LEGACY_VERSION, MODERN_VERSION } from '#upstream'
import type { MemberIdentity } from './fleet-handshake.ts'

type Named = MemberIdentity & { readonly name: string }

/** The result of `initialize`. @param asked the revision that the host asks for @param version of this program */
export function initializeResult(members: readonly Named[], asked: string, version: string): JsonObject {
  // One for all: the oldest of those that were agreed on, and with servers that know none the host's own.
  const known = HANDSHAKES.includes(asked) ? asked : LEGACY_VERSION
  const agreed = members.filter(({ era }) => era === 'legacy').map(({ protocolVersion }) => protocolVersion)
  return { protocolVersion: [...agreed, known].toSorted()[0] ?? known, serverInfo: serverInfo(version), ...common(members) }
}

/** The result of `server/discover`. */
export function discoverResult(members: readonly Named[], version: string): JsonObject {
  return modernResult({ supportedVersions: [MODERN_VERSION], ...common(members) }, [], version)
}

/** What every list says since 2026-07-28. @param parts the results that it was made of: it is as fresh as the one that has to be asked for first */
export function modernResult(result: JsonObject, parts: readonly { readonly era: Era; readonly result: JsonObject }[], version: string): JsonObject {
  const ttls = parts.map(({ era, result: { ttlMs } }) => (era === 'modern' && typeof ttlMs === 'number' ? ttlMs : 0))
  const isPublic = parts.length > 0 && parts.every(({ era, result: { cacheScope } }) => era === 'modern' && cacheScope === 'public')
  return {
    ...result,
    resultType: 'complete',
    ttlMs: ttls.length === 0 ? 0 : Math.min(...ttls),
    cacheScope: isPublic ? 'public' : 'private',
    _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo(version) },
  }
}

function common(members: readonly Named[]): JsonObject {
  const instructions = members.flatMap(({ name, instructions }) => (instructions === undefined ? [] : [`Tools of ${name}:\n${instructions}`]))
  return {
    capabilities: mergeCapabilities(members.map(({ capabilities }) => capabilities)),
    ...(instructions.length === 0 ? {} : { instructions: instructions.join('\n\n') }),
  }
}

function serverInfo(version: string): JsonObject {
  return { name: 'sealstone-gateway', version }
}

export function mergeCapabilities(all: readonly JsonObject[]): JsonObject {
  const merged: Record<string, JsonValue> = {}
  for (const capabilities of all) {
    for (const [name, value] of Object.entries(capabilities)) {
      if (!ROUTED.has(name)) continue
      const before = merged[name]
      merged[name] = isJsonObject(before) && isJsonObject(value) ? { ...before, ...value } : value
    }
  }
  return merged
}

const ROUTED = new Set(['tools', 'prompts', 'resources', 'completions', 'logging'])
const HANDSHAKES = ['2024-11-05', '2025-03-26', '2025-06-18', LEGACY_VERSION]
