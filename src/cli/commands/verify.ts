/** sealstone verify: offline. Loads neither gRPC nor the daemon. */
import { verifyModelFiles } from '#client/offline'
import { defined } from '#core'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { openCache } from '../digest-cache.ts'
import { type ProgressForm, trackProgress } from '../progress.ts'
import { printVerdict } from './verdict.ts'
import { type VerifyOptions, verifyOptions } from './verify-options.ts'

type Options = VerifyOptions & { progress?: ProgressForm; cached?: boolean }

export async function run({ output, home, signal }: CommandContext, operands: readonly string[], options: Options): Promise<ExitStatus> {
  const [model = ''] = operands
  using progress = trackProgress(output, 'hashing', options.progress)
  using cache = await openCache(home, output, options.cached)
  const verdict = await verifyModelFiles({
    path: model,
    ...verifyOptions(home, options),
    signal,
    onProgress: progress.report,
    ...defined({ cache }),
  })
  progress.stop()
  printVerdict(output, model, verdict)
  return verdict.ok ? EXIT.ok : EXIT.failed
}
