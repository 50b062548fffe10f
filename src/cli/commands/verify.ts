/** sealstone verify: offline. Loads neither gRPC nor the daemon. */
import { join } from 'node:path'
import { verifyModelFiles } from '#client/offline'
import { defined } from '#core'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { openCache } from '../digest-cache.ts'
import { type ProgressForm, trackProgress } from '../progress.ts'
import { type TrustOptions, trustSource } from './trust-source.ts'
import { printVerdict } from './verdict.ts'

type VerifyOptions = TrustOptions & {
  signature?: string
  hybridSignature?: string
  require?: 'hybrid' | 'classical'
  requireProtection?: 'token' | 'hsm'
  ignore?: string[]
  ignoreUnsignedFiles?: boolean
  allowSymlinks?: boolean
  progress?: ProgressForm
  cached?: boolean
}

export async function run({ output, home, signal }: CommandContext, operands: readonly string[], options: VerifyOptions): Promise<ExitStatus> {
  const [model = ''] = operands
  using progress = trackProgress(output, 'hashing', options.progress)
  using cache = await openCache(home, output, options.cached)
  const verdict = await verifyModelFiles({
    path: model,
    trust: trustSource(home, options),
    trustMemory: join(home, 'trust-used'),
    ...(options.signature === undefined ? {} : { signature: options.signature }),
    ...(options.hybridSignature === undefined ? {} : { hybridSignature: options.hybridSignature }),
    ...(options.require === undefined ? {} : { require: options.require }),
    ...(options.requireProtection === undefined ? {} : { requireProtection: options.requireProtection }),
    ...(options.ignore === undefined ? {} : { ignorePaths: options.ignore }),
    ignoreUnsignedFiles: options.ignoreUnsignedFiles === true,
    allowSymlinks: options.allowSymlinks === true,
    signal,
    onProgress: progress.report,
    ...defined({ cache }),
  })
  progress.stop()
  printVerdict(output, model, verdict)
  return verdict.ok ? EXIT.ok : EXIT.failed
}
