/** In which era the fleet speaks with one of its servers: in that of the host where the server knows it, otherwise in the other one. */
import type { JsonObject, JsonValue } from '#core'
import { type Era, LEGACY_VERSION, MODERN_VERSION, type UpstreamLimits } from '#upstream'
import { type FleetHost, objectOf } from './fleet-host.ts'

/** What a server answered: the error object of JSON-RPC, or the result. */
export type Answer = { readonly result: JsonObject } | { readonly error: JsonObject }

/** What a server said of itself; its guard has judged it. */
export interface MemberIdentity {
  readonly era: Era
  readonly protocolVersion: string
  readonly capabilities: JsonObject
  readonly instructions?: string
}

export interface ShakenServer {
  readonly limits: UpstreamLimits
  /** In this era from now on. Never rejects. */
  ask(method: string, params: JsonObject | undefined, timeoutMs: number, era: Era): Promise<Answer>
  hasEnded(): Promise<boolean>
  /** Starts it once more: some servers end at the first request that they do not know. @returns whether it is there */
  revive(): Promise<boolean>
}

export async function shakeHands(server: ShakenServer, host: FleetHost): Promise<MemberIdentity | { readonly error: JsonObject }> {
  const { connectMs, probeMs } = server.limits
  if (host.era === 'legacy') {
    const first = await initialize(server, host)
    // Silence says nothing of eras, and a difference to what was approved is the last word.
    if (!('error' in first) || isSilence(first.error) || isFinal(first.error) || (await server.hasEnded())) return first
    const second = await discover(server, connectMs)
    return 'error' in second && !isFinal(second.error) ? first : second
  }
  const first = await discover(server, Math.min(connectMs, probeMs))
  if (!('error' in first) || isFinal(first.error)) return first
  if ((await server.hasEnded()) && !(await server.revive())) return first
  const second = await initialize(server, host)
  if (!('error' in second) || !isSilence(first.error) || isFinal(second.error)) return second
  // It was slow, and knows no handshake.
  const third = await discover(server, connectMs)
  return 'error' in third && !isFinal(third.error) ? second : third
}

async function discover(server: ShakenServer, timeoutMs: number): Promise<MemberIdentity | { readonly error: JsonObject }> {
  const answer = await server.ask('server/discover', undefined, timeoutMs, 'modern')
  if ('error' in answer) return answer
  const { supportedVersions } = answer.result
  if (!Array.isArray(supportedVersions) || !supportedVersions.includes(MODERN_VERSION)) {
    return { error: { code: NO_ANSWER, message: `Sealstone: the MCP server does not speak ${MODERN_VERSION}` } }
  }
  return { era: 'modern', protocolVersion: MODERN_VERSION, ...readCommon(answer.result) }
}

async function initialize(server: ShakenServer, { version, client, era }: FleetHost): Promise<MemberIdentity | { readonly error: JsonObject }> {
  const protocolVersion = era === 'legacy' ? version : LEGACY_VERSION
  const params = { protocolVersion, capabilities: client.capabilities, clientInfo: client.info }
  const answer = await server.ask('initialize', params, server.limits.connectMs, 'legacy')
  if ('error' in answer) return answer
  const agreed = answer.result['protocolVersion']
  return { era: 'legacy', protocolVersion: typeof agreed === 'string' ? agreed : '', ...readCommon(answer.result) }
}

function readCommon({ capabilities, instructions }: JsonObject): Pick<MemberIdentity, 'capabilities' | 'instructions'> {
  return { capabilities: objectOf(capabilities), ...(typeof instructions === 'string' ? { instructions } : {}) }
}

function isSilence(error: JsonObject): boolean {
  return dataCode(error) === 'DEADLINE_EXCEEDED'
}

function isFinal(error: JsonObject): boolean {
  return dataCode(error) === 'MCP_BLOCKED'
}

function dataCode({ data }: JsonObject): JsonValue | undefined {
  return objectOf(data)['code']
}

export const NO_ANSWER = -32050
