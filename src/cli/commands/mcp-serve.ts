/** sealstone mcp serve. Standard output belongs to the protocol. */
import { once } from 'node:events'
import { join } from 'node:path'
import { type McpOptions, serveMcpHttp, serveMcpStdio } from '#mcp'
import { cutText, defined, SealstoneError } from '#core'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { type ConnectionOptions, openClient } from '../connection.ts'
import type { Output } from '../output.ts'
import { visible } from '../text.ts'
import { readVersion } from '../version.ts'
import { parseListen } from './listen-address.ts'
import { recordDecisions } from './run-decisions.ts'
import { type TrustOptions, trustSource } from './trust-source.ts'

type SigningOptions = { listen?: string; root?: string[]; allowSigning?: true; signingKey?: string[]; signingRoot?: string[] }

type PreparingOptions = ConnectionOptions & {
  listen?: string
  root?: string[]
  allowPreparing?: true
  guard?: NonNullable<McpOptions['preparing']>['guard'] & string
  guardDir?: string
  copyLimit?: number
  requireLog?: true
}

type McpServeOptions = PreparingOptions &
  TrustOptions &
  SigningOptions & { listen?: string; root?: string[]; require?: 'hybrid' | 'classical'; requireProtection?: 'token' | 'hsm'; hashTimeout?: number }

export async function run({ output, home, signal }: CommandContext, _operands: readonly string[], options: McpServeOptions): Promise<ExitStatus> {
  const { require, requireProtection, root = [], hashTimeout = 600 } = options
  const served: McpOptions = {
    version: readVersion(),
    roots: root,
    trust: trustSource(home, options),
    trustMemory: join(home, 'trust-used'),
    hashSeconds: hashTimeout,
    connect: () => openClient(home, options),
    ...defined({ require, requireProtection, signing: readSigning(options), preparing: readPreparing(output, home, options) }),
  }
  const onFault = (fault: Error): void => output.warn(visible(cutText(fault.message, LONGEST_WARNING)))
  if (process.stdin.isTTY && options.listen === undefined)
    output.note('a host starts this and talks to it on standard input; see docs/mcp.md, end with Ctrl-D')
  if (options.listen === undefined) await serveMcpStdio(served, { signal, onFault })
  else await listen(served, parseListen(options.listen), { output, signal, onFault })
  return EXIT.ok
}

/** Until SIGINT or SIGTERM. */
async function listen(
  served: McpOptions,
  address: { host: string; port: number },
  { output, signal, onFault }: Pick<CommandContext, 'output' | 'signal'> & { onFault: (fault: Error) => void },
): Promise<void> {
  await using server = await serveMcpHttp(served, { ...address, onFault })
  if (output.json) output.record({ url: server.url })
  else output.line(server.url)
  if (!signal.aborted) await once(signal, 'abort')
}

function readSigning({ listen: address, root = [], allowSigning, signingKey = [], signingRoot = root }: SigningOptions): McpOptions['signing'] {
  if (allowSigning !== true) {
    if (signingKey.length > 0 || signingRoot !== root) throw new SealstoneError('USAGE', '--signing-key and --signing-root want --allow-signing')
    return undefined
  }
  // Whoever connects to a port could ask, and answer for the person.
  if (address !== undefined) throw new SealstoneError('USAGE', '--allow-signing and --listen exclude each other', { hint: 'let the host start it' })
  if (signingKey.length === 0 || signingRoot.length === 0) {
    throw new SealstoneError('USAGE', '--allow-signing wants --signing-key, and --root or --signing-root', {
      hint: 'name the keys and directories that may be used',
    })
  }
  return { keys: signingKey, roots: signingRoot }
}

function readPreparing(output: Output, home: string, options: PreparingOptions): McpOptions['preparing'] {
  const { listen: address, root = [], allowPreparing, guard, guardDir, copyLimit, requireLog } = options
  if (allowPreparing !== true) {
    if ((guard ?? guardDir ?? copyLimit ?? requireLog) === undefined) return undefined
    throw new SealstoneError('USAGE', '--guard, --guard-dir, --copy-limit and --require-log want --allow-preparing')
  }
  // What is prepared is kept for one host, and over HTTP nothing tells when it has gone.
  if (address !== undefined) throw new SealstoneError('USAGE', '--allow-preparing and --listen exclude each other', { hint: 'let the host start it' })
  if (root.length === 0) throw new SealstoneError('USAGE', '--allow-preparing wants --root', { hint: 'name the directories of the models' })
  return {
    guardFolder: guardDir ?? join(home, 'run'),
    ...defined({ guard, copyLimitBytes: copyLimit }),
    // That nothing was prepared is no reason to fail in another way.
    record: (decision) =>
      recordDecisions(output, home, { ...options, requireLog: requireLog === true && decision.decision === 'allowed' }, [decision]),
  }
}

const LONGEST_WARNING = 500
