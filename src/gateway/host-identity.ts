/** Which hosts count as one: those that say the same of themselves. */
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { JsonObject } from '#core'

/** The envelope of a request since 2026-07-28. Empty for what is no JSON: the server will say so. */
export function envelopeOf(body: Uint8Array): JsonObject {
  try {
    return (JSON.parse(Buffer.from(body).toString('utf8')) as { params?: { _meta?: JsonObject } }).params?._meta ?? {}
  } catch {
    return {}
  }
}

/** With the authorization, so that nobody gets into what another one with it has begun. */
export function hostDigest({ headers }: IncomingMessage, envelope?: JsonObject): string {
  const parts = ['protocolVersion', 'clientInfo', 'clientCapabilities'].map((name) => envelope?.[`io.modelcontextprotocol/${name}`])
  return createHash('sha256')
    .update(JSON.stringify([headers.authorization ?? '', parts]))
    .digest('hex')
}
