/** sealstone mcp serve. Standard output belongs to the protocol. */
import { join } from 'node:path'
import { type McpOptions, serveMcpStdio } from '#mcp'
import { defined } from '#core'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { type ConnectionOptions, openClient } from '../connection.ts'
import { visible } from '../text.ts'
import { readVersion } from '../version.ts'
import { type TrustOptions, trustSource } from './trust-source.ts'

type McpServeOptions = ConnectionOptions &
  TrustOptions & { root?: string[]; require?: 'hybrid' | 'classical'; requireProtection?: 'token' | 'hsm'; hashTimeout?: number }

export async function run({ output, home, signal }: CommandContext, _operands: readonly string[], options: McpServeOptions): Promise<ExitStatus> {
  const { require, requireProtection, root = [], hashTimeout = 600 } = options
  const served: McpOptions = {
    version: readVersion(),
    roots: root,
    trust: trustSource(home, options),
    trustMemory: join(home, 'trust-used'),
    hashSeconds: hashTimeout,
    connect: () => openClient(home, options),
    ...defined({ require, requireProtection }),
  }
  await serveMcpStdio(served, { signal, onFault: (fault) => output.warn(visible(fault.message)) })
  return EXIT.ok
}
