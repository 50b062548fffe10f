/** One gateway for one host on standard input and output, before all servers of a fleet. */
import type { Readable, Writable } from 'node:stream'
import { SealstoneError, toSealstoneError } from '#core'
import { openLink, UPSTREAM_LIMITS, type UpstreamLimits, type UpstreamTarget } from '#upstream'
import type { Approval, Mode, Report } from './approval.ts'
import type { MemberOptions } from './fleet-member.ts'
import { FleetRouter } from './fleet-router.ts'
import { LineWriter } from './line-writer.ts'
import { readHost } from './run-stdio.ts'

export interface FleetGatewayOptions {
  readonly servers: readonly {
    /** In front of the names of its tools. */
    readonly name: string
    readonly target: UpstreamTarget
    readonly mode: Mode
    readonly approval?: Approval
    readonly limits: UpstreamLimits
  }[]
  /** Of this program. */
  readonly version: string
  readonly report: Report
  readonly input: Readable
  readonly output: Writable
  readonly onErrorLine: (line: string) => void
  readonly note: (text: string) => void
  readonly signal?: AbortSignal
}

/**
 * Resolves when the host has closed its end and has all answers, or the signal aborts. A server that cannot be started or is gone is left out, the
 * others go on. Throws MCP_SERVER_UNAVAILABLE when none is left, INPUT_INVALID when the host breaks the protocol.
 */
export async function runFleetGateway(options: FleetGatewayOptions): Promise<void> {
  const { note, report, signal } = options
  const host = new LineWriter(options.output)
  const started = await Promise.all(options.servers.map((server) => startMember(server, options)))
  const members = started.filter((member) => member !== undefined)
  const aborted = Promise.withResolvers<void>()
  signal?.addEventListener('abort', () => aborted.resolve(), { once: true })
  if (signal?.aborted === true) aborted.resolve()
  try {
    if (members.length === 0) throw new SealstoneError('MCP_SERVER_UNAVAILABLE', 'none of the MCP servers can be started')
    const router = new FleetRouter(
      members.map((member) => ({ ...member, note, report })),
      host,
      note,
      options.version,
    )
    try {
      await Promise.race([readHost(options.input, router, host, UPSTREAM_LIMITS), router.ending, aborted.promise])
    } finally {
      router.stop()
    }
  } finally {
    options.input.destroy()
    await Promise.all(members.map(({ link }) => link.close()))
  }
}

type Started = Omit<MemberOptions, 'note' | 'report'>

async function startMember(
  { name, target, mode, approval, limits }: FleetGatewayOptions['servers'][number],
  { onErrorLine, note }: FleetGatewayOptions,
): Promise<Started | undefined> {
  try {
    const link = await openLink(target, limits, (line) => onErrorLine(`${name}: ${line}`))
    return { name, link, mode, approval, limits }
  } catch (error) {
    note(`the MCP server ${name} is left out: ${toSealstoneError(error).message}`)
    return undefined
  }
}
