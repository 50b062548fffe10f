/** One gateway for one host on standard input and output, before all servers of a fleet. */
import { UPSTREAM_LIMITS } from '#upstream'
import type { FleetOptions } from './fleet.ts'
import { serveStdio, type StdioFront } from './stdio-front.ts'

export interface FleetGatewayOptions extends FleetOptions, StdioFront {}

/**
 * Resolves when the host has closed its end and has all answers, or the signal aborts. A server that cannot be started or is gone is left out, the
 * others go on. Throws MCP_SERVER_UNAVAILABLE when none is left, INPUT_INVALID when the host breaks the protocol.
 */
export async function runFleetGateway(options: FleetGatewayOptions): Promise<void> {
  const { openFleet } = await import('./fleet.ts') // not loaded before one server
  await using fleet = await openFleet(options)
  await serveStdio(options, UPSTREAM_LIMITS, (host) => fleet.connect(host))
}
