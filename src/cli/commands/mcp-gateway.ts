/** sealstone mcp gateway. Standard output belongs to the protocol. gRPC is loaded only when there is a decision to report. */
import { join } from 'node:path'
import { defined, SealstoneError } from '#core'
import { DecisionQueue, type Mode, runStdioGateway } from '#gateway'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { type ConnectionOptions, openClient } from '../connection.ts'
import { visible } from '../text.ts'
import { findApproval } from './find-approval.ts'
import { pinTarget, readEnvironment, type ServerOptions, serverTarget } from './mcp-target.ts'
import { type TrustOptions, trustSource } from './trust-source.ts'

type Options = ConnectionOptions &
  TrustOptions &
  ServerOptions & { manifest?: string; mode?: Mode; require?: 'hybrid' | 'classical'; requireProtection?: 'token' | 'hsm' }

export async function run({ output, home, signal }: CommandContext, operands: readonly string[], options: Options): Promise<ExitStatus> {
  const { mode = 'enforce' } = options
  const target = serverTarget(operands, options)
  const note = (text: string): void => output.note(visible(text))
  const decisions = new DecisionQueue({ folder: join(home, 'decisions'), connect: () => openClient(home, options), note })
  try {
    const { manifest, require, requireProtection } = options
    const question = { manifest, target: pinTarget(target), trust: trustSource(home, options), require, requireProtection }
    const approval = mode === 'off' ? undefined : await findApproval(home, question)
    if (approval === undefined && mode === 'enforce') throw new SealstoneError('MCP_UNAPPROVED')
    if (approval === undefined && mode === 'warn') note('nothing says what this MCP server may offer, so nothing is compared')
    await runStdioGateway({
      target: { ...target, ...('url' in target ? {} : { env: readEnvironment(options) }) },
      mode,
      ...defined({ approval }),
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
