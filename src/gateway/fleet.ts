/** All servers of a fleet, started for one host. Whatever carries that host's messages is a front: standard input and output are one. */
import { SealstoneError, toSealstoneError } from '#core'
import { type Link, openLink, UPSTREAM_LIMITS } from '#upstream'
import type { HeldServer, Telling } from './approval.ts'
import { FleetEngine } from './fleet-engine.ts'
import type { MemberOptions } from './fleet-member.ts'
import type { HostOutput } from './line-writer.ts'
import type { HostReader } from './stdio-front.ts'

export interface FleetOptions extends Telling {
  readonly servers: readonly (HeldServer & {
    /** In front of the names of its tools. */
    readonly name: string
  })[]
  /** Of this program. */
  readonly version: string
}

export interface Fleet extends AsyncDisposable {
  /** Takes what this host sends, and gives it what it is to get. Called once: the servers keep what a host says of itself. */
  connect(host: HostOutput): HostReader
}

/** A server that cannot be started is left out. Throws MCP_SERVER_UNAVAILABLE when none is left. */
export async function openFleet(options: FleetOptions): Promise<Fleet> {
  const started = await Promise.all(options.servers.map((server) => startMember(server, options)))
  const members = started.filter((member) => member !== undefined)
  if (members.length === 0) throw new SealstoneError('MCP_SERVER_UNAVAILABLE', 'none of the MCP servers can be started')
  let engine: FleetEngine | undefined
  return {
    connect: (host) => (engine = new FleetEngine(members, host, options.note, options.version)),
    [Symbol.asyncDispose]: async () => {
      await engine?.close()
      await Promise.all(members.map(({ link }) => link.close()))
    },
  }
}

async function startMember(
  { name, target, mode, approval, limits = UPSTREAM_LIMITS }: FleetOptions['servers'][number],
  { onErrorLine, note, report }: FleetOptions,
): Promise<MemberOptions | undefined> {
  try {
    const open = async (): Promise<Link> => await openLink(target, limits, (line) => onErrorLine(`${name}: ${line}`))
    return { name, link: await open(), ...('url' in target ? {} : { reopen: open }), mode, approval, limits, note, report }
  } catch (error) {
    note(`the MCP server ${name} is left out: ${toSealstoneError(error).message}`)
    return undefined
  }
}
