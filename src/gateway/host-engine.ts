/** What answers one host, or those who share it, whoever carries their messages: a guarded session with a server, or with all of a fleet. */
import { openLink, UPSTREAM_LIMITS } from '#upstream'
import type { HeldServer, Telling } from './approval.ts'
import type { FleetOptions } from './fleet.ts'
import type { HostOutput } from './line-writer.ts'
import type { HostReader } from './stdio-front.ts'
import { StdioSession } from './stdio-session.ts'

export interface Engine {
  readonly reader: Pick<HostReader, 'fromHost' | 'ending'>
  /** Resolves once nothing of its servers' processes is left. */
  close(): Promise<void>
}

/** Begins a new one, whose messages for the host go to `host`. */
export type OpenEngine = (host: HostOutput) => Promise<Engine>

/** Throws MCP_SERVER_UNAVAILABLE. */
export async function openServer(options: HeldServer & Telling, host: HostOutput): Promise<Engine> {
  const { target, mode, approval, limits = UPSTREAM_LIMITS, report, note } = options
  await approval?.renew?.().catch(() => {}) // if nothing counts any more the comparison says so
  const link = await openLink(target, limits, options.onErrorLine)
  return { reader: new StdioSession({ mode, approval, limits, report, note, link, host: host.source() }), close: () => link.close() }
}

/** Throws MCP_SERVER_UNAVAILABLE when none of its servers can be started. */
export async function openFleetFor(options: FleetOptions, host: HostOutput): Promise<Engine> {
  const { openFleet } = await import('./fleet.ts') // not loaded before one server
  const fleet = await openFleet(options)
  return { reader: fleet.connect(host), close: async () => await fleet[Symbol.asyncDispose]() }
}
