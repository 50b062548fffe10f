/** Every bound on what somebody else's MCP server may make us hold, read or wait for; docs/mcp-gateway.md lists them for users. */
import { SealstoneError } from '#core'

export interface UpstreamLimits {
  /** For the handshake, from the start of the process on. */
  readonly connectMs: number
  /** For a server of a fleet to say that it does not know `server/discover`: those of before 2026-07-28 do so at once, a few say nothing. */
  readonly probeMs: number
  /** For the answer to one request of ours. */
  readonly requestMs: number
  /** For all pages of all lists together. */
  readonly offerMs: number
  /** Not asked again for its lists sooner than this, however short the time is for which it says they may be kept. */
  readonly recheckMs: number
  /** One answer that we read ourselves. What only passes through may be longer: it is streamed. */
  readonly messageBytes: number
  /** A message that is longer than this is passed on in pieces, and never held whole. */
  readonly heldBytes: number
  /** Of one message, also of those that only pass through. */
  readonly streamedBytes: number
  /** While a long answer goes to a host to which other servers want to speak too, 1 MiB of it must come in each such time. */
  readonly paceMs: number
  /** Arrays and objects within each other. */
  readonly depth: number
  /** JSON values in one answer that we read ourselves. */
  readonly values: number
  /** Of one list. */
  readonly pages: number
  /** Tools, prompts, resources and templates, each. */
  readonly items: number
  /** Of all lists together, as they came. */
  readonly offerBytes: number
}

export const UPSTREAM_LIMITS: UpstreamLimits = {
  connectMs: 30_000,
  probeMs: 10_000,
  requestMs: 30_000,
  offerMs: 60_000,
  recheckMs: 5000,
  messageBytes: 8 * 1024 * 1024,
  heldBytes: 256 * 1024,
  streamedBytes: 1024 * 1024 * 1024,
  paceMs: 10_000,
  depth: 100,
  values: 500_000,
  pages: 200,
  items: 10_000,
  offerBytes: 16 * 1024 * 1024,
}

/** The server broke a rule of the protocol or a limit of ours; what it sent is never part of the message beyond a short excerpt. */
export function serverFault(message: string, cause?: unknown): SealstoneError {
  return new SealstoneError('MCP_SERVER_FAULT', message, cause === undefined ? {} : { cause })
}
