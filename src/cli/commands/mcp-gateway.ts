/** sealstone mcp gateway. Standard output belongs to the protocol, unless it listens. */
import { once } from 'node:events'
import { SealstoneError } from '#core'
import { runHttpGateway, runStdioGateway } from '#gateway'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import type { ConnectionOptions } from '../connection.ts'
import { holdServer, type HoldOptions, readPolicy } from './hold-server.ts'
import { parseListen } from './listen-address.ts'
import { readEnvironment, type ServerOptions, serverTarget } from './mcp-target.ts'
import { reportDecisions } from './report-decisions.ts'

type Options = ConnectionOptions & ServerOptions & HoldOptions & { listen?: string }

export async function run(context: CommandContext, operands: readonly string[], options: Options): Promise<ExitStatus> {
  const { output, home, signal } = context
  const { listen } = options
  const policy = await readPolicy(options)
  if (policy !== undefined && operands.length === 0 && options.url === undefined) {
    if (listen !== undefined)
      throw new SealstoneError('USAGE', '--listen needs --url', { hint: 'before all servers of a policy file there is standard input and output' })
    return await (await import('./mcp-fleet.ts')).runFleet(context, policy, options)
  }
  const target = serverTarget(operands, options)
  await reportDecisions(context, options, async (telling) => {
    const held = await holdServer(home, target, options, policy, telling.note)
    if (listen === undefined) {
      const env = 'url' in target ? {} : { env: readEnvironment(options) }
      return await runStdioGateway({ ...held, ...telling, target: { ...target, ...env }, input: process.stdin, output: process.stdout, signal })
    }
    if (!('url' in target))
      throw new SealstoneError('USAGE', '--listen needs --url', { hint: 'a server that is a command is for hosts on standard input and output' })
    await using gateway = await runHttpGateway({ ...held, report: telling.report, target, ...parseListen(listen) })
    if (output.json) output.record({ url: gateway.url })
    else output.line(gateway.url)
    if (!signal.aborted) await once(signal, 'abort')
  })
  return EXIT.ok
}
