/** sealstone mcp gateway. Standard output belongs to the protocol. gRPC is loaded only when there is a decision to report. */
import { join } from 'node:path'
import { DecisionQueue, runStdioGateway } from '#gateway'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { type ConnectionOptions, openClient } from '../connection.ts'
import { visible } from '../text.ts'
import { holdServer, type HoldOptions, readPolicy } from './hold-server.ts'
import { readEnvironment, type ServerOptions, serverTarget } from './mcp-target.ts'

type Options = ConnectionOptions & ServerOptions & HoldOptions

export async function run(context: CommandContext, operands: readonly string[], options: Options): Promise<ExitStatus> {
  const { output, home, signal } = context
  const policy = await readPolicy(options)
  if (policy !== undefined && operands.length === 0 && options.url === undefined)
    return await (await import('./mcp-fleet.ts')).runFleet(context, policy, options)
  const target = serverTarget(operands, options)
  const note = (text: string): void => output.note(visible(text))
  const decisions = new DecisionQueue({ folder: join(home, 'decisions'), connect: () => openClient(home, options), note })
  try {
    const held = await holdServer(home, target, options, policy, note)
    await runStdioGateway({
      target: { ...target, ...('url' in target ? {} : { env: readEnvironment(options) }) },
      ...held,
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

/** For the decisions of the last moment; what the daemon does not take by then is kept in a file. */
const LAST_DECISIONS_MS = 1000
