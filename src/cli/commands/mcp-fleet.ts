/** sealstone mcp gateway before all servers of a policy file. Standard output belongs to the protocol. */
import { join } from 'node:path'
import { SealstoneError, toSealstoneError } from '#core'
import { DecisionQueue, type FleetServer, type GatewayPolicy, runFleetGateway } from '#gateway'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { type ConnectionOptions, openClient } from '../connection.ts'
import { visible } from '../text.ts'
import { readVersion } from '../version.ts'
import { holdServer } from './hold-server.ts'
import { readEnvironment, serverTarget } from './mcp-target.ts'

export async function runFleet({ output, home, signal }: CommandContext, policy: GatewayPolicy, options: ConnectionOptions): Promise<ExitStatus> {
  if (policy.servers.length === 0)
    throw new SealstoneError('USAGE', 'the policy file names no servers, and neither does the command line', {
      hint: 'add a table [servers.NAME], or put the command of one server after --',
    })
  const note = (text: string): void => output.note(visible(text))
  // All or nothing at the start: a server that nobody approved is a mistake in the file, and not of the server.
  const servers = await Promise.all(policy.servers.map((server) => prepare(home, policy, server, note)))
  const decisions = new DecisionQueue({ folder: join(home, 'decisions'), connect: () => openClient(home, options), note })
  try {
    await runFleetGateway({
      servers,
      version: readVersion(),
      report: (decision) => {
        if (decision.decision !== 'allowed') note(`${decision.decision}: ${decision.subject}: ${decision.reason ?? ''}`)
        decisions.add(decision)
      },
      input: process.stdin,
      output: process.stdout,
      onErrorLine: (line) => output.rawError(`${line}\n`),
      note,
      signal,
    })
    return EXIT.ok
  } finally {
    await decisions.close(LAST_DECISIONS_MS)
  }
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

const LAST_DECISIONS_MS = 1000
