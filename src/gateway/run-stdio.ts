/** The gateway for one host on standard input and output: one server, from its start to its end. */
import { type Link, openLink, UPSTREAM_LIMITS } from '#upstream'
import type { HeldServer, Telling } from './approval.ts'
import { serveStdio, type StdioFront } from './stdio-front.ts'
import { StdioSession } from './stdio-session.ts'

export interface StdioGatewayOptions extends HeldServer, Telling, StdioFront {
  /** A way to it that is being opened already. It is closed here. */
  readonly link?: Promise<Link>
}

/**
 * Resolves when the host has closed its end and has all answers, or the signal aborts; the server's process is gone by then.
 * Throws MCP_SERVER_UNAVAILABLE when the server ends first, MCP_SERVER_FAULT when it breaks a rule, INPUT_INVALID when the host does.
 */
export async function runStdioGateway(options: StdioGatewayOptions): Promise<void> {
  const { mode, approval, limits = UPSTREAM_LIMITS, report, note } = options
  const link = await (options.link ?? openLink(options.target, limits, options.onErrorLine))
  try {
    await serveStdio(options, limits, (host) => new StdioSession({ mode, approval, limits, report, note, link, host: host.source() }))
  } finally {
    await link.close()
  }
}
