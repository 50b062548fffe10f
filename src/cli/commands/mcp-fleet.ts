/** sealstone mcp gateway before all servers of a policy file. Standard output belongs to the protocol, unless it listens. */
import { SealstoneError, toSealstoneError } from '#core'
import { type FleetServer, type GatewayPolicy, runFleetGateway, runHttpFleet } from '#gateway'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import type { ConnectionOptions } from '../connection.ts'
import { visible } from '../text.ts'
import { readVersion } from '../version.ts'
import { holdServer } from './hold-server.ts'
import { parseListen } from './listen-address.ts'
import { serveUntilStopped } from './serve-until-stopped.ts'
import { readEnvironment, serverTarget } from './mcp-target.ts'
import { reportDecisions } from './report-decisions.ts'

export async function runFleet(
  context: CommandContext,
  policy: GatewayPolicy,
  options: ConnectionOptions & { listen?: string },
): Promise<ExitStatus> {
  if (policy.servers.length === 0)
    throw new SealstoneError('USAGE', 'the policy file names no servers, and neither does the command line', {
      hint: 'add a table [servers.NAME], or put the command of one server after --',
    })
  for (const warning of policy.warnings.slice(0, MOST_WARNINGS)) context.output.warn(visible(warning))
  await reportDecisions(context, options, async (telling) => {
    // All or nothing at the start: a server that nobody approved is a mistake in the file, and not of the server.
    const servers = await Promise.all(policy.servers.map((server) => prepare(context.home, policy, server, telling.note)))
    const fleet = { ...telling, servers, version: readVersion() }
    if (options.listen !== undefined) return await serveUntilStopped(context, await runHttpFleet({ ...fleet, ...parseListen(options.listen) }))
    await runFleetGateway({ ...fleet, input: process.stdin, output: process.stdout, signal: context.signal })
  })
  return EXIT.ok
}

async function prepare(home: string, policy: GatewayPolicy, { name, address, env, headers }: FleetServer, note: (text: string) => void) {
  try {
    const header = Object.entries(headers).map(([header, variable]) => `${header}=${variable}`)
    const target = 'url' in address ? serverTarget([], { url: address.url, header }) : serverTarget([address.command, ...address.args], {})
    const held = await holdServer(home, target, {}, policy, (text) => note(`${name}: ${text}`))
    return { name, target: 'url' in target ? target : { ...target, env: readEnvironment({ env: [...env] }) }, ...held }
  } catch (thrown) {
    const error = toSealstoneError(thrown)
    throw new SealstoneError(error.code, `the MCP server ${name}: ${error.message}`, { cause: error, hint: error.hint })
  }
}

const MOST_WARNINGS = 20
