/** sealstone mcp verify-artifact: offline. Loads no gRPC. */
import { join } from 'node:path'
import { verifyArtifact } from '#artifacts'
import { defined } from '#core'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { visible } from '../text.ts'
import { KIND_NAMES } from './artifact-kinds.ts'
import { type TrustOptions, trustSource } from './trust-source.ts'
import { printVerdict } from './verdict.ts'

type VerifyArtifactOptions = TrustOptions & { hybridSignature?: string; require?: 'hybrid' | 'classical'; requireProtection?: 'token' | 'hsm' }

export async function run(
  { output, home, signal }: CommandContext,
  operands: readonly string[],
  options: VerifyArtifactOptions,
): Promise<ExitStatus> {
  const [path = ''] = operands
  const { hybridSignature, require, requireProtection } = options
  const { kind, name, version, verdict } = await verifyArtifact(path, {
    trust: trustSource(home, options),
    trustMemory: join(home, 'trust-used'),
    signal,
    ...defined({ hybridSignature, require, requireProtection }),
  })
  const told = { ...verdict, kind, ...defined({ name, version }) }
  printVerdict(output, path, told)
  if (!output.json && name !== undefined)
    output.line(`  ${KIND_NAMES[kind].padEnd(16)}  ${visible(version === undefined ? name : `${name} ${version}`)}`)
  return verdict.ok ? EXIT.ok : EXIT.failed
}
