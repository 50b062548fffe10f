/** How many processes hosts over HTTP may make a gateway start, and how long one lives that nobody uses. docs/mcp-gateway.md lists them. */
export interface HostingLimits {
  /** At a time. */
  readonly processes: number
  /** Also those after one has died. */
  readonly startsPerMinute: number
  /** One that no host has used for so long is ended. */
  readonly idleMs: number
  /** The same, where all are taken and another host comes. */
  readonly crowdedMs: number
  /** The same, where its host never came back after the handshake, or was refused. */
  readonly unusedMs: number
}

export const HOSTING_LIMITS: HostingLimits = { processes: 32, startsPerMinute: 60, idleMs: 30 * 60_000, crowdedMs: 60_000, unusedMs: 10_000 }
