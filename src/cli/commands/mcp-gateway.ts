/** sealstone mcp gateway. Standard output belongs to the protocol. gRPC is loaded only when there is a decision to report. */
import { once } from 'node:events'
import { join } from 'node:path'
import { SealstoneError } from '#core'
import { DecisionQueue, type GatewayDecision, runHttpGateway, runStdioGateway } from '#gateway'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { type ConnectionOptions, openClient } from '../connection.ts'
import { visible } from '../text.ts'
import { holdServer, type HoldOptions, readPolicy } from './hold-server.ts'
import { parseListen } from './listen-address.ts'
import { readEnvironment, type ServerOptions, serverTarget } from './mcp-target.ts'

type Options = ConnectionOptions & ServerOptions & HoldOptions & { listen?: string }

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
    const report = (decision: GatewayDecision): void => {
      if (decision.decision !== 'allowed') note(`${decision.decision}: ${decision.subject}: ${decision.reason ?? ''}`)
      decisions.add(decision)
    }
    if (options.listen === undefined) {
      const env = 'url' in target ? {} : { env: readEnvironment(options) }
      const onErrorLine = (line: string): void => output.rawError(`${line}\n`)
      await runStdioGateway({
        ...held,
        report,
        target: { ...target, ...env },
        input: process.stdin,
        output: process.stdout,
        onErrorLine,
        note,
        signal,
      })
    } else {
      if (!('url' in target))
        throw new SealstoneError('USAGE', '--listen needs --url', { hint: 'a server that is a command is for hosts on standard input and output' })
      await using gateway = await runHttpGateway({ ...held, report, target, ...parseListen(options.listen) })
      if (output.json) output.record({ url: gateway.url })
      else output.line(gateway.url)
      if (!signal.aborted) await once(signal, 'abort')
    }
    return EXIT.ok
  } finally {
    await decisions.close(LAST_DECISIONS_MS)
  }
}

/** For the decisions of the last moment; what the daemon does not take by then is kept in a file. */
const LAST_DECISIONS_MS = 1000
