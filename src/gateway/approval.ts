/** What a server is held to, how strictly, and what is told about it. */
import type { Offer, OfferDifference } from '#toolsets'
import type { UpstreamLimits, UpstreamTarget } from '#upstream'

/** `enforce` lets nothing through that was not approved, `warn` lets it through and says so, `off` does not look. */
export type Mode = 'off' | 'warn' | 'enforce'

export interface Approval {
  readonly offer: Offer
  /** SHA-256 of its canonical form, in hex. */
  readonly digest: string
  /** Where it comes from, for messages: `the signed manifest m.hybrid.sig`, `the pin of 2026-11-28`. */
  readonly source: string
  /** What counts now: it may have been changed, or taken back. Asked before each comparison; throws where nothing counts. Default: this, for ever. */
  readonly renew?: () => Promise<Approval>
  /** What `renew` answered last, to whomever; throws where that threw. */
  readonly latest?: () => Approval
}

/** A server, and how it is held. */
export interface HeldServer {
  readonly target: UpstreamTarget
  readonly mode: Mode
  /** May be missing where nothing is compared. */
  readonly approval?: Approval
  readonly limits?: UpstreamLimits
}

/** One thing that the gateway decided. What foreign text there is in it is harmless to look at and bounded. */
export interface GatewayDecision {
  readonly operation: 'mcp.connect' | 'mcp.call'
  readonly decision: 'allowed' | 'warned' | 'blocked'
  /** The server, and the tool where it is about one. */
  readonly subject: string
  /** Of what the server offers now. */
  readonly digest?: string
  readonly reason?: string
}

/** Takes every decision at once and never throws; what becomes of it must not hold up the gateway. */
export type Report = (decision: GatewayDecision) => void

/** Who is told what, beside the host. */
export interface Telling {
  readonly report: Report
  /** For the person who reads standard error: the server's own lines, and ours. */
  readonly onErrorLine: (line: string) => void
  readonly note: (text: string) => void
}

/** Why nothing passes. */
export interface Block {
  readonly code: 'MCP_BLOCKED' | 'MCP_UNAPPROVED' | 'MCP_SERVER_FAULT' | 'MCP_SERVER_UNAVAILABLE' | 'DEADLINE_EXCEEDED'
  readonly reason: string
  readonly hint: string
  readonly differences: readonly OfferDifference[]
}
